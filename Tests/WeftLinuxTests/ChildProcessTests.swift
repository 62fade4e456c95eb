import Glibc
import Testing
import WeftLinux
import WeftTypes

@Suite struct ChildProcessTests {
    @Test func collectsOutputAndStatus() throws {
        let outcome = try Command("sh", ["-c", "echo out; echo err >&2; exit 3"]).run(timeout: .seconds(20))
        #expect(outcome.status == .exited(3))
        #expect(outcome.standardOutput == "out\n")
        #expect(outcome.standardError == "err\n")
        #expect(!outcome.isSuccess)
    }

    @Test func passesEnvironmentAndDirectory() throws {
        var command = Command("/bin/sh", ["-c", "echo $COLOUR; pwd; env | wc -l"])
        command.environment = ["COLOUR": "blue", "PATH": "/usr/bin:/bin"]
        command.workingDirectory = "/proc"
        let lines = try command.run(timeout: .seconds(20)).standardOutput.split(separator: "\n")
        #expect(lines.prefix(2) == ["blue", "/proc"])
        #expect(lines.count == 3)
    }

    @Test func handsOnChosenDescriptorsOnly() throws {
        let left = try Descriptor.open("/dev/zero", flags: O_RDONLY)
        let right = try Descriptor.open("/dev/full", flags: O_RDWR)
        try left.setCloseOnExec(false)  // closed nevertheless
        var command = Command("sh", ["-c", "readlink /proc/$$/fd/3 /proc/$$/fd/4; ls /proc/$$/fd | tr '\\n' ' '"])
        command.descriptors = [3: right.rawValue, 4: left.rawValue]
        let outcome = try command.run(timeout: .seconds(20))
        #expect(outcome.standardOutput.hasPrefix("/dev/full\n/dev/zero\n0 1 2 3 4 "))
    }

    @Test func swapsDescriptors() throws {
        let low = try Descriptor.open("/dev/zero", flags: O_RDONLY).duplicate(atLeast: 40)
        let high = try Descriptor.open("/dev/full", flags: O_RDWR).duplicate(atLeast: 41)
        var command = Command("sh", ["-c", "readlink /proc/$$/fd/\(low.rawValue) /proc/$$/fd/\(high.rawValue)"])
        command.descriptors = [low.rawValue: high.rawValue, high.rawValue: low.rawValue]
        #expect(try command.run(timeout: .seconds(20)).standardOutput == "/dev/full\n/dev/zero\n")
    }

    @Test func namesAMissingProgram() {
        let name = "/nonexistent/program"
        #expect(throws: LinuxError(.spawn, name, errno: ENOENT)) { try ChildProcess(Command(name)) }
    }

    @Test func waitsWithATimeoutAndTerminates() throws {
        let child = try ChildProcess(Command("sleep", ["60"]))
        #expect(try child.wait(timeout: .milliseconds(20)) == nil)
        #expect(try child.terminate(grace: .seconds(10)) == .signalled(SIGTERM))
        #expect(try child.wait() == .signalled(SIGTERM))
        #expect(try !child.signal(SIGKILL))
        #expect(ChildProcess.ExitStatus.signalled(15).shellStatus == 143)
    }

    @Test func killsWhatDoesNotListen() throws {
        let child = try ChildProcess(Command("sh", ["-c", "trap '' TERM; while :; do sleep 0.05; done"]))
        usleep(200_000)
        #expect(try child.terminate(grace: .milliseconds(100)) == .signalled(SIGKILL))
    }

    @Test func stopsWaitingForOutput() {
        #expect(throws: LinuxError(.wait, "sleep 60", errno: ETIMEDOUT)) {
            try Command("sleep", ["60"]).run(timeout: .milliseconds(30))
        }
    }

    @Test func givesSignalsTheirDefaults() throws {
        // From a thread that blocks nearly everything, as worker threads do.
        let thread = try WorkerThread(name: "spawner") {
            let outcome = try? Command("grep", ["-E", "Sig(Blk|Ign)", "/proc/self/status"]).run(timeout: .seconds(20))
            // Bits 31 and 32: the two signals that glibc keeps for itself.
            #expect(outcome?.standardOutput == "SigBlk:\t0000000000000000\nSigIgn:\t0000000180000000\n")
        }
        thread.join()
    }

    @Test(.needsPrivileges) func runsInANamespace() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        try ip("-n \(sandbox.name("a")) link add only0 type veth peer name only1")
        var command = Command("ip", ["-o", "link"], in: namespace)
        #expect(try command.run(timeout: .seconds(20)).standardOutput.contains("only0"))
        command = Command("ls", ["/sys/class/net"], in: namespace)
        #expect(try !command.run(timeout: .seconds(20)).standardOutput.contains("only0"))
        command.remountsSysfs = true
        #expect(try command.run(timeout: .seconds(20)).standardOutput.contains("only0"))
        #expect(try SmallFile.names(in: "/sys/class/net")?.contains("only0") == false)
    }

    @Test func leadsASessionWhenAsked() throws {
        var command = Command("sh", ["-c", "cut -d' ' -f6 /proc/$$/stat; echo $$"])
        command.isSessionLeader = true
        let lines = try command.run(timeout: .seconds(20)).standardOutput.split(separator: "\n")
        #expect(lines.count == 2 && lines.first == lines.last)
    }
}
