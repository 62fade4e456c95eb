import WeftLinux
import WeftSealing
import WeftTypes

/// A socket of the gossip port on one underlay address, as an object: several threads send by it.
final class GossipLine: Sendable {
    let socket: UDPSocket

    /// Opens the socket.
    ///
    /// - Throws: ``LinuxError`` `.bindSocket` when the address is missing or the port is taken.
    init(address: IPAddress, udpPort: UInt16) throws(LinuxError) {
        var options = UDPSocketOptions(address: address, port: .fixed(udpPort))
        options.receiveBufferByteCount = 4 << 20
        options.sendBufferByteCount = 4 << 20
        socket = try UDPSocket.open(options)
    }

    /// The family it sends to.
    var family: IPAddress.Family { socket.local.address.family }

    /// The next datagram that waits; one that is too long is handed on with a byte too many, so that it is refused as such.
    ///
    /// An error that ICMP left on the socket concerns one datagram that was sent, and is passed over.
    func receive() -> (bytes: [UInt8], from: GossipAddress)? {
        for _ in 0..<Self.errorLimit {
            switch socket.receive(upTo: Envelope.maximumByteCount + 1) {
            case .received(let bytes, let source?):
                return (bytes, GossipAddress(address: source.address, udpPort: source.udpPort))
            case .received(_, nil), .failed: continue
            case .nothing: return nil
            }
        }
        return nil
    }

    /// How many errors are taken off a socket before it is left for the next time.
    private static var errorLimit: Int { 16 }

    /// Sends a datagram; the errno when that failed, `EAGAIN` when the buffer is full.
    func send(_ bytes: [UInt8], to address: GossipAddress) -> Int32? {
        // Bytes have no padding: all of them are initialised.
        switch unsafe socket.transmit(bytes.span.bytes, to: VTEP(address: address.address, udpPort: address.udpPort)) {
        case .transferred: nil
        case .wouldBlock: 11  // EAGAIN
        case .failed(let error): error
        }
    }
}
