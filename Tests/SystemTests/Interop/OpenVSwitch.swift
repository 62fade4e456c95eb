import Glibc
import WeftLinux

/// Open vSwitch in a namespace, forwarding in user space, with its database, sockets and logs in a folder of the test.
final class OpenVSwitch {
    private let place: Place
    private let folder: String
    private let database: RunningProgram
    private let daemon: RunningProgram

    /// Starts a database and a switch with nothing in it.
    init(in place: Place, folder: String) throws {
        self.place = place
        self.folder = folder
        let schema = "/usr/share/openvswitch/vswitch.ovsschema"
        try place.run(["ovsdb-tool", "create", "\(folder)/conf.db", schema])
        let environment = [
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "OVS_RUNDIR": folder, "OVS_LOGDIR": folder, "OVS_DBDIR": folder,
            "OVS_SYSCONFDIR": folder,
        ]
        let socket = "\(folder)/db.sock"
        database = try place.start(
            [
                "ovsdb-server", "\(folder)/conf.db", "--remote=punix:\(socket)", "--unixctl=\(folder)/db.ctl",
                "--pidfile=\(folder)/db.pid", "-vsyslog:off",
            ], environment: environment)
        try poll("ovsdb-server answers") { unsafe access(socket, F_OK) == 0 }
        try place.run(["ovs-vsctl", "--db=unix:\(socket)", "--no-wait", "init"])
        daemon = try place.start(
            [
                "ovs-vswitchd", "unix:\(socket)", "--unixctl=\(folder)/switch.ctl", "--pidfile=\(folder)/switch.pid",
                "-vsyslog:off",
            ], environment: environment)
        try poll("ovs-vswitchd answers") { unsafe access("\(folder)/switch.ctl", F_OK) == 0 }
    }

    /// Changes the configuration and waits until the switch has taken it on.
    func configure(_ line: String) throws {
        let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
        try place.run(["ovs-vsctl", "--db=unix:\(folder)/db.sock", "--timeout=20"] + words)
    }

    /// Asks the switch itself.
    @discardableResult
    func ask(_ line: String) throws -> String {
        try place.run(["ovs-appctl", "-t", "\(folder)/switch.ctl"] + line.split(separator: " ").map(String.init))
    }

    /// Ends both programs.
    func stop() throws {
        try daemon.stop()
        try database.stop()
    }
}
