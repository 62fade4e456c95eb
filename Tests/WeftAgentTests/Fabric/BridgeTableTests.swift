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

    @Test func tellsOnlyWhatIsNewOrGoneAtGuestsPorts() {
        var table = BridgeTable()
        #expect(
            table.reset(members: [7: Self.member], entries: [Self.entry(1), Self.entry(9, on: 8)])
                == [.bridgeLearnt(Self.key(1), PortIndex(3))])
        #expect(table.handle(.fdb(Self.entry(2))) == .bridgeLearnt(Self.key(2), PortIndex(3)))
        #expect(table.handle(.fdb(Self.entry(3, on: 8))) == nil)
        #expect(
            table.reset(members: [7: Self.member], entries: [Self.entry(2)]) == [.bridgeForgot(Self.key(1), PortIndex(3))])
        #expect(table.handle(.fdbRemoved(Self.entry(2))) == .bridgeForgot(Self.key(2), PortIndex(3)))
        #expect(table.handle(.fdbRemoved(Self.entry(2))) == nil)
    }

    @Test func keepsNoMoreInMindThanItsLimit() {
        var table = BridgeTable(limit: 2)
        #expect(table.reset(members: [7: Self.member], entries: (1...5).map { Self.entry($0) }).count == 2)
        #expect(table.handle(.fdb(Self.entry(9))) == nil)
        #expect(table.handle(.fdb(Self.entry(1))) == .bridgeLearnt(Self.key(1), PortIndex(3)))
        #expect(table.handle(.fdbRemoved(Self.entry(1))) != nil)
        #expect(table.handle(.fdb(Self.entry(9))) == .bridgeLearnt(Self.key(9), PortIndex(3)))
    }
}
