import Glibc
import Logging
import WeftAPI
import WeftControl
import WeftGossip
import WeftGossipShell
import WeftLinux
import WeftTopology
import WeftTopologyFile
import WeftTypes

/// The agent's part in the revisions of the fabric: it carries out what ``WeftTopology/RevisionCommit`` decides.
extension Agent {
    // MARK: Beginning

    /// Goes on with the revisions that are on this host's disk. What cannot be read leaves the file in charge.
    func openRevisions() {
        guard let name = TopologyName(options.host) else { return }
        let saved: SavedRevisions
        do throws(RevisionStoreError) {
            saved = try revisions.store.load() ?? SavedRevisions()
        } catch {
            revisions.failure = error.description
            logger.error("revisions not read, the file rules", metadata: ["cause": "\(error)"])
            return
        }
        let running = saved.current.flatMap { revisions.store.revision($0.id) }.map { ExaminedRevision($0) }
        var effects: [RevisionCommit.Effect] = []
        let commit = RevisionCommit(
            host: name, saved: saved, running: running, confirmTime: timeToConfirm(running), now: MonotonicClock.now(),
            into: &effects)
        revisions.commit = commit
        if let ruling = commit.saved.ruling { rule(by: ruling) }
        carryOut(effects)
    }

    /// How long a revision that was not confirmed may still run: what its time leaves, by this host's clock and the revision's own.
    private func timeToConfirm(_ running: ExaminedRevision?) -> Duration? {
        guard let header = running?.header, header.confirmSeconds > 0 else { return nil }
        let end = Int64(clamping: header.time) + Int64(header.confirmSeconds)
        return .seconds(min(max(0, end - Int64(time(nil))), Int64(header.confirmSeconds)))
    }

    /// Makes a revision what this host should be; only says so to ``loaded``, and that there is a difference.
    private func rule(by stamp: RevisionStamp?) {
        do throws(APIError) {
            let source: LoadedTopology.Source
            if let stamp {
                guard let revision = revisions.store.revision(stamp.id) else {
                    throw APIError(
                        .failed, cannot: "use topology", on: "revision \(stamp.number)",
                        cause: "its content is not in \(revisions.store.folder)", help: "apply a file again, on any host")
                }
                source = .revision(stamp, file: revision.file, isLocal: stamp == revisions.saved.override)
            } else {
                source = .options
            }
            guard source != loaded.source else { return }
            loaded = try LoadedTopology(options, source: source, underlay: loaded.host.underlay)
            reloadFailure = nil
        } catch {
            reloadFailure = "\(error)"
            logger.error("topology refused, the one before it rules", metadata: ["cause": "\(error)"])
        }
    }

    // MARK: Effects

    /// Hands an input to the commit and carries out what it says.
    func tell(_ input: RevisionCommit.Input) {
        guard var commit = revisions.commit else { return }
        var effects: [RevisionCommit.Effect] = []
        commit.handle(input, now: MonotonicClock.now(), into: &effects)
        revisions.commit = commit
        carryOut(effects)
    }

    private func carryOut(_ effects: [RevisionCommit.Effect]) {
        var isKept = true
        for effect in effects {
            switch effect {
            case .save(let saved): isKept = keep(saved)
            case .publish: if isKept { publishRecords() }
            case .obtain(let stamp, let hosts): obtain(stamp, from: hosts)
            case .run(let stamp): run(stamp)
            case .outcome(let serial, let outcome): revisions.waiting.removeValue(forKey: serial)?.resume(returning: outcome)
            case .conflict(let host, let stamp):
                note(
                    .revisionConflict, host.text,
                    "runs \(stamp) (\(stamp.id.short)), which does not continue what this host runs: the two sides were changed apart; apply a file to all hosts"
                )
            case .wake(let moment): wake(at: moment)
            }
        }
    }

    /// Whether it is on disk now.
    private func keep(_ saved: SavedRevisions) -> Bool {
        do throws(RevisionStoreError) {
            try revisions.store.save(saved)
            revisions.failure = nil
            return true
        } catch {
            revisions.failure = error.description
            logger.error("revision not kept, nobody is told of it", metadata: ["cause": "\(error)"])
            return false
        }
    }

    private func wake(at moment: Instant) {
        revisions.wakeCount += 1
        let number = revisions.wakeCount
        Task {
            try? await Task.sleep(for: max(.milliseconds(1), MonotonicClock.now().duration(to: moment)))
            if revisions.wakeCount == number { tell(.tick) }
        }
    }

    private func run(_ stamp: RevisionStamp?) {
        let place = stamp.map { "revision \($0.number)" } ?? options.topologySource
        note(.revision, place, "runs on this host now")
        rule(by: stamp)
        revisions.store.prune(revisions.saved)
        offerContents()
        Task { await applyLoaded() }
    }

    // MARK: Content

    /// Lets others fetch what this host runs or proposes.
    func offerContents() {
        guard let gossip else { return }
        let saved = revisions.saved
        for id in [saved.current?.id, saved.proposal?.stamp.id].compactMap(\.self) {
            if let content = revisions.store.content(id) { gossip.offer(content) }
        }
    }

    private func obtain(_ stamp: RevisionStamp, from hosts: [TopologyName]) {
        if let revision = revisions.store.revision(stamp.id) { return obtained(revision) }
        guard let gossip, stamp.byteCount <= Revision.maximumByteCount else { return tell(.notObtained(stamp.id)) }
        guard let content = ContentID(bytes: stamp.id.bytes) else { return tell(.notObtained(stamp.id)) }
        let view = gossip.view
        let nodes = hosts.flatMap { host in
            view.nodes.filter { $0.value.record?.name == host.text }.map(\.key).sorted()
        }
        // Who is not there costs seconds of waiting.
        let present = nodes.filter { view.nodes[$0]?.state?.isPresent == true }
        revisions.fetching[stamp.id] = stamp
        gossip.fetch(content, byteCount: stamp.byteCount, from: present + nodes.filter { !present.contains($0) })
    }

    /// Gossip has brought a content, or could not.
    func fetched(_ id: ContentID, _ content: [UInt8]?) {
        guard let id = RevisionID(bytes: id.bytes), revisions.fetching.removeValue(forKey: id) != nil else { return }
        guard let revision = content.flatMap({ Revision(content: $0) }) else { return tell(.notObtained(id)) }
        do throws(RevisionStoreError) {
            try revisions.store.keep(revision)
        } catch {
            logger.error("revision not kept", metadata: ["cause": "\(error)"])
            return tell(.notObtained(id))
        }
        obtained(revision)
    }

    private func obtained(_ revision: Revision) { tell(.obtained(ExaminedRevision(revision, problem: problem(with: revision)))) }

    /// Why this host can't carry out a revision.
    private func problem(with revision: Revision) -> String? {
        let environment = ValidationEnvironment(host: options.host, underlayMTU: report?.underlay.mtu)
        let result = TopologyFile.load(bytes: revision.file, file: "revision \(revision.number)", in: environment)
        guard let topology = result.topology else { return "the file has errors:\n" + result.text() }
        guard topology.name == loaded.topology.name else {
            return "it describes fabric '\(topology.name)', and this agent is of '\(loaded.topology.name)'"
        }
        if let host = topology.host(named: loaded.host.name), host.kind != .agent {
            return "it says that \(host.name) is a plain VTEP, and an agent runs there"
        }
        return nil
    }

    // MARK: News

    /// What other nodes tell of their revisions, by the names of their hosts.
    func newsChanged(of id: NodeID, _ view: FabricView) {
        guard let node = view.nodes[id], let name = node.record.flatMap({ TopologyName($0.name) }) else { return }
        // Of several nodes with one name the one that is there counts; a node whose disk was lost left a dead one behind.
        let others = view.nodes.filter { $0.key != id && $0.value.record?.name == name.text }
        guard node.state?.isPresent == true || !others.contains(where: { $0.value.state?.isPresent == true }) else { return }
        tell(.news(name, node.revision.map { RevisionNews($0) }))
    }

    /// Which hosts are there.
    func presenceChanged(of id: NodeID, _ view: FabricView) {
        guard let record = view.nodes[id]?.record, let name = TopologyName(record.name) else { return }
        let isPresent = view.nodes.contains { $0.value.record?.name == record.name && $0.value.state?.isPresent == true }
        tell(.presence(name, isPresent))
        newsChanged(of: id, view)
    }
}
