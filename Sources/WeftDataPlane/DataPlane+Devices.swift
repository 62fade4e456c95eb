import Glibc
import WeftForwarding
import WeftLinux

// What the workers read and write, and who of them reads it. <doc:Ports> tells which kind of device suits which guest.

extension DataPlane {
    /// Reads and writes a TAP as `port` from now on; its offloads are probed and set.
    ///
    /// Further queues of a multi-queue device, ``laneCount`` in all, are opened here, by name, in the network namespace of the
    /// calling thread. An earlier device of the same port is let go.
    /// - Returns: what the device's readers can now take unfinished.
    @discardableResult
    public func attach(_ port: PortIndex, queue: consuming TapQueue) throws(LinuxError) -> TapOffloads {
        let facts = try queue.facts()
        var queues = TapQueues(queue)
        if facts.isMultiQueue { try queues.open(name: facts.name, upTo: laneCount) }
        return try attach(port, queues: queues)
    }

    /// Reads and writes the queues of a TAP as `port` from now on, wherever the device is: they are spread among the workers.
    ///
    /// Queues beyond ``laneCount`` are closed, and the kernel uses the others. Where it refuses to keep each flow on one queue, there is
    /// one per worker: a flow that moves between queues of the same worker would overtake itself for nothing.
    /// - Returns: what the device's readers can now take unfinished.
    @discardableResult
    public func attach(_ port: PortIndex, queues: consuming TapQueues) throws(LinuxError) -> TapOffloads {
        precondition(queues.hasVirtioNetHeader, "\(queues.name), for \(port), has no offload headers")
        var queues = queues
        var devices: [PortDevice] = []
        var offloads = TapOffloads()
        var steering = Offloads.Steering.single
        var limit = min(laneCount, queues.count)
        while devices.count < limit, let queue = queues.removeFirst() {
            if devices.isEmpty {
                offloads = try queue.probeOffloads()
                if limit > 1, queue.steerByFlow() {
                    steering = .flow
                } else if limit > 1, workerCount > 1 {
                    steering = .kernel
                    limit = min(limit, workerCount)
                } else {
                    limit = 1
                }
            }
            devices.append(PortDevice(port, queue: queue))
        }
        attach(devices, offloads: offloads, steering: steering)
        return offloads
    }

    /// Reads and writes a device that is not ours as `port` from now on, past the host's stack: a VM's TAP, or the host's end
    /// of a veth pair. Its sockets, ``laneCount`` where there can be several, are spread among the workers. See
    /// ``WeftLinux/PacketSocket`` for what the caller must do to the device.
    ///
    /// - Returns: what the guest may hand over unfinished, if its own device does.
    @discardableResult
    public func attach(_ port: PortIndex, sockets: consuming PacketSockets) -> TapOffloads {
        var sockets = sockets
        precondition(sockets.count <= laneCount, "\(sockets.count) sockets on \(sockets.name) for \(laneCount) lanes")
        var offloads: TapOffloads = [.checksum, .tcp4, .tcp6, .tcpECN]
        let (major, minor) = HostFacts.kernelVersion
        if (major, minor) >= (6, 2) { offloads.formUnion(.udp) }  // VIRTIO_NET_HDR_GSO_UDP_L4
        var devices: [PortDevice] = []
        while let socket = sockets.removeFirst() { devices.append(PortDevice(port, socket: socket)) }
        attach(devices, offloads: offloads, steering: devices.count > 1 ? .flow : .single)
        return offloads
    }

    /// Makes the device of `port` a trunk, whether or not it is attached already: its frames are those of `trunk`'s ports from
    /// now on; nil makes it a device of one segment again. The trunk stays when the device is let go.
    ///
    /// Ports that the tables do not know yet, or no longer, drop what is theirs: when both change, tell what stays first, see
    /// ``WeftForwarding/TrunkMap/intersection(_:)``, then ``configure(_:stations:)``, then the whole.
    public func split(_ port: PortIndex, into trunk: TrunkMap?) {
        state.withLock { state in
            if trunk == nil { state.trunks.remove(port) } else { state.trunks.insert(port) }
        }
        for link in links { link.send(.split(port, trunk)) }
    }

    /// How many queues or sockets of a port are read, by all workers together.
    public var laneCount: Int { max(Worker.laneCount, workerCount) }

    private func attach(_ devices: [PortDevice], offloads: TapOffloads, steering: Offloads.Steering) {
        guard let first = devices.first else { return }
        let port = first.line.port
        state.withLock { state in
            state.forget(port)
            state.portOffloads[port] = offloads
            state.portSteering[port] = steering
            if first.line.kind == .packet { state.packetPorts[port] = devices }
        }
        for (number, link) in links.enumerated() {
            // A single one is read by one worker, not by the same for all ports.
            let readers = devices.indices.filter { ($0 + (devices.count > 1 ? 0 : Int(port.rawValue))) % workerCount == number }
            link.send(
                .attach(
                    writing: devices[number % devices.count], reading: readers.map { devices[$0] },
                    mergesUDP: offloads.contains(.udp)))
        }
    }

    /// Lets go of a port's device: after this returns its queues are closed, unless a worker is stuck in the kernel.
    public func detach(_ port: PortIndex) throws(LinuxError) {
        let isRunning = state.withLock { state in
            state.forget(port)
            return state.isRunning
        }
        let latch = try Latch(count: links.count)
        for link in links { link.send(.detach(port, latch)) }
        if isRunning { _ = latch.wait(milliseconds: 2000) }
    }

    /// Reports packet ports whose device was deleted: their sockets fall silent, so that no worker can tell.
    func lookAtDevices() {
        let gone = state.withLock { state in
            let gone = state.packetPorts.filter { $0.value.first?.isGone == true }.keys.sorted()
            for port in gone { state.forget(port) }
            return gone
        }
        for port in gone { control.report(.lost(port, errno: ENODEV)) }
    }
}

extension DataPlane.State {
    /// Forgets a port's device.
    mutating func forget(_ port: PortIndex) {
        portOffloads[port] = nil
        portSteering[port] = nil
        for device in packetPorts.removeValue(forKey: port) ?? [] { formerKernelDropCount += device.kernelDropCount }
    }
}
