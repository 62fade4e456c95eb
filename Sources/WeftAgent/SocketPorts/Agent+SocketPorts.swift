import Logging
import WeftControl
import WeftLinux
import WeftNetlink
import WeftTopology

/// Ports of kind `socket`: beside the device, which is made as that of kind `tap`, each has a ``Relay``, which the agent starts when the device is there and
/// ends when the port is gone.
extension Agent {
    /// This host's ports whose guests are at a socket, and not in a lab's namespace.
    private var socketPorts: [Port] {
        loaded.topology.ports(on: loaded.host.name).filter { port in
            port.kind == .socket && options.placement.namespace(of: port) == nil
        }
    }

    /// What the relay of a port needs; nil where the owner is not known on this host.
    private func socketPort(_ port: Port) -> SocketPort? {
        guard let socket = port.socket, let device = device(of: port) else { return nil }
        // A lab's machines are root's.
        guard case .host = options.placement, let owner = port.owner else {
            return SocketPort(name: port.name, device: device, options: socket, identity: .root)
        }
        guard let user = try? HostFacts.userID(of: owner) else { return nil }
        let identity = user == 0 ? FileIdentity.root : FileIdentity(userID: user)
        return SocketPort(name: port.name, device: device, options: socket, identity: identity)
    }

    /// Starts relays for ports whose devices are there and as they should be. One that runs goes on also while its device is repaired: the
    /// guest's program stays connected.
    func startRelays(_ links: [Link]) {
        stopFormerRelays()
        let aliases = Set(links.compactMap(\.alias))
        for port in socketPorts where relays[port.name] == nil {
            guard let wanted = socketPort(port), isMade(port), let mark = port.kind.mark,
                aliases.contains(loaded.topology.mark(mark, port.name).alias)
            else { continue }
            do throws(LinuxError) {
                relays[port.name] = try Relay(wanted, logger: logger)
            } catch {
                logger.error("socket port not served", metadata: ["port": "\(port.name)", "cause": "\(error)"])
            }
        }
    }

    /// Ends the relays of ports that are gone or other than they were.
    func stopFormerRelays() {
        let wanted = Dictionary(socketPorts.map { ($0.name, socketPort($0)) }) { $1 }
        for (name, relay) in relays where wanted[name] != relay.port { stop(relay) }
    }

    /// Ends all relays.
    func stopRelays() {
        for relay in relays.values { stop(relay) }
    }

    private func stop(_ relay: Relay) {
        relay.stop()
        relays[relay.port.name] = nil
    }

    /// How far a port is whose guest is at a socket: the way to the guest counts, where the device is as it should be.
    func relayStatus(of port: Port) -> ObjectStatus? {
        guard port.kind == .socket, isMade(port), let relay = relays[port.name] else { return nil }
        switch relay.state.link {
        case .up: return .up
        case .down(let cause): return .down(cause)
        case .error(let cause): return .error(cause)
        }
    }

    /// What keeps sockets from being made or used.
    var socketObstacles: [String] {
        socketPorts.compactMap { port in
            guard case .error(let cause)? = relayStatus(of: port) else { return nil }
            return "port \(port.name): \(cause)"
        }
    }
}
