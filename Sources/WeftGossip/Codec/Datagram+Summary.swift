extension GossipNode {
    /// The parts of a datagram's plaintext in one line, such as `ping 4, digest 8, root 8`; for traces, not for deciding.
    public static func summary(of bytes: [UInt8]) -> String {
        do throws(GossipFormatError) {
            let datagram = try Datagram(parsing: bytes)
            let parts = datagram.parts.map { part in
                switch part.type {
                case .membership(let type): "\(type) \(part.body.remaining)"
                case .state(let type): "\(type) \(part.body.remaining)"
                case .content(let type): "\(type) \(part.body.remaining)"
                }
            }
            let skipped = datagram.skippedCount > 0 ? ["\(datagram.skippedCount) skipped"] : []
            return "\(datagram.incarnation) " + (parts + skipped).joined(separator: ", ")
        } catch {
            return "unreadable, \(bytes.count) bytes: \(error)"
        }
    }
}
