import Synchronization
import Testing
import WeftDataPlane
import WeftForwarding
import WeftLinux
import WeftTypes

/// How new tables get to a worker, and old ones back.
@Suite struct TablesCellTests {
    static func tables(_ fabric: FabricTables, entry: UInt16 = 0) -> ForwardingTables {
        var fdb = FDBTable()
        fdb.set(FDBEntry(location: .port(PortIndex(entry)), source: .frame), for: key)
        return ForwardingTables(fabric: fabric, fdb: fdb)
    }

    static let key = FDBKey(SegmentIndex(0), MACAddress(rawValue: 0x5254_0000_0101))

    @Test("the newest is taken, once") func takesNewest() {
        let cell = TablesCell()
        let fabric = FabricTables(FabricDescription())
        var mine = ForwardingTables()
        let empty = ObjectIdentifier(mine)
        #expect(!cell.take(&mine) && ObjectIdentifier(mine) == empty)
        let first = Self.tables(fabric, entry: 1)
        cell.publish(first)
        let second = Self.tables(fabric, entry: 2)
        cell.publish(second)
        #expect(cell.take(&mine), "the fabric is another")
        #expect(mine === second)
        let third = Self.tables(fabric, entry: 3)
        cell.publish(third)
        #expect(!cell.take(&mine), "the fabric is the same")
        #expect(mine === third)
        #expect(!cell.take(&mine) && mine === third)
    }

    @Test("what a worker had stays until the control side comes by", arguments: [false, true]) func keepsOld(byPublishing: Bool) {
        let cell = TablesCell()
        let fabric = FabricTables(FabricDescription())
        var mine = Self.tables(fabric)
        weak let former = mine
        cell.publish(Self.tables(fabric))
        _ = cell.take(&mine)
        #expect(former != nil, "the worker freed its tables")
        if byPublishing { cell.publish(Self.tables(fabric)) } else { cell.collect() }
        #expect(former == nil, "old tables stay")
    }

    @Test("a reader sees tables in the order they were published, and the last ones in the end") func keepsOrder() throws {
        let cell = TablesCell()
        let fabric = FabricTables(FabricDescription())
        let last: UInt16 = 20_000
        let backwards = Atomic<Int>(0)
        let thread = try WorkerThread(name: "reader") {
            var mine = ForwardingTables()
            var newest: UInt16 = 0
            while newest < last {
                _ = cell.take(&mine)
                guard case .port(let port) = mine.fdb.entry(for: Self.key)?.location else { continue }
                if port.rawValue < newest { backwards.wrappingAdd(1, ordering: .relaxed) }
                newest = port.rawValue
            }
        }
        for entry in 1...last { cell.publish(Self.tables(fabric, entry: entry)) }
        thread.join()
        #expect(backwards.load(ordering: .relaxed) == 0)
    }
}
