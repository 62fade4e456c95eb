extension PortSnippet {
    /// A program as the help, the errors and ``PortSnippet`` itself know it: the one list of all of them is ``all``.
    struct Program: Sendable {
        /// The word after `--as`.
        let target: Target
        /// The name in a sentence.
        let name: String
        /// Where the snippet belongs.
        let place: String
        /// The ports it can use, in a sentence.
        let needs: String
        /// What it is told of a port by one of its accesses; nil when it can't use a port by that.
        let make: @Sendable (PortWiring, PortWiring.Access) -> Part?

        /// What it is told of a port: by the first of the port's accesses that it can use.
        func part(for wiring: PortWiring) -> Part? {
            for access in wiring.accesses {
                if let part = make(wiring, access) { return part }
            }
            return nil
        }

        /// All programs, in the order of ``Target``.
        static let all = Target.allCases.map(of)

        /// The program of a target.
        static func of(_ target: Target) -> Program {
            switch target {
            case .qemu:
                Program(
                    target: target, name: "QEMU", place: "arguments of qemu-system-*",
                    needs: "a port of kind tap, socket or bridge",
                    make: qemu)
            case .libvirt:
                Program(
                    target: target, name: "libvirt", place: "<devices> of the domain's XML",
                    needs: "a port of kind tap or bridge",
                    make: libvirt)
            case .xl:
                Program(
                    target: target, name: "Xen's xl", place: "the domain's configuration file",
                    needs: "a port of kind tap with attach: bridge, or of kind bridge", make: xl)
            case .virtualbox:
                Program(
                    target: target, name: "VirtualBox", place: "a shell",
                    needs: "a port of kind tap with attach: bridge, or of kind bridge", make: virtualBox)
            case .firecracker:
                Program(
                    target: target, name: "Firecracker", place: "the file of --config-file", needs: "a port of kind tap",
                    make: firecracker)
            case .cloudHypervisor:
                Program(
                    target: target, name: "Cloud Hypervisor", place: "arguments of cloud-hypervisor", needs: "a port of kind tap",
                    make: cloudHypervisor)
            case .lxc:
                Program(
                    target: target, name: "LXC", place: "the container's configuration file",
                    needs: "a port of kind veth or bridge, or of kind tap with attach: bridge", make: lxc)
            case .netns:
                Program(
                    target: target, name: "a network namespace", place: "a shell",
                    needs: "a port of kind veth or bridge, or of kind tap with attach: bridge", make: networkNamespace)
            }
        }
    }
}
