import Glibc
import WeftTypes

/// Turns end points into the kernel's `sockaddr_in` and `sockaddr_in6` and back, in memory the caller owns.
public enum SocketAddress {
    /// Bytes that fit an address of either family.
    @inlinable public static var byteCount: Int { MemoryLayout<sockaddr_in6>.size }

    /// Writes `endPoint` to `memory`, at least ``byteCount`` bytes aligned to 4, and returns its length.
    ///
    /// - Parameter scope: The interface index that a link-local IPv6 address belongs to.
    @inlinable public static func write(
        _ endPoint: VTEP, scope: UInt32 = 0, to memory: UnsafeMutableRawPointer
    ) -> socklen_t {
        switch endPoint.address {
        case .v4(let address):
            var socketAddress = sockaddr_in()
            socketAddress.sin_family = sa_family_t(AF_INET)
            socketAddress.sin_port = endPoint.udpPort.bigEndian
            socketAddress.sin_addr.s_addr = address.rawValue.bigEndian
            unsafe memory.storeBytes(of: socketAddress, as: sockaddr_in.self)
            return socklen_t(MemoryLayout<sockaddr_in>.size)
        case .v6(let address):
            var socketAddress = sockaddr_in6()
            socketAddress.sin6_family = sa_family_t(AF_INET6)
            socketAddress.sin6_port = endPoint.udpPort.bigEndian
            socketAddress.sin6_scope_id = scope
            unsafe memory.storeBytes(of: socketAddress, as: sockaddr_in6.self)
            // The address itself by offset: glibc's in6_addr is a union that Swift sees only as tuples.
            unsafe memory.storeBytes(of: address.rawValue.bigEndian, toByteOffset: 8, as: UInt128.self)
            return socklen_t(MemoryLayout<sockaddr_in6>.size)
        }
    }

    /// Reads the address the kernel wrote to `memory`, or nil when it is of another family or too short.
    @inlinable public static func read(from memory: UnsafeRawPointer, byteCount: Int) -> VTEP? {
        guard byteCount >= MemoryLayout<sockaddr_in>.size else { return nil }
        let port = unsafe UInt16(bigEndian: memory.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        switch unsafe Int32(memory.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET:
            let address = unsafe UInt32(bigEndian: memory.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            return VTEP(address: .v4(IPv4Address(rawValue: address)), udpPort: port)
        case AF_INET6 where byteCount >= MemoryLayout<sockaddr_in6>.size:
            let address = unsafe UInt128(bigEndian: memory.loadUnaligned(fromByteOffset: 8, as: UInt128.self))
            return VTEP(address: .v6(IPv6Address(rawValue: address)), udpPort: port)
        default:
            return nil
        }
    }

    /// Calls `body` with `endPoint` as the kernel wants it.
    static func with<Value>(
        _ endPoint: VTEP, scope: UInt32 = 0, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
    ) -> Value {
        unsafe withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 8) { memory in
            guard let base = memory.baseAddress else { preconditionFailure("an allocation of \(byteCount) bytes has a base") }
            let length = unsafe write(endPoint, scope: scope, to: base)
            return unsafe body(UnsafePointer(base.assumingMemoryBound(to: sockaddr.self)), length)
        }
    }
}
