import CWeftLinux
import Glibc

/// Chooses a TAP's queue by the flow a frame belongs to, and by nothing else (`TUNSETSTEERINGEBPF`).
///
/// A device's own choice follows the queue on which a flow's answers are written, so it moves a flow to another reader while
/// frames of it are on their way. This one hashes addresses, protocol and ports; of fragments no ports, and of what is no IP
/// the MAC addresses.
enum FlowSteering {
    /// The program, loaded; needs CAP_BPF, or a system that lets anybody load socket filters.
    static func load() throws(LinuxError) -> Descriptor {
        let code = program().instructions
        let number = unsafe code.withUnsafeBufferPointer { code in
            unsafe weft_load_socket_program(code.baseAddress, UInt32(code.count))
        }
        return Descriptor(owning: try check(number, .steer, "by flow"))
    }

    private enum Label {
        case ipv4, ipv6, end
    }

    // Registers: r6 is the frame, r7 the hash, r8 where the transport header is; loads go to r0, in host order.
    private static func program() -> Program {
        var program = Program()
        program.add(0xBF, to: 6, from: 1)  // r6 = context, as loads from the frame want it
        program.add(0xB4, to: 7, value: 0)
        program.loadHalf(at: 12)
        program.jump(to: .ipv4, ifEqual: 0x0800)
        program.jump(to: .ipv6, ifEqual: 0x86DD)
        for offset in [2, 8] { program.mixWord(at: Int32(offset)) }  // what the two MAC addresses differ in most
        program.jump(to: .end)

        program.place(.ipv4)
        for offset in [26, 30] { program.mixWord(at: Int32(offset)) }
        program.loadHalf(at: 20)
        program.jump(to: .end, ifAnyOf: 0x3FFF)  // a fragment
        program.loadByte(at: 14)
        program.add(0x54, to: 0, value: 0xF)
        program.add(0x64, to: 0, value: 2)
        program.add(0xBC, to: 8, from: 0)
        program.loadByte(at: 23)
        program.mixPorts()
        program.jump(to: .end)

        program.place(.ipv6)
        for offset in stride(from: 22, to: 54, by: 4) { program.mixWord(at: Int32(offset)) }
        program.add(0xB4, to: 8, value: 40)
        program.loadByte(at: 20)
        program.mixPorts()

        program.place(.end)
        program.add(0x74, to: 7, value: 16)  // the product's lower bits are poor
        program.add(0xBC, to: 0, from: 7)
        program.add(0x95)
        program.resolve()
        return program
    }

    /// Instructions under construction; codes are those of `linux/bpf.h`.
    private struct Program {
        var instructions: [UInt64] = []
        private var jumps: [(index: Int, label: Label)] = []
        private var places: [Label: Int] = [:]

        mutating func add(_ code: UInt8, to: UInt64 = 0, from: UInt64 = 0, value: Int32 = 0) {
            instructions.append(UInt64(code) | to << 8 | from << 12 | UInt64(UInt32(bitPattern: value)) << 32)
        }

        mutating func loadByte(at offset: Int32) { add(0x30, value: offset) }
        mutating func loadHalf(at offset: Int32) { add(0x28, value: offset) }

        /// r7 = (r7 ^ r0) × an odd number.
        mutating func mix() {
            add(0xAC, to: 7, from: 0)
            add(0x24, to: 7, value: Int32(bitPattern: 0x9E37_79B1))
        }

        mutating func mixWord(at offset: Int32) {
            add(0x20, value: offset)
            mix()
        }

        /// Mixes in the protocol, which is in r0, and the ports of TCP and UDP.
        mutating func mixPorts() {
            add(0x15, value: 6)
            instructions[instructions.count - 1] |= 1 << 16  // TCP: skip the next one
            jump(to: .end, unlessEqual: 17)
            mix()
            add(0x40, from: 8, value: 14)  // a word behind the network header
            mix()
        }

        mutating func jump(to label: Label) { jump(0x05, to: label, value: 0) }
        mutating func jump(to label: Label, ifEqual value: Int32) { jump(0x15, to: label, value: value) }
        mutating func jump(to label: Label, unlessEqual value: Int32) { jump(0x55, to: label, value: value) }
        mutating func jump(to label: Label, ifAnyOf value: Int32) { jump(0x45, to: label, value: value) }

        private mutating func jump(_ code: UInt8, to label: Label, value: Int32) {
            jumps.append((instructions.count, label))
            add(code, value: value)
        }

        mutating func place(_ label: Label) { places[label] = instructions.count }

        /// Writes the distances of all jumps.
        mutating func resolve() {
            for jump in jumps {
                guard let place = places[jump.label] else { preconditionFailure("a jump to nowhere") }
                instructions[jump.index] |= UInt64(UInt16(place - jump.index - 1)) << 16
            }
        }
    }
}

extension TapQueue {
    /// Makes the device put each flow's frames on one queue, whatever is written on which; where the kernel or a missing
    /// privilege does not allow it, the device goes on choosing by itself.
    ///
    /// - Returns: whether it is so.
    public borrowing func steerByFlow() -> Bool {
        guard let program = try? FlowSteering.load() else { return false }
        return weft_tap_set_steering(rawValue, program.rawValue) == 0
    }
}
