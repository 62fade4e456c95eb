/// What a port says about its device.
extension ShapeReader {
    private enum SocketMode: String, CaseIterable {
        case stream, dgram
    }

    /// Reads the options that belong to one kind of device.
    mutating func readDeviceOptions(of fields: Fields, into port: inout PortDraft) {
        port.queues =
            number("queues", of: fields, in: 1...256, code: .queuesRange) { "\($0) queues; a TAP has 1…256" }?.value ?? 1
        port.owner = pathSafe("owner", of: fields, maximumCount: 32, what: "user")
        port.namespace = pathSafe("netns", of: fields, maximumCount: 64, what: "network namespace")
        readSocket(of: fields)
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

    /// Checks the shape of `socket`; ports of that kind come with a later version.
    private mutating func readSocket(of fields: Fields) {
        guard let field = fields["socket"],
            let socket = self.fields(
                of: field.node, label: "\(field.label): 'socket'", span: field.keySpan, known: ["path", "mode", "listen"])
        else { return }
        if !socket.has("path") { reportMissing("path", in: socket, help: "add the path of the unix socket: path: /run/vm1.sock") }
        _ = text("path", of: socket)
        _ = word("mode", of: socket, as: SocketMode.self)
        _ = flag("listen", of: socket)
    }
}
