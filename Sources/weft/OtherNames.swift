import WeftAPI
import WeftCLI

/// What the program does under another name: links to it stand where other programs look for helpers of theirs.
enum OtherNames {
    /// Does what the name asks for that the program was started by; nil when it is an ordinary one.
    static func run(_ words: [String], environment: [String: String]) async -> ExitStatus? {
        let name = words.first?.split(separator: "/").last.map(String.init)
        let rest = Array(words.dropFirst())
        let console = Console(mode: .never, environment: environment)
        switch name {
        case QEMUHelper.name: return QEMUHelper.run(rest, console: console)
        case LibvirtHook.name:
            let client = AgentClient(socketPath: environment["WEFT_SOCKET"] ?? AgentClient.defaultSocketPath)
            return await LibvirtHook.run(rest, client: client, console: console)
        default: return nil
        }
    }
}
