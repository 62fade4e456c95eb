import CMnl

/// What decides about the frames of a link that come in or go out, as `tc qdisc show` prints it.
public struct Qdisc: Hashable, Sendable {
    /// The link it is on.
    public var linkIndex: Int32
    /// The kernel's name for the kind, such as `clsact` or `fq_codel`.
    public var kind: String
    /// Its own number, and where on the link it is.
    public var handle: UInt32
    public var parent: UInt32

    /// Describes a qdisc of any kind.
    public init(linkIndex: Int32, kind: String, handle: UInt32, parent: UInt32) {
        self.linkIndex = linkIndex
        self.kind = kind
        self.handle = handle
        self.parent = parent
    }

    /// The qdisc that only carries filters, for both directions; a link has at most one of this or of kind `ingress`.
    public static func clsact(on linkIndex: Int32) -> Qdisc {
        Qdisc(linkIndex: linkIndex, kind: "clsact", handle: TC_H_CLSACT & TC_H_MAJ_MASK, parent: TC_H_CLSACT)
    }
}

/// One rule for the frames of a link that has a ``Qdisc/clsact(on:)``, as `tc filter show` prints it.
public struct TrafficFilter: Hashable, Sendable {
    /// Which frames a filter sees.
    public enum Hook: Hashable, Sendable, CaseIterable {
        /// What the host receives from the device, before its bridge or its stack.
        case ingress
        /// What the host sends to the device.
        case egress
    }

    public var linkIndex: Int32
    public var hook: Hook
    /// Filters of a lower number are asked first, from 1.
    public var priority: UInt16
    /// The EtherType of the frames it sees; ``everyProtocol`` for all.
    public var protocolNumber: UInt16
    /// Its number among those of one priority.
    public var handle: UInt32
    /// The chain it is in; frames begin in 0.
    public var chain: UInt32
    /// The kernel's name for the kind, such as `bpf` or `u32`.
    public var kind: String
    /// Of a filter of kind `bpf`, its program in classic BPF; nil when that is another kind of program.
    public var program: [BPFInstruction]?
    /// Whether the program's result is the verdict itself (`direct-action`), not a class.
    public var isDirectAction: Bool

    /// `ETH_P_ALL`: frames of every protocol.
    public static var everyProtocol: UInt16 { 0x0003 }

    /// Describes a filter of kind `bpf` whose result is the verdict.
    public init(
        linkIndex: Int32, hook: Hook, priority: UInt16, handle: UInt32, program: [BPFInstruction],
        protocolNumber: UInt16 = Self.everyProtocol
    ) {
        self.linkIndex = linkIndex
        self.hook = hook
        self.priority = priority
        self.protocolNumber = protocolNumber
        self.handle = handle
        chain = 0
        kind = "bpf"
        self.program = program
        isDirectAction = true
    }
}

/// One instruction of classic BPF (`struct sock_filter`), 8 bytes in host order.
public struct BPFInstruction: Hashable, Sendable {
    public var code: UInt16
    public var jumpIfTrue: UInt8
    public var jumpIfFalse: UInt8
    public var operand: UInt32

    /// Encoded size in bytes.
    static var byteCount: Int { 8 }

    /// Puts an instruction together.
    public init(code: UInt16, jumpIfTrue: UInt8 = 0, jumpIfFalse: UInt8 = 0, operand: UInt32 = 0) {
        self.code = code
        self.jumpIfTrue = jumpIfTrue
        self.jumpIfFalse = jumpIfFalse
        self.operand = operand
    }

    /// Ends with the verdict "drop" (`TC_ACT_SHOT`): the bytecode `6 0 0 2`.
    public static var drop: BPFInstruction { BPFInstruction(code: 0x06, operand: UInt32(TC_ACT_SHOT)) }
}
