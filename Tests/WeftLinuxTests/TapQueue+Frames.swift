import Glibc
import WeftLinux
import WeftTypes

/// Whole frames as arrays, for tests: copies everything, which the packet path never does.
extension TapQueue {
    borrowing func transmit(_ frame: [UInt8]) -> TransferResult {
        var frame = frame
        return unsafe frame.withUnsafeMutableBytes { bytes in
            var slice = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
            return unsafe withUnsafeMutablePointer(to: &slice) {
                unsafe transmit(UnsafeMutableBufferPointer(start: $0, count: 1))
            }
        }
    }

    borrowing func receive(into byteCount: Int) -> TransferResult {
        var frame = [UInt8](repeating: 0, count: byteCount)
        return receive(into: &frame)
    }

    borrowing func receive(into frame: inout [UInt8]) -> TransferResult {
        unsafe frame.withUnsafeMutableBytes { bytes in
            var slice = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
            return unsafe withUnsafeMutablePointer(to: &slice) { unsafe receive(UnsafeMutableBufferPointer(start: $0, count: 1)) }
        }
    }

    /// Reads frames for up to two seconds until one fits.
    borrowing func receiveFrame(where fits: (ArraySlice<UInt8>) -> Bool) throws -> ArraySlice<UInt8>? {
        var poller = try Poller()
        try poller.add(rawValue, token: 1)
        let deadline = MonotonicClock.now().advanced(by: .seconds(2))
        while MonotonicClock.now() < deadline {
            guard poller.wait(timeout: .milliseconds(100)) == .transferred(1) else { continue }
            var frame = [UInt8](repeating: 0, count: 65600)
            guard case .transferred(let count) = receive(into: &frame) else { continue }
            if fits(frame.prefix(count)) { return frame.prefix(count) }
        }
        return nil
    }
}
