import WeftTypes

// Borrowed bytes are read and written here and nowhere else in this module: every access is bounds-checked by the span,
// works at any alignment, and a parser that checked its header's length once pays for nothing more.

extension RawSpan {
    /// The integer whose most significant byte is at `offset`, as network headers store it.
    ///
    /// `offset` and the integer's size must lie inside the span.
    @inlinable public func bigEndian<Value: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as type: Value.Type = Value.self
    ) -> Value {
        // Every bit pattern is an integer, and the span checks the bounds.
        Value(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }

    /// The integer whose least significant byte is at `offset`, as virtio stores it.
    @inlinable public func littleEndian<Value: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as type: Value.Type = Value.self
    ) -> Value {
        Value(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }

    /// The integer at `offset` in the machine's own byte order.
    @inlinable func native<Value: BitwiseCopyable>(at offset: Int, as type: Value.Type = Value.self) -> Value {
        unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }

    /// The six bytes at `offset`.
    @inlinable public func macAddress(at offset: Int) -> MACAddress {
        let high: UInt16 = bigEndian(at: offset)
        let low: UInt32 = bigEndian(at: offset + 2)
        return MACAddress(rawValue: UInt64(high) << 32 | UInt64(low))
    }

    /// The four bytes at `offset`.
    @inlinable public func ipv4Address(at offset: Int) -> IPv4Address { IPv4Address(rawValue: bigEndian(at: offset)) }

    /// The sixteen bytes at `offset`.
    @inlinable public func ipv6Address(at offset: Int) -> IPv6Address { IPv6Address(rawValue: bigEndian(at: offset)) }
}

extension MutableRawSpan {
    /// Writes `value` with its most significant byte at `offset`; it must lie inside the span.
    @inlinable public mutating func storeBigEndian<Value: FixedWidthInteger & BitwiseCopyable>(
        _ value: Value, at offset: Int
    ) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: Value.self)
    }

    /// Writes `value` with its least significant byte at `offset`; it must lie inside the span.
    @inlinable public mutating func storeLittleEndian<Value: FixedWidthInteger & BitwiseCopyable>(
        _ value: Value, at offset: Int
    ) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }

    /// Writes the six bytes of `address` at `offset`.
    @inlinable public mutating func storeMACAddress(_ address: MACAddress, at offset: Int) {
        storeBigEndian(UInt16(truncatingIfNeeded: address.rawValue >> 32), at: offset)
        storeBigEndian(UInt32(truncatingIfNeeded: address.rawValue), at: offset + 2)
    }
}

extension [UInt8] {
    /// The array's bytes, borrowed.
    package var rawBytes: RawSpan {
        @_lifetime(borrow self) get { unsafe span.bytes }  // no padding in bytes: all of them are initialised
    }

    /// Calls `body` with the array's bytes, borrowed for writing.
    package mutating func withMutableRawBytes<Result, Failure: Error>(
        _ body: (inout MutableRawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var elements = mutableSpan
        var bytes = unsafe elements.mutableBytes  // every bit pattern is a byte
        return try body(&bytes)
    }
}
