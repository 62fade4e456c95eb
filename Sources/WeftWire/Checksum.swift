import WeftTypes

/// The Internet checksum: the complement of a ones' complement sum of 16-bit words (RFC 1071).
///
/// A *sum* here is a `UInt64` that means nothing by itself: words are added as the machine loads them, without regard to
/// byte order (RFC 1071 §2 B), and reduced at the end by ``fold(_:)``. Sums of parts add up with ``add(_:_:)``, or by
/// passing one as `initial` to the next. Folded values and checksum fields are numbers as `RawSpan.bigEndian(at:as:)`
/// reads them; a field is the complement of the folded sum of what it covers.
public enum Checksum {
    /// The sum of `bytes` on top of `initial`; an odd last byte is padded with a zero byte (RFC 1071 §1).
    ///
    /// `bytes` may lie at any address. Where they lie in the data that is summed matters: pass `startsAtOddOffset` for a
    /// part with an odd number of bytes before it.
    public static func sum(_ bytes: RawSpan, initial: UInt64 = 0, startsAtOddOffset: Bool = false) -> UInt64 {
        let own = wordSum(bytes)
        // One byte further on, each byte falls into the other half of its word (RFC 1071 §2 B).
        return add(initial, startsAtOddOffset ? UInt64(foldWords(own).byteSwapped) : own)
    }

    /// The sum of a 16-bit number at an even offset of what is summed, where it lies with its most significant byte first.
    @inlinable public static func sum(of number: UInt16) -> UInt64 { UInt64(number.bigEndian) }

    /// Reduces a sum to 16 bits; the checksum field that covers the summed data is its complement.
    @inlinable public static func fold(_ sum: UInt64) -> UInt16 { UInt16(bigEndian: foldWords(sum)) }

    /// The sum of two parts, each at an even offset of the whole.
    @inlinable public static func add(_ first: UInt64, _ second: UInt64) -> UInt64 {
        let (sum, carry) = first.addingReportingOverflow(second)
        return sum &+ (carry ? 1 : 0)  // the end-around carry: a sum that overflowed is not all ones
    }

    /// Reduces a sum to 16 bits without changing the order of its bytes.
    @inlinable static func foldWords(_ sum: UInt64) -> UInt16 {
        var sum = (sum & 0xFFFF_FFFF) &+ sum >> 32
        sum = (sum & 0xFFFF) &+ sum >> 16
        sum = (sum & 0xFFFF) &+ sum >> 16
        sum = (sum & 0xFFFF) &+ sum >> 16
        return UInt16(truncatingIfNeeded: sum)
    }

    /// The sum of `bytes` in machine order. Each 64-bit accumulator takes 32-bit halves, so none overflows below 16 GB.
    private static func wordSum(_ bytes: RawSpan) -> UInt64 {
        let count = bytes.byteCount
        var offset = 0
        var total: UInt64 = 0
        if count >= 64 {
            var low = SIMD8<UInt64>.zero
            var high = SIMD8<UInt64>.zero
            let half = SIMD8<UInt64>(repeating: 0xFFFF_FFFF)
            while count &- offset >= 64 {
                // The loop's condition keeps 64 bytes inside the span, and every bit pattern is a vector of integers.
                let words = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD8<UInt64>.self)
                low &+= words & half
                high &+= words &>> 32
                offset &+= 64
            }
            total = low.wrappedSum() &+ high.wrappedSum()
        }
        while count &- offset >= 8 {
            // As above, for the 8 bytes of this condition.
            let words = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
            total &+= (words & 0xFFFF_FFFF) &+ words >> 32
            offset &+= 8
        }
        if count &- offset >= 4 {
            total &+= UInt64(bytes.native(at: offset, as: UInt32.self))
            offset &+= 4
        }
        if count &- offset >= 2 {
            total &+= UInt64(bytes.native(at: offset, as: UInt16.self))
            offset &+= 2
        }
        if offset < count {
            total &+= UInt64(UInt16(littleEndian: UInt16(bytes.native(at: offset, as: UInt8.self))))
        }
        return total
    }
}

// MARK: - Pseudo-headers

extension Checksum {
    /// The sum of the pseudo-header of a TCP segment or UDP datagram of `byteCount` bytes over IPv4 (RFC 9293 §3.1).
    @inlinable public static func pseudoHeaderSum(
        source: IPv4Address, destination: IPv4Address, protocolNumber: IPProtocol, byteCount: Int
    ) -> UInt64 {
        wordSum(of: source.rawValue) &+ wordSum(of: destination.rawValue)
            &+ wordSum(of: UInt32(protocolNumber.rawValue)) &+ wordSum(of: UInt32(truncatingIfNeeded: byteCount))
    }

    /// The sum of the pseudo-header of an upper-layer packet of `byteCount` bytes over IPv6 (RFC 8200 §8.1).
    @inlinable public static func pseudoHeaderSum(
        source: IPv6Address, destination: IPv6Address, protocolNumber: IPProtocol, byteCount: Int
    ) -> UInt64 {
        wordSum(of: source.rawValue) &+ wordSum(of: destination.rawValue)
            &+ wordSum(of: UInt32(protocolNumber.rawValue)) &+ wordSum(of: UInt32(truncatingIfNeeded: byteCount))
    }

    @inlinable static func wordSum(of number: UInt32) -> UInt64 { UInt64(number.bigEndian) }

    @inlinable static func wordSum(of number: UInt128) -> UInt64 {
        let number = number.bigEndian
        let low = UInt64(truncatingIfNeeded: number)
        let high = UInt64(truncatingIfNeeded: number >> 64)
        return (low & 0xFFFF_FFFF) &+ low >> 32 &+ (high & 0xFFFF_FFFF) &+ high >> 32
    }
}
