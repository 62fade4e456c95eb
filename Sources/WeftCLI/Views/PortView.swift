import WeftAPI
import WeftTypes

/// `weft port show` for people: one line per property.
package enum PortView {
    /// The page, each line ended.
    package static func text(_ port: PortReport, paint: Paint = .plain) -> String {
        var rows: [[Table.Cell]] = [
            ["port", Table.Cell(port.name)],
            ["host", Table.Cell(port.host)],
            ["state", port.state.map { Table.Cell($0.rawValue, $0.tone) } ?? Table.Cell("on another host")],
        ]
        if let detail = port.detail { rows.append(["reason", Table.Cell(detail)]) }
        if port.trunk == nil {
            rows.append(["segment", Table.Cell(port.segment.map { name in name + (port.vni.map { ", VNI \($0)" } ?? "") })])
        }
        rows += (port.trunk ?? []).map { member in
            let native = member.isNative ? ", native: its frames leave without a tag" : ""
            return ["VLAN \(member.vlan)", Table.Cell("\(member.segment), VNI \(member.vni)\(native)")]
        }
        rows += [
            ["kind", Table.Cell("\(port.kind), attach \(port.attach)")],
            ["device", Table.Cell(port.device)],
        ]
        if let socket = port.socket {
            let end = socket.isListening ? "the agent listens" : "the virtual machine listens"
            rows.append(["socket", Table.Cell("\(socket.path), \(socket.mode), \(end)")])
        }
        rows += [
            ["mac", Table.Cell(port.mac?.description)],
            ["addresses", Table.Cell(port.addresses.map(\.description).joined(separator: " "))],
            ["mtu", "\(port.mtu)"],
            ["queues", "\(port.queueCount)"],
        ]
        if port.state != nil {
            rows += [
                ["from guest", traffic(port.rxFrames, port.rxBytes, port.rxFramesPerSecond)],
                ["to guest", traffic(port.txFrames, port.txBytes, port.txFramesPerSecond)],
                ["drops", Table.Cell("\(port.dropCount)", port.dropCount > 0 ? .warning : nil)],
            ]
            rows += port.drops.sorted { $0.key < $1.key }.map { ["  \($0.key)", "\($0.value)"] }
        }
        return Table(titles: [], rows: rows).text(paint)
    }

    private static func traffic(_ frames: UInt64, _ bytes: UInt64, _ perSecond: Double?) -> Table.Cell {
        "\(frames) frames, \(Quantity.bytes(bytes))\(perSecond.map { ", \(Quantity.count($0))/s" } ?? "")"
    }
}
