import WeftNetlink
import WeftTopology
import WeftTypes

/// The filter of a trunk as the kernel runs it, in classic BPF: a few instructions for each range of VLANs.
///
/// The kernel has taken the first tag out of a frame by then and tells of it beside the frame (`SKF_AD_VLAN_…` of
/// `linux/filter.h`).
extension VLANFilter {
    private enum Beside: UInt32 {
        case control = 0xFFFF_F02C
        case isTagged = 0xFFFF_F030
        case type = 0xFFFF_F03C
    }

    private enum Code {
        static let load: UInt16 = 0x20
        static let and: UInt16 = 0x54
        static let ifEqual: UInt16 = 0x15
        static let ifGreater: UInt16 = 0x25
        static let ifNotLess: UInt16 = 0x35
        static let verdict: UInt16 = 0x06
    }

    private static func load(_ what: Beside) -> BPFInstruction { BPFInstruction(code: Code.load, operand: what.rawValue) }
    private static var pass: BPFInstruction { BPFInstruction(code: Code.verdict, operand: 0) }  // TC_ACT_OK

    private static func type(of tagProtocol: Trunk.TagProtocol) -> UInt32 {
        switch tagProtocol {
        case .dot1Q: 0x8100
        case .dot1AD: 0x88A8
        }
    }

    /// The program; its results are verdicts.
    var program: [BPFInstruction] {
        var program = [
            Self.load(.isTagged),
            BPFInstruction(code: Code.ifEqual, jumpIfTrue: 1, operand: 1),
            passesUntagged ? Self.pass : .drop,
            Self.load(.type),
            BPFInstruction(code: Code.ifEqual, jumpIfTrue: 1, operand: Self.type(of: tagProtocol)),
            .drop,
            Self.load(.control),
            BPFInstruction(code: Code.and, operand: 0xFFF),
        ]
        for range in ranges {
            program.append(BPFInstruction(code: Code.ifNotLess, jumpIfFalse: 2, operand: UInt32(range.lowerBound)))
            program.append(BPFInstruction(code: Code.ifGreater, jumpIfTrue: 1, operand: UInt32(range.upperBound)))
            program.append(Self.pass)
        }
        return program + [.drop]
    }

    /// Reads a program; nil for one that is not written so.
    init?(program: [BPFInstruction]) {
        let fixed = 8
        guard program.count > fixed, (program.count - fixed - 1).isMultiple(of: 3) else { return nil }
        var numbers: [UInt16] = []
        for start in stride(from: fixed, to: program.count - 1, by: 3) {
            let (low, high) = (program[start].operand, program[start + 1].operand)
            guard low <= high, high < 4095 else { return nil }
            numbers += UInt16(low)...UInt16(high)
        }
        self.init(
            vlans: numbers.compactMap { VLANID($0) },
            tagProtocol: program[4].operand == Self.type(of: .dot1AD) ? .dot1AD : .dot1Q,
            passesUntagged: program[2] == Self.pass)
        guard self.program == program else { return nil }
    }
}
