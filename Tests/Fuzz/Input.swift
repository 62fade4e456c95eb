// Compiled into every fuzz target: libFuzzer's bytes as the parsers want them. `Scripts/fuzz` builds and runs the targets;
// each file beside this one is one, and defines `testOneInput`.

/// Called by libFuzzer for every input.
@_cdecl("LLVMFuzzerTestOneInput") public func fuzzerTestOneInput(_ start: UnsafeRawPointer?, _ byteCount: Int) -> CInt {
    // libFuzzer hands over `byteCount` initialised bytes and keeps them until this returns.
    unsafe testOneInput(UnsafeRawBufferPointer(start: start, count: byteCount).bytes)
    return 0
}

/// Writes `byteCount` bytes and hands them on: what is emitted must be parsed as what it was.
func withEmitted(_ byteCount: Int, _ emit: (inout MutableRawSpan) -> Void, _ check: (RawSpan) throws -> Void) rethrows {
    var bytes = [UInt8](repeating: 0xA5, count: byteCount)
    unsafe bytes.withUnsafeMutableBytes { buffer in
        var span = unsafe buffer.mutableBytes
        emit(&span)
    }
    // The array is alive to the end of this scope.
    try unsafe bytes.withUnsafeBytes { unsafe try check($0.bytes) }
}
