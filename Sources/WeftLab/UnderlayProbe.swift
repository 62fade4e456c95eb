import CWeftLinux
import Glibc
import WeftLinux
import WeftTypes

/// Asks whether an underlay address answers.
///
/// A datagram to a port where nobody listens comes back as "port unreachable", which a connected socket gets to know as
/// `ECONNREFUSED`: no raw socket and no program is needed.
enum UnderlayProbe {
    /// The discard port (RFC 863).
    private static var port: UInt16 { 9 }

    /// Checks every address of every host from the host before it, so that each passes the router; nil when all answer,
    /// else the first pair that does not.
    static func firstSilent(
        _ hosts: [LabHost], layout: LabLayout, patience: Duration, interruption: Interruption
    ) throws(LabError) -> (from: String, to: IPAddress)? {
        let attempt = "reach the hosts of lab '\(layout.lab)'"
        for (position, host) in hosts.enumerated() {
            let source = hosts[(position + hosts.count - 1) % hosts.count]
            for address in host.addresses {
                guard source.addresses.contains(where: { $0.family == address.family }) else { continue }
                let deadline = MonotonicClock.now().advanced(by: patience)
                while true {
                    try interruption.check(attempt)
                    let answers = try LabError.wrapping(attempt) {
                        try NetworkNamespace.named(layout.hostNamespace(source.name)).run { Self.answers(address) }
                    }
                    if answers { break }
                    if MonotonicClock.now() > deadline { return (source.name, address) }
                }
            }
        }
        return nil
    }

    /// Sends one datagram from the calling thread's namespace and waits up to 250 ms.
    private static func answers(_ address: IPAddress) -> Bool {
        let family = address.family == .v4 ? AF_INET : AF_INET6
        let number = socket(family, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return false }
        let descriptor = Descriptor(owning: number)
        let connected = unsafe withUnsafeTemporaryAllocation(byteCount: SocketAddress.byteCount, alignment: 8) { memory in
            // Sound: the memory holds an address of either family, and its length goes with it.
            guard let start = memory.baseAddress else { return false }
            let length = unsafe SocketAddress.write(VTEP(address: address, udpPort: port), to: start)
            return unsafe connect(descriptor.rawValue, start.assumingMemoryBound(to: sockaddr.self), length) == 0
        }
        guard connected else { return false }
        var byte: UInt8 = 0
        guard unsafe send(descriptor.rawValue, &byte, 1, Int32(MSG_NOSIGNAL)) == 1 else { return errno == ECONNREFUSED }
        var ready = PollSet()
        _ = ready.add(descriptor.rawValue)
        ready.wait(milliseconds: 250)
        let received = unsafe recv(descriptor.rawValue, &byte, 1, Int32(MSG_DONTWAIT))
        return received < 0 && errno == ECONNREFUSED
    }
}
