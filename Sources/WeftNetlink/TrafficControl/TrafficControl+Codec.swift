import CMnl

/// `struct tcmsg`, the header that qdiscs and filters share.
struct TrafficControlHeader: Hashable, Sendable {
    var linkIndex: Int32
    var handle: UInt32 = 0
    var parent: UInt32 = 0
    /// Of a filter: its priority above, its protocol in network order below.
    var information: UInt32 = 0

    static var byteCount: Int { MemoryLayout<tcmsg>.size }

    init(linkIndex: Int32) { self.linkIndex = linkIndex }

    init(parsing bytes: RawSpan) throws(MalformedMessage) {
        try bytes.require(Self.byteCount, "tcmsg")
        linkIndex = bytes.native(at: 4)
        handle = bytes.native(at: 8)
        parent = bytes.native(at: 12)
        information = bytes.native(at: 16)
    }

    func emit(into message: inout MessageBuilder) {
        message.append(UInt32(0))  // the family and padding
        message.append(linkIndex)
        message.append(handle)
        message.append(parent)
        message.append(information)
    }
}

extension Qdisc {
    /// Reads the payload of `RTM_NEWQDISC` or `RTM_DELQDISC`.
    init(parsing bytes: RawSpan) throws(MalformedMessage) {
        let header = try TrafficControlHeader(parsing: bytes)
        self.init(linkIndex: header.linkIndex, kind: "", handle: header.handle, parent: header.parent)
        try bytes.forEachAttribute(from: TrafficControlHeader.byteCount) { type, value in
            if type == TCA_KIND { kind = value.text }
        }
    }

    func emit(into message: inout MessageBuilder) {
        var header = TrafficControlHeader(linkIndex: linkIndex)
        header.handle = handle
        header.parent = parent
        header.emit(into: &message)
        message.put(TCA_KIND, kind)
    }
}

extension TrafficFilter.Hook {
    /// Where on a link with a clsact qdisc the filters of a direction are.
    var parent: UInt32 {
        let minor =
            switch self {
            case .ingress: TC_H_MIN_INGRESS
            case .egress: TC_H_MIN_EGRESS
            }
        return TC_H_CLSACT & TC_H_MAJ_MASK | minor
    }

    init?(parent: UInt32) {
        guard let hook = Self.allCases.first(where: { $0.parent == parent }) else { return nil }
        self = hook
    }
}

extension TrafficFilter {
    /// Reads the payload of `RTM_NEWTFILTER` or `RTM_DELTFILTER`; nil for one of another qdisc than clsact, and for the
    /// head that the kernel lists before the filters of a priority.
    init?(parsing bytes: RawSpan) throws(MalformedMessage) {
        let header = try TrafficControlHeader(parsing: bytes)
        guard let hook = Hook(parent: header.parent), header.handle != 0 else { return nil }
        self.init(
            linkIndex: header.linkIndex, hook: hook, priority: UInt16(header.information >> 16), handle: header.handle,
            program: [], protocolNumber: UInt16(bigEndian: UInt16(truncatingIfNeeded: header.information)))
        (kind, program, isDirectAction) = ("", nil, false)
        try bytes.forEachAttribute(from: TrafficControlHeader.byteCount) { type, value throws(MalformedMessage) in
            switch type {
            case TCA_KIND: kind = value.text
            case TCA_CHAIN: chain = try value.number("TCA_CHAIN")
            // The kind comes before its options.
            case TCA_OPTIONS where kind == "bpf": try takeProgram(value)
            default: break
            }
        }
    }

    private mutating func takeProgram(_ bytes: RawSpan) throws(MalformedMessage) {
        try bytes.forEachAttribute { type, value throws(MalformedMessage) in
            switch type {
            case TCA_BPF_OPS:
                var instructions: [BPFInstruction] = []
                for number in 0..<value.byteCount / BPFInstruction.byteCount {
                    instructions.append(BPFInstruction(parsing: value, at: number * BPFInstruction.byteCount))
                }
                program = instructions
            case TCA_BPF_FLAGS:
                isDirectAction = try value.number("TCA_BPF_FLAGS", as: UInt32.self) & UInt32(TCA_BPF_FLAG_ACT_DIRECT) != 0
            default: break
            }
        }
    }

    func emit(into message: inout MessageBuilder) {
        var header = TrafficControlHeader(linkIndex: linkIndex)
        header.handle = handle
        header.parent = hook.parent
        header.information = UInt32(priority) << 16 | UInt32(protocolNumber.bigEndian)
        header.emit(into: &message)
        message.put(TCA_KIND, kind)
        if chain != 0 { message.put(TCA_CHAIN, chain) }
        guard let program else { return }
        message.nest(TCA_OPTIONS) { message in
            if isDirectAction { message.put(TCA_BPF_FLAGS, UInt32(TCA_BPF_FLAG_ACT_DIRECT)) }
            message.put(TCA_BPF_OPS_LEN, UInt16(truncatingIfNeeded: program.count))
            message.put(TCA_BPF_OPS, bytes: program.flatMap(\.bytes))
        }
    }
}

extension BPFInstruction {
    fileprivate init(parsing bytes: RawSpan, at offset: Int) {
        self.init(
            code: bytes.native(at: offset), jumpIfTrue: bytes.native(at: offset + 2), jumpIfFalse: bytes.native(at: offset + 3),
            operand: bytes.native(at: offset + 4))
    }

    fileprivate var bytes: [UInt8] { code.hostBytes + [jumpIfTrue, jumpIfFalse] + operand.hostBytes }
}
