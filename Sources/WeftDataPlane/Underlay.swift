import WeftLinux
import WeftTypes

/// A socket that several threads may hold.
final class SharedSocket: Sendable {
    let socket: UDPSocket

    init(_ socket: consuming UDPSocket) { self.socket = socket }
}

/// The sockets of one address family: some to receive on per worker, and a set to send from that all workers share.
///
/// The set gives an agent its source ports (X3): a flow's hash chooses one, whatever worker has the flow, so a flow keeps its
/// port.
struct Underlay: Sendable {
    let address: IPAddress
    let receivers: [SharedSocket]
    let transmitters: [SharedSocket]
    /// Datagrams that one `UDP_SEGMENT` send may have; 1 when the kernel has none.
    let segmentLimit: Int
    let mergesReceived: Bool

    /// Opens the sockets of `address`: ``Worker/laneCount`` to receive on for each worker, among which the kernel spreads flows
    /// by their source addresses and ports.
    static func open(
        _ address: IPAddress, configuration: DataPlaneConfiguration, workerCount: Int
    ) throws(LinuxError) -> Underlay {
        var receivers: [SharedSocket] = []
        for _ in 0..<workerCount * Worker.laneCount {
            var options = UDPSocketOptions(address: address, port: .fixed(configuration.udpPort))
            options.sharesPort = true
            options.mergesReceived = configuration.mergesReceived
            options.wantsPacketInfo = true
            options.receiveBufferByteCount = 8 << 20
            receivers.append(SharedSocket(try UDPSocket.open(options)))
        }
        var transmitters: [SharedSocket] = []
        for _ in 0..<max(1, configuration.sourcePortCount) {
            var options = UDPSocketOptions(address: address, port: .ephemeral)
            options.dropsEverythingReceived = true
            options.sendBufferByteCount = 8 << 20
            transmitters.append(SharedSocket(try UDPSocket.open(options)))
        }
        let segments = configuration.segmentsDatagrams ? transmitters.first?.socket.probeSegmentation() ?? 0 : 0
        return Underlay(
            address: address, receivers: receivers, transmitters: transmitters,
            segmentLimit: min(max(1, segments), Transmitter.segmentLimit), mergesReceived: configuration.mergesReceived)
    }
}
