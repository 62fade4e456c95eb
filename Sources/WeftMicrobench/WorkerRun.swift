import CWeftAllocations
import CWeftLinux
import Glibc
import WeftDataPlane
import WeftForwarding
import WeftLinux
import WeftTypes
import WeftWire

/// Why something could not be measured.
struct Failure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// Two whole data planes in namespaces, each with a TAP, and frames from one to the other: what the workers take from the heap.
///
/// The namespaces go with the value.
struct WorkerRun: ~Copyable {
    private let names: [String]
    private var planes: [DataPlane] = []

    static let isPossible = unsafe geteuid() == 0 && access("/dev/net/tun", R_OK | W_OK) == 0

    init() throws {
        names = ["alpha", "bravo"].map { "wftmicro\(getpid())-\($0)" }
        for name in names { _ = try NetworkNamespace.create(name) }
        try Self.ip(names[0], "link add under type veth peer name under netns \(names[1])")
        for (index, name) in names.enumerated() {
            try Self.ip(name, "address add 192.0.2.\(11 + index)/24 dev under")
            try Self.ip(name, "link set under up")
        }
        for index in names.indices { planes.append(try Self.plane(index, in: names[index])) }
        for name in names {
            try Self.ip(name, "link set port addrgenmode none")
            try Self.ip(name, "link set port up")
        }
    }

    deinit {
        for plane in planes { plane.stop() }
        for name in names { try? NetworkNamespace.delete(name) }
    }

    private static func ip(_ namespace: String, _ words: String) throws {
        let command = Command("ip", words.split(separator: " ").map(String.init), in: .named(namespace))
        let outcome = try command.run(timeout: .seconds(20))
        guard outcome.isSuccess else { throw Failure("cannot run \(command): \(outcome.standardError)") }
    }

    private static func address(_ index: Int) -> IPAddress { .v4(IPv4Address(rawValue: 0xC000_020B + UInt32(index))) }

    private static func plane(_ index: Int, in namespace: String) throws -> DataPlane {
        let plane = try NetworkNamespace.named(namespace).run {
            var configuration = DataPlaneConfiguration(addresses: [address(index)], workerCount: 1)
            configuration.pathDiscovery = nil  // a thread beside the workers, which takes from the heap by time, not by frames
            let plane = try DataPlane(configuration)
            try plane.attach(Samples.port, queue: try TapDevice.open(name: "port", options: TapOptions()))
            return plane
        }
        let peer = PeerIndex(0)
        let fabric = FabricDescription(
            segments: [
                SegmentDescription(
                    index: Samples.segment, vni: Samples.vni, name: "blue", mtu: Samples.mtu, members: [peer])
            ],
            ports: [PortDescription(index: Samples.port, name: "blue", segment: Samples.segment)],
            peers: [PeerDescription(index: peer, name: "other", vtep: VTEP(address: address(1 - index)), kind: .staticAgent)])
        let guests = [Samples.here, Samples.there]
        plane.configure(
            fabric,
            stations: guests.indices.map { guest in
                Directory.Station(
                    key: FDBKey(Samples.segment, guests[guest]),
                    location: guest == index ? .port(Samples.port) : .peer(peer))
            })
        try plane.start()
        return plane
    }

    /// Lets the guest of the first send `count` frames, and tells what was taken from the heap for each that arrived.
    func allocations(_ name: String, of sample: SampleFrame, segmentSize: Int = 0, count: Int) throws -> Figure {
        let socket = try NetworkNamespace.named(names[0]).run { try PacketSocket.open(interface: "port") }
        var frame = [UInt8](repeating: 0, count: VirtioNetHeader.byteCount)
        frame.withMutableRawBytes { sample.offload(segmentSize: segmentSize).emit(into: &$0) }
        frame += sample.bytes
        Self.send(frame, 1000, to: socket.rawValue)  // until all has been touched once
        usleep(200_000)
        let arrivedBefore = planes[1].counters().total.delivered
        let before = weft_allocation_count()
        Self.send(frame, count, to: socket.rawValue)
        usleep(200_000)
        let allocations = weft_allocation_count() - before
        let arrived = planes[1].counters().total.delivered - arrivedBefore
        guard arrived >= UInt64(count) / 2 else { throw Failure("\(arrived) of \(count) frames arrived (\(name))") }
        return Figure(
            name: "workers, \(name): allocations of \(arrived) frames", value: Double(allocations), unit: "",
            limit: Double(arrived) / 10_000)
    }

    /// Lets the guest of the first ask `count` times for an address of the other's, and tells what was taken from the heap for each
    /// answer.
    func answers(count: Int) throws -> Figure {
        guard case .v4(let target) = Samples.binding(0).address else { throw Failure("the sample has no IPv4 address") }
        planes[0].setBindings([BindingChange(Samples.segment, .v4(target), Binding(mac: Samples.there))])
        let socket = try NetworkNamespace.named(names[0]).run { try PacketSocket.open(interface: "port") }
        var frame = [UInt8](repeating: 0, count: VirtioNetHeader.byteCount)
        frame += Samples.question(for: target)
        Self.send(frame, 1000, to: socket.rawValue)
        usleep(200_000)
        let answeredBefore = planes[0].counters().total.answered
        let before = weft_allocation_count()
        Self.send(frame, count, to: socket.rawValue)
        usleep(200_000)
        let allocations = weft_allocation_count() - before
        let answered = planes[0].counters().total.answered - answeredBefore
        guard answered >= UInt64(count) / 2 else { throw Failure("\(answered) of \(count) questions were answered") }
        return Figure(
            name: "workers, ARP: allocations of \(answered) answers", value: Double(allocations), unit: "",
            limit: Double(answered) / 10_000)
    }

    private static func send(_ frame: [UInt8], _ count: Int, to descriptor: Int32) {
        unsafe frame.withUnsafeBytes { bytes in
            for number in 0..<count {
                _ = unsafe write(descriptor, bytes.baseAddress, bytes.count)
                if number % 16 == 15 { usleep(100) }
            }
        }
    }
}
