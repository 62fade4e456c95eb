import WeftSealing

/// The keys of a lab's fabric: one ring for all hosts, made when the lab is first brought up.
struct LabKeys {
    /// Where things are.
    let layout: LabLayout
    /// The fabric that the hosts gossip in.
    let fabric: String

    /// Gives a host the lab's key ring, unless it has one: its keys may have been changed since.
    func give(to host: String, attempt: String) throws(LabError) {
        let ring = try ring(attempt)
        let path = KeyRing.path(fabric: fabric, folder: layout.agentState(host))
        do throws(SealingError) {
            _ = try KeyRing.load(path)
        } catch {
            guard error.kind == .missing else { throw Self.failure(attempt, error) }
            do throws(SealingError) { try ring.create(path) } catch { throw Self.failure(attempt, error) }
        }
    }

    private func ring(_ attempt: String) throws(LabError) -> KeyRing {
        do throws(SealingError) {
            return try KeyRing.load(layout.keys)
        } catch {
            guard error.kind == .missing else { throw Self.failure(attempt, error) }
            var random = SystemRandomNumberGenerator()
            let ring = KeyRing(RingKey(using: &random))
            do throws(SealingError) { try ring.create(layout.keys) } catch { throw Self.failure(attempt, error) }
            return ring
        }
    }

    private static func failure(_ attempt: String, _ error: SealingError) -> LabError {
        LabError(.failed, cannot: attempt, cause: error.description)
    }
}
