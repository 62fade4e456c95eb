import WeftTypes

/// What happens to frames between two hosts.
public enum Wire {
    /// Mixes what several senders sent, each sender's frames in their order.
    public static func interleave<Element>(_ lists: [[Element]], using random: inout SeededRandom) -> [Element] {
        var all: [Element] = []
        var places = lists.map { _ in 0 }
        while true {
            let rest = lists.indices.filter { places[$0] < lists[$0].count }
            guard let list = rest.randomElement(using: &random) else { return all }
            for _ in 0..<Int.random(in: 1...8, using: &random) where places[list] < lists[list].count {
                all.append(lists[list][places[list]])
                places[list] += 1
            }
        }
    }

    /// Loses, doubles and reorders a few.
    public static func disturb<Element>(_ frames: inout [Element], using random: inout SeededRandom) {
        guard Bool.random(using: &random) else { return }
        for _ in 0..<max(1, frames.count / 20) where frames.count > 1 {
            let victim = Int.random(in: frames.indices, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: frames.remove(at: victim)
            case 1: frames.insert(frames[victim], at: victim)
            case 2: frames.insert(frames[victim], at: .random(in: frames.indices, using: &random))
            default: frames.swapAt(victim, min(victim + 1, frames.count - 1))
            }
        }
    }

    /// Damages a frame behind its Ethernet header, as what a checksum is there for.
    public static func damage(_ frame: inout [UInt8], using random: inout SeededRandom) {
        guard frame.count > 34 else { return }
        let start = Bool.random(using: &random) ? 14 : frame.count / 2
        frame[.random(in: start..<frame.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    }

    /// Leaves the checksum as a virtual underlay does that promised to complete it and did not.
    public static func uncomplete(_ frame: inout [UInt8]) {
        guard frame.count >= 14 else { return }
        let headers = Headers(frame)
        guard headers.isFlow, headers.checksumState(frame) == .right else { return }
        frame.put(big(sum(headers.pseudo(frame))), at: headers.checksumField)
    }
}
