import Testing
import WeftNetlink
import WeftTopology
import WeftTypes

@testable import WeftAgent

/// The filter of a trunk, as a program and back, and what the program says of frames.
@Suite struct VLANFilterTests {
    static func filter(_ numbers: [UInt16], _ tagProtocol: Trunk.TagProtocol = .dot1Q, untagged: Bool = false) -> VLANFilter {
        VLANFilter(vlans: numbers.compactMap { VLANID($0) }, tagProtocol: tagProtocol, passesUntagged: untagged)
    }

    /// What the kernel would do with a frame, by the few instructions that occur.
    static func passes(_ program: [BPFInstruction], tag: (type: UInt32, vlan: UInt32)?) throws -> Bool {
        var (accumulator, place): (UInt32, Int) = (0, 0)
        while place < program.count {
            let instruction = program[place]
            place += 1
            func jump(_ condition: Bool) -> Int { Int(condition ? instruction.jumpIfTrue : instruction.jumpIfFalse) }
            switch (instruction.code, instruction.operand) {
            case (0x20, 0xFFFF_F030): accumulator = tag == nil ? 0 : 1
            case (0x20, 0xFFFF_F03C): accumulator = tag?.type ?? 0
            case (0x20, 0xFFFF_F02C): accumulator = 0xE000 | (tag?.vlan ?? 0)
            case (0x54, let mask): accumulator &= mask
            case (0x15, let value): place += jump(accumulator == value)
            case (0x25, let value): place += jump(accumulator > value)
            case (0x35, let value): place += jump(accumulator >= value)
            case (0x06, let verdict): return verdict == 0
            default: throw CommandFailure(text: "instruction \(instruction)")
            }
        }
        throw CommandFailure(text: "no verdict")
    }

    @Test(
        arguments: [[], [1], [4094], [10, 20], [10, 11, 12], Array(1...4094), [1, 2, 4, 5, 6, 100]] as [[UInt16]], [false, true])
    func passesExactlyItsVLANs(numbers: [UInt16], untagged: Bool) throws {
        for (tagProtocol, type, other) in [(Trunk.TagProtocol.dot1Q, UInt32(0x8100), UInt32(0x88A8)), (.dot1AD, 0x88A8, 0x8100)] {
            let filter = Self.filter(numbers, tagProtocol, untagged: untagged)
            let program = filter.program
            #expect(VLANFilter(program: program) == filter)
            #expect(try Self.passes(program, tag: nil) == untagged)
            let passing = try (UInt16(0)...4095).filter { try Self.passes(program, tag: (type, UInt32($0))) }
            #expect(passing == numbers)
            #expect(try !Self.passes(program, tag: (other, 10)))
        }
    }

    @Test func fitsTheKernelUpToItsLimit() {
        let numbers = (0..<UInt16(VLANFilter.rangeLimit)).map { 1 + 3 * $0 }
        #expect(Self.filter(numbers).ranges.count == VLANFilter.rangeLimit)
        #expect(Self.filter(numbers).program.count <= 4096)
    }

    @Test func otherProgramsAreNoFilters() {
        let program = Self.filter([10, 20]).program
        #expect(VLANFilter(program: []) == nil && VLANFilter(program: [.drop]) == nil)
        for index in program.indices {
            var other = program
            other[index].operand ^= 0x1_0000
            #expect(VLANFilter(program: other) == nil, "instruction \(index)")
            #expect(VLANFilter(program: Array(program.dropLast(index + 1))) == nil)
        }
    }
}
