import Glibc
import WeftTypes

/// Turns host names into addresses by the system's resolver.
public enum NameResolver {
    /// The addresses of a host, in the resolver's order, each once. Blocks the thread, for as long as the resolver takes.
    ///
    /// - Parameter host: a name, or an address in text.
    /// - Throws: ``LinuxError`` `.resolve` with what the resolver says.
    public static func addresses(of host: String) throws(LinuxError) -> [IPAddress] {
        if let address = IPAddress(host) { return [address] }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            let text = unsafe gai_strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
            throw LinuxError(.resolve, host, errno: code == EAI_SYSTEM ? errno : 0, detail: text)
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let name = unsafe entry.pointee.ai_addr,
                let endPoint = unsafe SocketAddress.read(from: name, byteCount: Int(entry.pointee.ai_addrlen)),
                !addresses.contains(endPoint.address)
            {
                addresses.append(endPoint.address)
            }
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }
}
