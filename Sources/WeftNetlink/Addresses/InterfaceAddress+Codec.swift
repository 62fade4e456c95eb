import CMnl
import WeftTypes

extension InterfaceAddress {
    /// Reads the payload of `RTM_NEWADDR` or `RTM_DELADDR`: `struct ifaddrmsg`, then attributes; nil for a family other than IP.
    init?(parsing bytes: RawSpan) throws(MalformedMessage) {
        try bytes.require(MemoryLayout<ifaddrmsg>.size, "ifaddrmsg")
        let length = Int(bytes.native(at: 1, as: UInt8.self))
        var flags = UInt32(bytes.native(at: 2, as: UInt8.self))
        var address: IPAddress?
        var local: IPAddress?
        var broadcast: IPAddress?
        var origin: UInt8 = 0
        var label: String?
        try bytes.forEachAttribute(from: MemoryLayout<ifaddrmsg>.size) { type, value throws(MalformedMessage) in
            switch type {
            case IFA_ADDRESS: address = try value.address("IFA_ADDRESS")
            case IFA_LOCAL: local = try value.address("IFA_LOCAL")
            case IFA_BROADCAST: broadcast = try value.address("IFA_BROADCAST")
            case IFA_LABEL: label = value.text
            case IFA_FLAGS: flags = try value.number("IFA_FLAGS")
            case IFA_PROTO: origin = try value.number("IFA_PROTO")
            default: break
            }
        }
        // On a point-to-point link IFA_ADDRESS is the other end; elsewhere the two are the same or IFA_LOCAL is missing.
        guard let own = local ?? address, let prefix = IPPrefix(address: own, length: length) else { return nil }
        self.init(
            linkIndex: bytes.native(at: 4), prefix: prefix, peer: address == own ? nil : address,
            scope: AddressScope(rawValue: bytes.native(at: 3)), flags: AddressFlags(rawValue: flags))
        if case .v4(let address) = broadcast { self.broadcast = address }
        self.origin = origin
        self.label = label
    }

    /// Writes `struct ifaddrmsg` and the attributes.
    func emit(into message: inout MessageBuilder) {
        message.append(UInt8(prefix.address.family.number))
        message.append(UInt8(prefix.length))
        message.append(UInt8(truncatingIfNeeded: flags.rawValue))
        message.append(scope.rawValue)
        message.append(linkIndex)
        message.put(IFA_LOCAL, prefix.address)
        message.put(IFA_ADDRESS, peer ?? prefix.address)
        if let broadcast { message.put(IFA_BROADCAST, .v4(broadcast)) }
        if let label { message.put(IFA_LABEL, label) }
        if flags.rawValue > 0xFF { message.put(IFA_FLAGS, flags.rawValue) }
        if origin != 0 { message.put(IFA_PROTO, origin) }
    }
}

extension IPAddress.Family {
    /// `AF_INET` or `AF_INET6`.
    var number: Int32 { self == .v4 ? AF_INET : AF_INET6 }
}

extension RouteNetlink {
    /// The IP addresses of all links, or of one, by link and address (`ip address show`).
    public func addresses(of linkIndex: Int32? = nil) throws(NetlinkError) -> [InterfaceAddress] {
        var request = MessageBuilder(type: RTM_GETADDR, flags: NLM_F_DUMP)
        request.append(UInt8(AF_UNSPEC))
        request.append(UInt8(0))
        request.append(UInt16(0))
        request.append(Int32(0))
        let addresses = try dump(.listAddresses, request, of: RTM_NEWADDR) { payload throws(MalformedMessage) in
            try InterfaceAddress(parsing: payload)
        }
        return addresses.filter { linkIndex == nil || $0.linkIndex == linkIndex }.sorted()
    }

    /// Adds an address to a link (`ip address add … dev …`), refused with `EEXIST` when it has it.
    ///
    /// Without `.noDuplicateDetection` (`nodad`) an IPv6 address is tentative for a second or two: see
    /// ``InterfaceAddress/isUsable``.
    public func addAddress(_ address: InterfaceAddress) throws(NetlinkError) {
        try check(.addAddress, address.linkIndex)
        var request = MessageBuilder(type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_EXCL)
        address.emit(into: &request)
        try change(.addAddress, "\(name(of: address.linkIndex)) (\(address.prefix))", request)
    }

    /// Takes an address from a link (`ip address del … dev …`).
    public func removeAddress(_ address: InterfaceAddress) throws(NetlinkError) {
        try check(.removeAddress, address.linkIndex)
        var request = MessageBuilder(type: RTM_DELADDR)
        address.emit(into: &request)
        try change(.removeAddress, "\(name(of: address.linkIndex)) (\(address.prefix))", request)
    }
}
