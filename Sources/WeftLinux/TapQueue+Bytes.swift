import Glibc

/// Frames in arrays, for those who pass on bytes and no offloads.
extension TapQueue {
    /// Opens the only queue of the persistent TAP `name` without a virtio-net header, and has the kernel do for each frame what offloads
    /// leave undone: frames are cut to the device's MTU and have their checksums.
    ///
    /// - Throws: ``LinuxError`` `.adoptTAP`, with `ENODEV` while there is no such device, `EBUSY` when another program holds the queue.
    package static func openPlain(_ name: String) throws(LinuxError) -> TapQueue {
        let queue = try TapDevice.open(
            name: name, options: TapOptions(isMultiQueue: false, hasVirtioNetHeader: false), existence: .adopt)
        // One that was removed at the wrong moment was made anew by being opened, and goes with the descriptor.
        guard try queue.facts().isPersistent else { throw LinuxError(.adoptTAP, name, errno: ENODEV) }
        try queue.setOffloads([])
        return queue
    }

    /// Reads one frame into a part of `bytes`; a longer one is cut.
    package borrowing func receive(into bytes: inout [UInt8], in range: Range<Int>) -> TransferResult {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "\(range) of \(bytes.count) bytes")
        let number = rawValue
        return unsafe bytes.withUnsafeMutableBytes { buffer in
            // Sound: the range lies within the bytes, and the kernel writes no more than its length.
            let place = unsafe buffer.baseAddress.map { unsafe $0 + range.lowerBound }
            return transfer { unsafe read(number, place, range.count) }
        }
    }

    /// Writes the frame that a part of `bytes` is.
    package borrowing func transmit(_ bytes: [UInt8], in range: Range<Int>) -> TransferResult {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "\(range) of \(bytes.count) bytes")
        let number = rawValue
        return unsafe bytes.withUnsafeBytes { buffer in
            // Sound: the range lies within the bytes.
            let place = unsafe buffer.baseAddress.map { unsafe $0 + range.lowerBound }
            return transfer { unsafe write(number, place, range.count) }
        }
    }
}
