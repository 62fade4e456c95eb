import Testing
import WeftForwarding
import WeftNetlink
import WeftTypes

@testable import WeftAgent

@Suite struct BridgeTableTests {
    static let member = BridgeTable.Member(segment: SegmentIndex(3), uplink: PortIndex(3))

    static func mac(_ number: UInt64) -> MACAddress { MACAddress(rawValue: 0x5254_0000_0000 | number) }
    static func entry(_ number: UInt64, on link: Int32 = 7) -> WeftNetlink.FDBEntry {
        WeftNetlink.FDBEntry(linkIndex: link, mac: mac(number))
    }
    static func key(_ number: UInt64) -> FDBKey { FDBKey(SegmentIndex(3), mac(number)) }

    static func learnt(_ number: UInt64, isListed: Bool = false) -> BridgeTable.Change {
        BridgeTable.Change(key: key(number), uplink: PortIndex(3), device: 7, isListed: isListed)
    }
    static func forgot(_ number: UInt64) -> BridgeTable.Change { BridgeTable.Change(key: key(number), uplink: PortIndex(3)) }

    @Test func tellsOnlyWhatIsNewOrGoneAtGuestsPorts() {
        var table = BridgeTable()
        #expect(
            table.reset(members: [7: Self.member], entries: [Self.entry(1), Self.entry(9, on: 8)])
                == [Self.learnt(1, isListed: true)])
        #expect(table.handle(.fdb(Self.entry(2))) == Self.learnt(2))
        #expect(table.handle(.fdb(Self.entry(3, on: 8))) == nil)
        #expect(
            table.reset(members: [7: Self.member], entries: [Self.entry(2)]) == [Self.forgot(1)])
        #expect(table.handle(.fdbRemoved(Self.entry(2))) == Self.forgot(2))
        #expect(table.handle(.fdbRemoved(Self.entry(2))) == nil)
    }

    @Test func tellsTheDeviceThatAStationMovesTo() {
        var table = BridgeTable()
        let members: [Int32: BridgeTable.Member] = [7: Self.member, 8: Self.member]
        #expect(table.reset(members: members, entries: [Self.entry(1)]) == [Self.learnt(1, isListed: true)])
        #expect(table.handle(.fdb(Self.entry(1, on: 8)))?.device == 8)
        #expect(table.handle(.fdbRemoved(Self.entry(1))) == nil, "what it left is not where it is")
        #expect(table.device(of: Self.key(1)) == 8)
        #expect(table.reset(members: members, entries: [Self.entry(1, on: 8)]) == [])
    }

    @Test func keepsNoMoreInMindThanItsLimit() {
        var table = BridgeTable(limit: 2)
        #expect(table.reset(members: [7: Self.member], entries: (1...5).map { Self.entry($0) }).count == 2)
        #expect(table.handle(.fdb(Self.entry(9))) == nil)
        #expect(table.handle(.fdb(Self.entry(1))) == Self.learnt(1))
        #expect(table.handle(.fdbRemoved(Self.entry(1))) != nil)
        #expect(table.handle(.fdb(Self.entry(9))) == Self.learnt(9))
    }
}
