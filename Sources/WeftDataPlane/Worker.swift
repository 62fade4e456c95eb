import Glibc
import WeftForwarding
import WeftLinux
import WeftTypes
import WeftWire

/// One thread's part of the data path: its own sockets, its own queues, its own memory, both directions, run to completion.
///
/// A turn serves one descriptor: frames of one port are read, decided and sent (`Worker+PortIn.swift`), or datagrams of one
/// socket are received, decided, merged and written (`Worker+Underlay.swift`). Nothing is carried from turn to turn but what
/// ``PathMemory`` remembers. Between turns the worker looks for new tables and commands. No lock, no allocation per frame.
///
/// Safe: the kernel's structures are allocated once, indexed within their counts, and freed with the worker.
@safe struct Worker: ~Copyable {
    /// The most frames of a turn: one bit each in a ``TurnOutcome``.
    static let frameLimit = 64
    /// Bytes read in one turn before they are sent, so that they stay in the second-level cache.
    static let batchByteCount = 128 << 10
    /// Room for the largest frame: headers, tags and 64 KiB.
    static let frameByteCount = 66 << 10
    /// Datagrams received at once, at most, and room for each: UDP_GRO hands over up to 64 KiB.
    static let datagramLimit = 64
    static let datagramMinimum = 2
    static let datagramByteCount = 64 << 10
    /// From one receive buffer to the next. Not a power of two: the beginnings of the buffers, which is all that unmerged
    /// datagrams fill, would otherwise share the same few sets of every cache.
    static let datagramStride = datagramByteCount + 1536
    static let sliceLimit = 1024
    /// How long a worker looks for work before it sleeps, and after how many frames at most.
    static let lookingTime = Duration.microseconds(50)
    static let loneFrameLimit = 2
    /// Headers of cut superframes, answers and fragments.
    static let scratchByteCount = 512 << 10

    /// The most queues or sockets that it reads of one thing. Flows are spread among them and they are served in turn, so a lone
    /// packet does not wait behind all that a bulk transfer has queued.
    static let laneCount = 8

    /// A port as this worker sees it.
    struct Port {
        /// Keeps the devices open.
        var devices: [PortDevice] = []
        /// Where its frames are written.
        var line: PortLine?
        /// The VLANs of the device, where it is a trunk; frames without a tag are this port's, if it is the native one.
        var trunk: TrunkMap?
    }

    /// A queue of a port that this worker reads.
    struct Lane {
        let line: PortLine
        /// Whether the last turn found more than one frame: the next one then collects before it sends.
        var isBusy = false
        /// How many frames of a packet port fit a turn.
        var frameLimit = Worker.frameLimit
    }

    /// What is still to be settled about a frame of this turn.
    struct Pending {
        var row = 0
        var isFlood = false
        var isWaiting = false
        /// Whether a local port took a copy.
        var isSent = false
        var isIncomplete = false
        /// Whether it came by a tunnel and goes into another (X9).
        var isLate = false
        /// Whether it was too big for the path to a member.
        var isOversize = false
    }

    let number: Int
    let link: WorkerLink
    let control: ControlLink
    let underlays: [Underlay]
    var poller: Poller

    var tables: ForwardingTables
    var memory: PathMemory
    var ports: [Port] = []
    /// ``laneCount`` of each port.
    var lanes: [Lane?] = []
    var transmitter: Transmitter
    var coalescer = Coalescer()
    /// Frames of this turn that came by a tunnel and go into another.
    var lateCount = 0
    var answerer = ProbeAnswerer()
    var pending = [Pending](repeating: Pending(), count: frameLimit)
    var outcome = TurnOutcome()
    var hasEvents = false
    /// Whether the last wait was short.
    var looksAgain = false
    /// Frames and datagrams that came in since the last wait.
    var frameCount = 0
    var isStopping = false
    var now = Instant(nanoseconds: 0)

    /// Frames read from a port, each behind its offload header.
    let frames = ByteArena(byteCount: PacketReceiver.byteCount(slots: frameLimit))
    let packetReceiver: PacketReceiver
    var packetTransmitter = PacketTransmitter()
    let scratch = ByteArena(byteCount: scratchByteCount)
    var scratchUsed = 0
    /// Datagrams received, one every ``datagramStride`` bytes. Pages that nothing was received into cost nothing.
    let region = ByteArena(byteCount: datagramLimit * datagramStride)
    /// How many datagrams the next turn asks for: as many as, at the size of the last ones, fit the cache.
    var datagramCount = datagramLimit
    let receiveHeaders: UnsafeMutableBufferPointer<DatagramHeader>
    let receiveSlices: UnsafeMutableBufferPointer<iovec>
    let receiveNames = ByteArena(byteCount: datagramLimit * nameStride)
    let receiveControls = ByteArena(byteCount: datagramLimit * controlStride)
    let slices: UnsafeMutableBufferPointer<iovec>
    let fragmentHeader = ByteArena(byteCount: 256)
    /// The front of the frame being written.
    let portFront = ByteArena(byteCount: PortLine.frontByteCount)

    static let nameStride = 32
    static let controlStride = 128
    static let wakeToken: UInt64 = 0
    static let portToken: UInt64 = 1 << 32

    /// Sets up a worker that waits with `poller`, which ``poller(number:link:underlays:)`` has made.
    init(
        number: Int, link: WorkerLink, control: ControlLink, underlays: [Underlay],
        poller: consuming Poller, ageing: Duration
    ) {
        self.number = number
        self.link = link
        self.control = control
        self.underlays = underlays
        self.poller = poller
        memory = PathMemory(sources: SourceCache(ageing: ageing))
        packetReceiver = PacketReceiver(slots: Self.frameLimit, in: frames)
        transmitter = Transmitter(underlays: underlays)
        tables = ForwardingTables()
        unsafe receiveHeaders = .allocate(capacity: Self.datagramLimit)
        unsafe receiveHeaders.initialize(repeating: DatagramHeader())
        unsafe receiveSlices = .allocate(capacity: Self.datagramLimit)
        unsafe slices = .allocate(capacity: Self.sliceLimit)
        for slot in 0..<Self.datagramLimit { prepare(slot) }
        precondition(ControlMessages.receiveByteCount <= Self.controlStride, "control messages need more room")
        takeTables()
    }

    /// A poller for the sockets and commands of worker `number`.
    static func poller(number: Int, link: WorkerLink, underlays: [Underlay]) throws(LinuxError) -> Poller {
        let poller = try Poller()
        try poller.add(link.descriptor, token: wakeToken)
        for (index, underlay) in underlays.enumerated() {
            for lane in 0..<laneCount {
                let receiver = underlay.receivers[number * laneCount + lane]
                try poller.add(receiver.socket.rawValue, token: UInt64(index * laneCount + lane + 1))
            }
        }
        return poller
    }

    deinit {
        unsafe receiveHeaders.deallocate()
        unsafe receiveSlices.deallocate()
        unsafe slices.deallocate()
        for arena in [frames, scratch, region, fragmentHeader, portFront, receiveNames, receiveControls] {
            unsafe arena.deallocate()
        }
    }

    /// Forwards until it is told to stop.
    mutating func run() {
        while !isStopping {
            let count = wait()
            frameCount = 0
            takeTables()
            for index in 0..<count { serve(poller[index]) }
            if hasEvents {
                hasEvents = false
                control.wake()
            }
        }
    }

    /// Waits for work; returns how many descriptors are ready.
    ///
    /// Sleeping and being woken costs more than a lone packet does. So when a lone packet came soon after the last, the worker
    /// expects that again, as of requests and responses, and looks for it for a while, giving the processor to whoever else
    /// wants it between looks. After a wait that was long, and under load, it sleeps at once: an idle worker costs nothing, and a
    /// busy one finds more to do after each sleep.
    private mutating func wait() -> Int {
        let start = MonotonicClock.now()
        if looksAgain && frameCount <= Self.loneFrameLimit {
            repeat {
                guard case .transferred(let count) = poller.wait(timeout: .zero) else { break }
                now = MonotonicClock.now()
                if count > 0 { return count }
                sched_yield()
            } while start.duration(to: now) < Self.lookingTime
        }
        guard case .transferred(let count) = poller.wait(timeout: nil) else { return 0 }
        now = MonotonicClock.now()
        looksAgain = start.duration(to: now) < Self.lookingTime
        return count
    }

    /// Serves one descriptor that is ready.
    private mutating func serve(_ event: PollEvent) {
        switch event.token {
        case Self.wakeToken:
            link.acknowledge()
            while let command = link.takeCommand() { obey(command) }
        case Self.portToken...: servePort(Int(event.token - Self.portToken), readiness: event.readiness)
        default: receiveFromUnderlay(Int(event.token) - 1)
        }
    }

    private mutating func takeTables() {
        if link.tables.take(&tables) { transmitter.update(tables.fabric, underlays: underlays) }
    }

    private mutating func obey(_ command: WorkerCommand) {
        switch command {
        case .attach(let writer, let readers, let mergesUDP):
            attach(writer, readers)
            coalescer.mergesUDP = coalescer.mergesUDP && mergesUDP
        case .detach(let port, let latch):
            detach(Int(port.rawValue))
            latch.countDown()
        case .split(let port, let trunk): split(Int(port.rawValue), into: trunk)
        case .inject(let frames, let segment): inject(frames, into: segment)
        case .stop: isStopping = true
        }
    }

    private mutating func attach(_ writer: PortDevice, _ readers: [PortDevice]) {
        precondition(readers.count <= Self.laneCount, "\(readers.count) queues of \(writer.line.port) for one worker")
        let row = Int(writer.line.port.rawValue)
        makeRoom(for: row)
        detach(row)
        ports[row].devices = [writer] + readers
        ports[row].line = writer.line
        setLines(ofMembersOf: row)
        for (number, reader) in readers.enumerated() {
            let lane = row * Self.laneCount + number
            lanes[lane] = Lane(line: reader.line)
            do throws(LinuxError) {
                try poller.add(reader.line.descriptor, token: Self.portToken + UInt64(lane))
            } catch {
                return lose(lane, errno: error.errno)
            }
        }
    }

    private mutating func makeRoom(for row: Int) {
        while ports.count <= row {
            ports.append(Port())
            lanes.append(contentsOf: repeatElement(nil, count: Self.laneCount))
        }
    }

    /// Lets go of a port's device; what its VLANs are stays known for the next one.
    private mutating func detach(_ row: Int) {
        guard row < ports.count else { return }
        stopReading(row)
        ports[row].devices = []
        ports[row].line = nil
        setLines(ofMembersOf: row)
    }

    /// Makes a port's device a trunk, or no longer one.
    private mutating func split(_ row: Int, into trunk: TrunkMap?) {
        makeRoom(for: row)
        let line = ports[row].line
        ports[row].line = nil
        setLines(ofMembersOf: row)
        ports[row].line = line
        ports[row].trunk = trunk
        setLines(ofMembersOf: row)
    }

    /// The members of a trunk are written where its device is, each with its tag.
    private mutating func setLines(ofMembersOf row: Int) {
        guard let trunk = ports[row].trunk else { return }
        for member in trunk.members where member.port != trunk.native {
            makeRoom(for: Int(member.port.rawValue))
            ports[Int(member.port.rawValue)].line = ports[row].line?.member(member.port, tag: trunk.tag(for: member))
        }
    }

    private mutating func stopReading(_ row: Int) {
        for lane in row * Self.laneCount..<(row + 1) * Self.laneCount {
            guard let line = lanes[lane]?.line else { continue }
            try? poller.remove(line.descriptor)
            lanes[lane] = nil
        }
    }

    /// Stops reading the port of a lane that is broken, and says so once.
    mutating func lose(_ lane: Int, errno: Int32) {
        guard lane < lanes.count, let line = lanes[lane]?.line else { return }
        stopReading(lane / Self.laneCount)
        control.report(.lost(line.port, errno: errno))
    }

    /// Sends a learn event.
    mutating func note(_ event: LearnEvent?) {
        guard let event else { return }
        link.events.push(event)
        hasEvents = true
    }

    /// Sends the event of a claimed address.
    mutating func note(_ event: BindingEvent?) {
        guard let event else { return }
        link.bindings.push(event)
        hasEvents = true
    }
}
