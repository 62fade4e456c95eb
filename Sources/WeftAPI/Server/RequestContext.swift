import Hummingbird
import NIOCore
import WeftLinux

/// What a request is answered with besides itself: the connection it came by.
struct APIRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection.
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// Who has connected.
    ///
    /// - Throws: ``APIError`` `notPermitted` when the kernel does not tell.
    func peer() async throws(APIError) -> PeerCredentials {
        let channel = channel
        do {
            let credentials = try await channel.eventLoop.submit {
                // The descriptor is the channel's own and is open while the closure runs on its loop.
                try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
                    try PeerCredentials(ofPeerAt: $0)
                }
            }.get()
            if let credentials { return credentials }
            throw ChannelError.operationUnsupported
        } catch {
            throw APIError(
                .notPermitted, cannot: "change anything", on: "the agent", cause: "it can't tell who asks: \(error)",
                help: "use sudo")
        }
    }
}

/// Who may change something by the API: root, and the members of one group.
struct ChangePermission: Sendable {
    /// The group's name; the system need not have it.
    let group: String

    /// Checks the other end of a connection; the group is looked up anew, since it may be made while the agent runs.
    ///
    /// - Throws: ``APIError`` `notPermitted`.
    func check(_ context: APIRequestContext, to action: String) async throws(APIError) {
        let peer = try await context.peer()
        guard !Self.allows(peer, groupID: SocketFile.identifier(ofGroup: group)) else { return }
        throw APIError(
            .notPermitted, cannot: action, on: "the agent",
            cause: "user \(peer.userID) is neither root nor in the group \(group)",
            help: "use sudo, or join the group: sudo usermod -aG \(group) $USER")
    }

    /// Whether these credentials may change something; without a group only root's.
    static func allows(_ peer: PeerCredentials, groupID: UInt32?) -> Bool {
        peer.userID == 0 || groupID.map(peer.groupIDs.contains) ?? false
    }
}
