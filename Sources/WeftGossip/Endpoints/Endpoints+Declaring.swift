import WeftTypes

// What the topology says, and the ports that come and go.

extension Endpoints {
    /// Takes over the list of declared stations; they are published at once, before they speak.
    mutating func declare(_ declarations: [EndpointDeclaration]) {
        var wanted: [EndpointKey: EndpointDeclaration] = [:]
        for declaration in declarations where declaration.key.mac.isStation { wanted[declaration.key] = declaration }
        let gone = locals.filter { $0.value.declaration != nil && wanted[$0.key] == nil }.keys.sorted()
        for key in gone { endDeclaration(of: key) }
        for key in wanted.keys.sorted() {
            guard let declaration = wanted[key], locals[key]?.declaration != declaration else { continue }
            begin(declaration)
        }
    }

    private mutating func endDeclaration(of key: EndpointKey) {
        guard let local = locals[key] else { return }
        unbindDeclaredAddresses(of: key)
        locals[key]?.declaration = nil
        locals[key]?.endConflicts()
        // From now on it counts as learnt.
        learning[LearningPlace(vni: key.vni, port: local.port), default: Learning()].count += 1
        if local.isSeen { settle(key) } else { dropUnseen(key) }
    }

    private mutating func begin(_ declaration: EndpointDeclaration) {
        let key = declaration.key
        if let local = locals[key] {
            unbindDeclaredAddresses(of: key)
            uncount(key, local)
            if local.declaration?.port != declaration.port { locals[key]?.isPortGone = false }
        } else {
            locals[key] = LocalStation(port: declaration.port)
        }
        locals[key]?.declaration = declaration
        locals[key]?.endConflicts()
        if locals[key]?.isSeen == false { locals[key]?.port = declaration.port }
        dropUndeclaredAddresses(of: key)
        if locals[key]?.isOwned == true { bindDeclaredAddresses(of: key) }
        settle(key)
    }

    /// A port has come: its declared stations are here, unless another holds that they are there.
    mutating func portAttached(_ port: LocalPort, takesOver: Bool) {
        for key in locals.filter({ $0.value.declaration?.port == port }).keys.sorted() {
            locals[key]?.isPortGone = false
            locals[key]?.port = port
            if takesOver, locals[key]?.isOwned == false, let former = former(of: key), !former.isSticky, !isBarred(key) {
                takeFrom(former, key)
                beginAnnouncing(key)
            } else {
                settle(key)
            }
        }
    }

    /// A port has gone, and all behind it; with a segment, it has only left that.
    mutating func portGone(_ port: LocalPort, from vni: VNI? = nil) {
        let keys = locals.filter { key, local in
            (vni == nil || key.vni == vni) && (local.port == port || local.declaration?.port == port)
        }.keys.sorted()
        for key in keys {
            guard let local = locals[key] else { continue }
            if local.declaration?.port == port { locals[key]?.isPortGone = true }
            if local.port == port {
                locals[key]?.isInBridge = false
                locals[key]?.lastFrame = nil
                locals[key]?.lastSeen = nil
            }
            guard locals[key]?.isCandidate == false else {
                // It is where it is declared, if it isn't seen.
                if let declared = local.declaration, local.port == port { locals[key]?.port = declared.port }
                continue
            }
            disown(key)
            if local.declaration == nil { removeLocal(key) }
            settle(key)
        }
        for place in learning.filter({ $0.key.port == port && (vni == nil || $0.key.vni == vni) && $0.value.count == 0 }).keys {
            learning[place] = nil
        }
    }
}
