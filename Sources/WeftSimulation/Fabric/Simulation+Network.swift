import WeftGossip
import WeftTypes

extension Simulation {
    /// Sends a datagram: it is counted, and arrives as often and as late as the network likes.
    func transmit(_ bytes: [UInt8], from sender: Int, to address: GossipAddress) {
        deliver(stations[sender].isNewer ? newer(bytes) : bytes, from: sender, to: address)
        if stations[sender].isNewer, random.next() & 15 == 0 {
            // A datagram that only later versions read.
            deliver(Array(bytes.prefix(Self.datagramHeaderByteCount)) + [0x1F, 0, 2, 0xBE, 0xEF], from: sender, to: address)
        }
    }

    private static var datagramHeaderByteCount: Int { 25 }

    /// A datagram with a part that this version doesn't know and may skip, if there is room.
    private func newer(_ bytes: [UInt8]) -> [UInt8] {
        let part: [UInt8] = [0x9E, 0, 3, 1, 2, 3]
        return bytes.count + part.count <= configuration.datagramByteLimit ? bytes + part : bytes
    }

    private func deliver(_ bytes: [UInt8], from sender: Int, to address: GossipAddress) {
        stations[sender].traffic.datagramCount += 1
        stations[sender].traffic.byteCount += bytes.count + Traffic.sealingByteCount + Traffic.headerByteCount
        guard let receiver = Addressing.node(at: address), receiver < stations.count, stations[receiver].address == address else {
            return
        }
        for cut in cuts where cut.from.contains(sender) && cut.to.contains(receiver) {
            if cut.loss == .always || cut.loss.occurs(&random) { return }
        }
        guard !conditions.loss.occurs(&random) else { return }
        let from = stations[sender].address
        post(bytes, from: from, to: receiver, after: conditions.drawDelay(&random))
        if conditions.duplication.occurs(&random) {
            post(bytes, from: from, to: receiver, after: conditions.drawDelay(&random))
        }
        if conditions.replay.occurs(&random) {
            let age = NetworkConditions.draw(0, conditions.replayAge.wholeNanoseconds, &random)
            post(bytes, from: from, to: receiver, after: conditions.drawDelay(&random) + age)
        }
    }

    private func post(_ bytes: [UInt8], from: GossipAddress, to receiver: Int, after nanoseconds: Int64) {
        let parcel = Parcel(bytes: bytes, from: from, moves: stations[receiver].moves)
        let slot: UInt32
        if let free = freeParcels.popLast() {
            slot = free
            parcels[Int(slot)] = parcel
        } else {
            slot = UInt32(parcels.count)
            parcels.append(parcel)
        }
        queue.push(at: now.nanoseconds + nanoseconds, Event.arrival(receiver, slot: slot).encoded)
    }

    /// Gives a parcel's place to another.
    func release(_ slot: UInt32) {
        parcels[Int(slot)].bytes = []
        freeParcels.append(slot)
    }
}
