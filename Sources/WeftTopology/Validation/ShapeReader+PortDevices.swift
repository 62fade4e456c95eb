/// What a port says about its device.
extension ShapeReader {
    static let socketKeys = ["path", "mode", "listen"]

    /// Reads the options that belong to one kind of device.
    mutating func readDeviceOptions(of fields: Fields, into port: inout PortDraft) {
        port.queues =
            number("queues", of: fields, in: 1...256, code: .queuesRange) { "\($0) queues; a TAP has 1…256" }?.value ?? 1
        port.owner = pathSafe("owner", of: fields, maximumCount: 32, what: "user")
        port.namespace = pathSafe("netns", of: fields, maximumCount: 64, what: "network namespace")
        port.socket = socket(of: fields)
    }

    /// A name that stays one component of a path.
    private mutating func pathSafe(_ key: String, of fields: Fields, maximumCount: Int, what: String) -> String? {
        guard let text = text(key, of: fields) else { return nil }
        // A user's name may begin with an underscore, as those of many services do.
        let checked = key == "owner" && text.value.hasPrefix("_") ? text.value.dropFirst() : text.value[...]
        guard DeviceName.isPathSafe(checked), text.value.utf8.count <= maximumCount else {
            problems.report(
                .invalidText, at: text.span,
                "\(fields.label): '\(text.value.shortened)' is not the name of a \(what); use [A-Za-z0-9][A-Za-z0-9_.-]*, at most \(maximumCount)"
            )
            return nil
        }
        return text.value
    }

    private mutating func socket(of fields: Fields) -> PortDraft.SocketDraft? {
        guard let field = fields["socket"],
            let keys = self.fields(
                of: field.node, label: "\(field.label): 'socket'", span: field.keySpan, known: Self.socketKeys)
        else { return nil }
        var socket = PortDraft.SocketDraft()
        if !keys.has("path") { reportMissing("path", in: keys, help: "add the path of the unix socket: path: /run/vm1.sock") }
        socket.mode = word("mode", of: keys)?.value ?? .stream
        if let path = text("path", of: keys) {
            if SocketOptions.isPath(path.value, socket.mode) {
                socket.path = path
            } else {
                problems.report(
                    .invalidText, at: path.span,
                    "\(field.label): '\(path.value.shortened)' is not the path of a socket; use an absolute one without '..', at most \(SocketOptions.maximumPathByteCount(socket.mode)) bytes"
                )
            }
        }
        socket.listens = flag("listen", of: keys) ?? true
        return socket
    }
}
