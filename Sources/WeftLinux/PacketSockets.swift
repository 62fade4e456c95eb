import CWeftLinux
import Glibc

/// Sockets on one device that share its frames: all of a flow come to one of them (`PACKET_FANOUT`). Those that are not taken
/// out are closed with the value.
///
/// Flows are told apart by addresses and the ports of TCP and UDP; of fragments no ports. What is no IP comes to the first.
public struct PacketSockets: ~Copyable, Sendable {
    public let name: String
    public let interfaceIndex: Int32
    private var numbers: [Int32]

    deinit { for number in numbers { close(number) } }

    /// Opens up to `count` sockets on the device `name`, in the network namespace of the calling thread; one alone where the kernel
    /// does not spread frames by a program.
    ///
    /// - Throws: what ``PacketSocket/open(interface:)`` throws.
    public static func open(interface name: String, count: Int) throws(LinuxError) -> PacketSockets {
        let first = try PacketSocket.open(interface: name)
        let interfaceIndex = first.interfaceIndex
        let number = first.release().release()
        var sockets = PacketSockets(name: name, interfaceIndex: interfaceIndex, numbers: [number])
        if count > 1 { try sockets.open(upTo: count) }
        return sockets
    }

    private init(name: String, interfaceIndex: Int32, numbers: [Int32]) {
        self.name = name
        self.interfaceIndex = interfaceIndex
        self.numbers = numbers
    }

    /// Adds sockets to the group of the first.
    ///
    /// A socket hears every frame until it is in the group, so each is deaf until then; and until the group has its program
    /// the first gets all, so that none is lost with one that is still deaf.
    private mutating func open(upTo count: Int) throws(LinuxError) {
        guard let first = numbers.first else { return }
        let group = weft_packet_start_group(first)
        guard group >= 0 else { return }
        while numbers.count < count {
            let socket = try PacketSocket.openDeaf(interface: name)
            guard socket.interfaceIndex == interfaceIndex else {
                throw LinuxError(.openPacketSocket, name, errno: ENODEV, detail: "it was made anew meanwhile")
            }
            try check(weft_packet_join_group(socket.rawValue, group), .openPacketSocket, name)
            try check(weft_packet_unfilter(socket.rawValue), .openPacketSocket, name)
            numbers.append(socket.release().release())
        }
        let program = Self.flowHash.instructions
        let result = unsafe program.withUnsafeBufferPointer { program in
            unsafe weft_packet_spread_group(first, program.baseAddress, UInt16(program.count))
        }
        try check(result, .openPacketSocket, name)
    }

    /// How many there are.
    public var count: Int { numbers.count }

    /// Takes out the first; nil when there is none left.
    public mutating func removeFirst() -> PacketSocket? {
        guard let number = numbers.first else { return nil }
        numbers.removeFirst()
        return PacketSocket(descriptor: Descriptor(owning: number), name: name, interfaceIndex: interfaceIndex)
    }

    /// Returns a hash of the flow a packet belongs to; it is seen from its network header on.
    static var flowHash: ClassicProgram {
        let ipv4 = ipv4Hash
        var program = ClassicProgram()
        program.loadProtocol()
        program.skip(UInt8(ipv4.count), unlessEqual: 0x0800)
        program.append(ipv4)
        program.skip(1, ifEqual: 0x86DD)
        program.return(0)
        program.append(ipv6Hash)
        return program
    }

    private static var ipv4Hash: ClassicProgram {
        var program = ClassicProgram()
        program.loadWord(at: 12)
        program.copyToX()
        program.loadWord(at: 16)
        program.mix()
        program.save()
        program.loadHalf(at: 6)
        program.skip(9, ifAnyOf: 0x3FFF)  // a fragment
        program.loadByte(at: 9)
        program.skip(1, ifEqual: 6)
        program.skip(6, unlessEqual: 17)
        program.loadHeaderLength(at: 0)
        program.loadWord(behindX: 0)
        program.restoreIntoX()
        program.mix()
        program.save()
        program.append(end)
        return program
    }

    private static var ipv6Hash: ClassicProgram {
        var program = ClassicProgram()
        program.loadWord(at: 8)
        for offset in stride(from: UInt32(12), to: 40, by: 4) {
            program.copyToX()
            program.loadWord(at: offset)
            program.mix()
        }
        program.save()
        program.loadByte(at: 6)
        program.skip(1, ifEqual: 6)
        program.skip(5, unlessEqual: 17)
        program.loadWord(at: 40)
        program.restoreIntoX()
        program.mix()
        program.save()
        program.append(end)
        return program
    }

    private static var end: ClassicProgram {
        var program = ClassicProgram()
        program.restore()
        program.shiftRight(by: 16)  // the product's lower bits are poor
        program.returnAccumulator()
        return program
    }
}
