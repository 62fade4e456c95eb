import CMnl

/// The header of one message within a datagram (netlink(7), `struct nlmsghdr`).
struct MessageHeader: Hashable, Sendable {
    /// `RTM_…`, or below 16 one of the control messages `NLMSG_…`.
    let type: Int
    /// `NLM_F_…`.
    let flags: Int32
    /// The request's number, which the answer repeats; 0 in notifications.
    let sequence: UInt32
    /// The port of the socket that asked; 0 in notifications of the kernel's own doing.
    let portID: UInt32
    /// What follows the header.
    let payload: Range<Int>
}

extension RawSpan {
    /// Calls `body` for each message of a datagram, in order.
    ///
    /// - Throws: ``MalformedMessage`` when a message's length is below its header's or beyond the datagram, or what `body`
    ///   throws.
    func forEachMessage(
        _ body: (_ header: MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> Void
    ) throws(MalformedMessage) {
        var offset = 0
        while offset < byteCount {
            let left = byteCount - offset
            try extracting(offset..<byteCount).require(messageHeaderByteCount, "nlmsghdr")
            let messageByteCount = Int(native(at: offset, as: UInt32.self))
            guard messageByteCount >= messageHeaderByteCount else {
                throw MalformedMessage(part: "nlmsghdr", needed: messageHeaderByteCount, got: messageByteCount)
            }
            guard messageByteCount <= left else {
                throw MalformedMessage(part: "nlmsghdr", needed: messageByteCount, got: left)
            }
            let header = MessageHeader(
                type: Int(native(at: offset + 4, as: UInt16.self)),
                flags: Int32(native(at: offset + 6, as: UInt16.self)),
                sequence: native(at: offset + 8),
                portID: native(at: offset + 12),
                payload: offset + messageHeaderByteCount..<offset + messageByteCount)
            try body(header, extracting(header.payload))
            offset += aligned(messageByteCount)
        }
    }
}

/// What the kernel says at the end of a request: nothing, or an error with a sentence of its own (`NETLINK_EXT_ACK`).
struct Acknowledgement: Hashable, Sendable {
    /// 0, or a positive error number.
    let errno: Int32
    /// The extended acknowledgement's text; it may come with success too, as a warning.
    let message: String?

    init(errno: Int32, message: String? = nil) {
        self.errno = errno
        self.message = message
    }

    /// Reads `NLMSG_ERROR`: an error number, the header of the request, its payload unless it was left out
    /// (`NETLINK_CAP_ACK`), then attributes when `NLM_F_ACK_TLVS` says so.
    init(error bytes: RawSpan, flags: Int32) throws(MalformedMessage) {
        try bytes.require(4 + messageHeaderByteCount, "nlmsgerr")
        var offset = 4 + messageHeaderByteCount
        if flags & NLM_F_CAPPED == 0 {
            let requestByteCount = max(Int(bytes.native(at: 4, as: UInt32.self)), messageHeaderByteCount)
            offset = min(4 + aligned(requestByteCount), bytes.byteCount)
        }
        try self.init(code: bytes.native(at: 0), bytes: bytes, attributesAt: offset, flags: flags)
    }

    /// Reads `NLMSG_DONE`: an error number, then attributes when `NLM_F_ACK_TLVS` says so.
    init(done bytes: RawSpan, flags: Int32) throws(MalformedMessage) {
        // Some dumps end without the number.
        let code: Int32 = bytes.byteCount >= 4 ? bytes.native(at: 0) : 0
        try self.init(code: code, bytes: bytes, attributesAt: min(4, bytes.byteCount), flags: flags)
    }

    private init(code: Int32, bytes: RawSpan, attributesAt offset: Int, flags: Int32) throws(MalformedMessage) {
        var message: String?
        if flags & NLM_F_ACK_TLVS != 0 {
            try bytes.forEachAttribute(from: offset) { type, payload in
                if type == Int(NLMSGERR_ATTR_MSG.rawValue) { message = payload.text }
            }
        }
        // A positive number is the length of a dump's last part, not an error.
        self.init(errno: code < 0 ? 0 &- code : 0, message: message)
    }
}
