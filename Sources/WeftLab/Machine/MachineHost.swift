import Glibc
import WeftLinux

/// Starts virtual machines and waits until they take commands.
struct MachineHost {
    /// Where things are.
    let layout: LabLayout
    /// The kernel they run.
    let kernel: MachineKernel
    /// A statically linked busybox.
    let busybox: String
    /// QEMU.
    let emulator: String
    /// The program that serves commands in the guest, `weft`.
    let executable: String
    /// `tcg`, or `kvm` where the machine has it.
    let accelerator: String

    /// The variable that chooses the accelerator.
    static var acceleratorVariable: String { "WEFT_VM_ACCELERATOR" }

    /// Finds all that is needed, before anything is made.
    init(layout: LabLayout, kernelFolder: String?, executable: String) throws(LabError) {
        self.layout = layout
        self.executable = executable
        self.kernel = try MachineKernel.find(kernelFolder)
        self.accelerator = MachineKernel.environment(Self.acceleratorVariable) ?? "tcg"
        self.emulator = try Self.program("qemu-system-x86_64", package: "qemu-system-x86")
        self.busybox = try Self.program("busybox", package: "busybox-static")
        guard Self.isStatic(try Files.read(busybox, attempt: "start virtual machines") ?? []) else {
            throw LabError(
                .failed, cannot: "start virtual machines",
                cause: "\(busybox) needs shared libraries, and a virtual machine starts without any",
                remedy: "apt-get install busybox-static")
        }
    }

    /// Whether a program names no dynamic linker, which it would do near its beginning.
    static func isStatic(_ program: [UInt8]) -> Bool {
        !String(decoding: program.prefix(4096), as: UTF8.self).contains("/ld-")
    }

    private static func program(_ name: String, package: String) throws(LabError) -> String {
        for folder in ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        where Files.isAccessible("\(folder)/\(name)", X_OK) {
            return "\(folder)/\(name)"
        }
        throw LabError(
            .failed, cannot: "start virtual machines", cause: "\(name) is not installed", remedy: "apt-get install \(package)")
    }

    /// Starts a machine in the namespace of `host`.
    func start(_ machine: MachineSpec, on host: String) throws(LabError) -> ProcessIdentity {
        let attempt = "start the virtual machine '\(machine.port)'"
        let folder = layout.guestDirectory(machine.port)
        try Files.remove(folder, attempt: attempt)
        try Files.makeFolder(folder, attempt: attempt)
        guard let busybox = try Files.read(busybox, attempt: attempt) else {
            throw LabError(.failed, cannot: attempt, cause: "\(busybox) is gone", remedy: "apt-get install busybox-static")
        }
        let image = GuestImage(
            machine: machine, busybox: busybox, moduleFiles: try kernel.moduleFiles(GuestImage.modules), executable: executable)
        try Files.replace(layout.initramfs(machine.port), with: image.archive, attempt: attempt)
        let command = Command(
            emulator, machine.arguments(kernel: kernel.image, layout: layout, accelerator: accelerator),
            in: .named(layout.hostNamespace(host)))
        return try DetachedProcess.start(command, log: layout.machineLog(machine.port), attempt: attempt)
    }

    /// Waits until a machine takes commands.
    func wait(for port: String, process: ProcessIdentity, until deadline: MonotonicClock.Instant, interruption: Interruption)
        throws(LabError)
    {
        let attempt = "start the virtual machine '\(port)'"
        let command = MachineCommand(layout: layout, port: port, patience: .seconds(2))
        while true {
            try interruption.check(attempt)
            let null = try LabError.wrapping(attempt) { try Descriptor.open("/dev/null", flags: O_RDWR) }
            let code = try? command.run(
                ["true"], input: null.rawValue, output: null.rawValue, errorOutput: null.rawValue, forwardsSignals: false)
            if code == 0 { return }
            guard process.isRunning else {
                throw LabError(.failed, cannot: attempt, cause: "QEMU ended").adding(tails(port))
            }
            guard MonotonicClock.now() < deadline else {
                throw LabError(.timedOut, cannot: attempt, cause: "it does not take commands").adding(tails(port))
            }
            usleep(200_000)
        }
    }

    private func tails(_ port: String) -> [String] {
        [("QEMU", layout.machineLog(port)), ("its console", layout.consoleLog(port))].flatMap { name, path in
            let lines = Files.lastLines(of: path, count: AgentProcess.shownLineCount)
            return lines.isEmpty ? [] : ["the last lines of \(name):"] + lines.map { "  \($0)" }
        }
    }
}

extension MachineSpec {
    /// The machine of a guest.
    init(_ guest: LabGuest) {
        self.init(
            port: guest.name, device: guest.device, mac: guest.mac, addresses: guest.addresses, mtuByteCount: guest.mtuByteCount,
            queueCount: guest.queueCount, socket: guest.socket)
    }
}
