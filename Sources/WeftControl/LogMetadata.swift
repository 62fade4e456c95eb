import Logging
import WeftTopology

extension HostObject {
    /// The object under the fixed keys of the log.
    var metadata: Logger.Metadata {
        switch self {
        case .segment(let name): ["segment": "\(name)"]
        case .uplink(let name): ["segment": "\(name)", "device": "\(self)"]
        case .port(let name), .vlan(let name, _): ["port": "\(name)"]
        case .device(let name): ["device": "\(name)"]
        }
    }
}

extension HostReport.Entry {
    var metadata: Logger.Metadata {
        var metadata = object.metadata
        metadata["device"] = "\(device)"
        if let cause = status.cause { metadata["cause"] = "\(cause)" }
        return metadata
    }
}
