import Glibc
import WeftLinux

/// A running capture of a device, by dumpcap, into a file.
final class Capture {
    /// The file.
    let path: String
    private let program: RunningProgram

    /// Starts to capture; returns when packets are being taken.
    ///
    /// - Parameter filter: In the words of pcap-filter(7).
    init(on device: String = "eth0", of place: Place, to path: String, filter: String = "") throws {
        self.path = path
        let words = ["dumpcap", "-q", "-i", device, "-s", "0", "-B", "32", "-w", path] + (filter.isEmpty ? [] : ["-f", filter])
        program = try place.start(words)
        try program.waitUntilSaid("File: ")
    }

    /// Ends the capture.
    ///
    /// - Throws: ``Failure`` when packets were lost by it: then it proves nothing.
    func stop() throws {
        usleep(300_000)  // what was sent last may still be on its way to the file
        try program.stop(SIGINT)
        let said = program.said()
        guard said.contains("/0 (pcap:0/dumpcap:0") else { throw Failure("dumpcap lost packets: \(said)") }
    }
}

/// What tshark reads from a file, with all checksums verified.
struct Dissector {
    /// The capture.
    let path: String
    /// What is decoded as VXLAN.
    var udpPort = 4789

    /// One packet: for each field asked for, its values from the outermost header in.
    typealias Packet = [String: [Substring]]

    /// The packets that a display filter lets through.
    func packets(_ filter: String, fields: [String]) throws -> [Packet] {
        let checks = ["ip", "udp", "tcp"].flatMap { ["-o", "\($0).check_checksum:TRUE"] }
        let form = ["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=,"]
        let command = Command(
            "tshark",
            ["-n", "-r", path, "-d", "udp.port==\(udpPort),vxlan", "-Y", filter] + checks + form
                + fields.flatMap { ["-e", $0] })
        let outcome = try command.run(timeout: .seconds(120), limit: 256 << 20)
        guard outcome.isSuccess else { throw Failure("\(command): \(outcome.status)\n\(outcome.standardError)") }
        return outcome.standardOutput.split(separator: "\n").map { line in
            let values = line.split(separator: "\t", omittingEmptySubsequences: false).map { $0.split(separator: ",") }
            return Dictionary(zip(fields, values)) { first, _ in first }
        }
    }
}
