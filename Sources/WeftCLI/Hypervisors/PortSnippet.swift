import WeftAPI

/// What to tell a hypervisor or a container runtime so that its guest uses a port.
package struct PortSnippet: Codable, Hashable, Sendable {
    /// The programs that a snippet can be made for.
    package enum Target: String, Codable, Hashable, Sendable, CaseIterable {
        case qemu, libvirt, xl, virtualbox, firecracker
        case cloudHypervisor = "cloud-hypervisor"
        case lxc, netns
    }

    /// The port.
    package var port: String
    /// The program.
    package var program: Target
    /// Where ``text`` belongs.
    package var place: String
    /// What to paste, each line ended.
    package var text: String
    /// The words of the command line, one by one, where the program is told by its arguments.
    package var arguments: [String]?
    /// What the text can't say, one sentence each.
    package var notes: [String]

    /// Makes the snippet of a port.
    ///
    /// - Parameter segment: the port's segment, for its bridge and the lengths of addresses.
    /// - Throws: ``APIError`` when the program can't use such a port, with those that can.
    package init(_ port: PortReport, segment: SegmentReport?, as target: Target) throws(APIError) {
        let wiring = PortWiring(port, segment: segment)
        let program = Program.of(target)
        guard let part = program.part(for: wiring) else { throw Self.refusal(of: program, wiring) }
        (self.port, self.program, place) = (port.name, target, program.place)
        (text, arguments, notes) = (part.text, part.arguments, part.notes)
    }

    /// What a program is told, without who and where.
    struct Part: Hashable, Sendable {
        /// What to paste, each line ended.
        var text: String
        /// The words of the command line, where there is one.
        var arguments: [String]? = nil
        /// What the text can't say, one sentence each.
        var notes: [String] = []
    }

    private static func refusal(of program: Program, _ wiring: PortWiring) -> APIError {
        let attempt = "show port as \(program.target.rawValue)"
        guard wiring.isHere else {
            return APIError(
                .usage, cannot: attempt, on: wiring.name,
                cause: "it is on host \(wiring.host), and the agent of another host does not know its device",
                help: "ask there; in a lab with --host \(wiring.host)")
        }
        let others = Program.all.filter { $0.part(for: wiring) != nil }.map(\.target.rawValue)
        let choice = others.isEmpty ? "" : ", or use --as " + others.joined(separator: ", ")
        return APIError(
            .usage, cannot: attempt, on: wiring.name,
            cause: "\(program.name) takes \(program.needs), and it is \(wiring.kindSentence)",
            help: "give it such a kind in the topology\(choice)")
    }
}

extension PortSnippet.Target {
    /// One line of help.
    package var summary: String {
        let program = PortSnippet.Program.of(self)
        return "\(program.place), for \(program.needs)"
    }
}
