import Glibc

/// A fixed piece of memory that frames, headers and the kernel's structures live in: allocated once, never moved.
///
/// This is a handle: copies mean the same memory, and whoever made it deallocates it, once, after the last use. One thread
/// at a time uses it. Spans keep within bounds; two of one arena may overlap only if both are read. Where a handle is a
/// property of something that is being changed, take a copy of it first.
@safe struct ByteArena {
    private let base: UnsafeMutableRawPointer
    let byteCount: Int

    /// Allocates zeroed memory; pages that nobody touches cost nothing.
    init(byteCount: Int) {
        precondition(byteCount > 0, "an arena of \(byteCount) bytes")
        guard let memory = unsafe calloc(1, byteCount + 64) else { preconditionFailure("no memory for \(byteCount) bytes") }
        unsafe base = memory
        self.byteCount = byteCount
    }

    /// Frees the memory; the owner's last act with it.
    @unsafe func deallocate() { unsafe free(base) }

    /// A range of the memory, to be read.
    @_lifetime(borrow self)
    func bytes(_ range: Range<Int>) -> RawSpan {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "\(range) of an arena of \(byteCount)")
        // The line above keeps the range inside, and the owner keeps the memory.
        let buffer = unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
        return unsafe _overrideLifetime(RawSpan(_unsafeBytes: buffer), borrowing: self)
    }

    /// A range of the memory, to be changed.
    @_lifetime(borrow self)
    func mutableBytes(_ range: Range<Int>) -> MutableRawSpan {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "\(range) of an arena of \(byteCount)")
        // As above; that nobody else reads the range meanwhile is the type's rule.
        let buffer = unsafe UnsafeMutableRawBufferPointer(start: base + range.lowerBound, count: range.count)
        return unsafe _overrideLifetime(MutableRawSpan(_unsafeBytes: buffer), borrowing: self)
    }

    /// The address of a byte, for the kernel.
    @unsafe func address(_ offset: Int) -> UnsafeMutableRawPointer {
        precondition(offset >= 0 && offset <= byteCount, "byte \(offset) of an arena of \(byteCount)")
        return unsafe base + offset
    }

    /// A range of the memory as the kernel wants it.
    @unsafe func slice(_ range: Range<Int>) -> iovec {
        unsafe iovec(iov_base: address(range.lowerBound), iov_len: range.count)
    }
}
