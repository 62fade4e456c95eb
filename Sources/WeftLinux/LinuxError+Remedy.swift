import Glibc

extension LinuxError {
    /// What the user can do about it, where we know.
    public var remedy: String? {
        switch (operation, errno) {
        case (.createTAP, ENOENT), (.createTAP, ENODEV), (.createTAP, ENXIO):
            "load the tun module (modprobe tun); in a container, pass /dev/net/tun in"
        case (.createTAP, EBUSY):
            "another process has it open, or a device of another kind has the name; stop it or choose another name"
        case (.createTAP, EINVAL), (.adoptTAP, EINVAL):
            "a device with other properties has the name, or the name is not valid; delete it or choose another name"
        case (.adoptTAP, ENODEV): "create it first"
        case (.createTAP, EPERM), (.createTAP, EACCES), (.adoptTAP, EPERM), (.configureTAP, EPERM):
            "run as root or with CAP_NET_ADMIN"
        case (.bindSocket, EADDRINUSE):
            "another program has the port (ss -lunp shows which); stop it or choose another UDP port"
        case (.bindSocket, EADDRNOTAVAIL): "the address is not on this host yet; add it or correct the underlay address"
        case (.bindSocket, EACCES): "ports below 1024 need CAP_NET_BIND_SERVICE; choose a higher one"
        case (.openSocket, EAFNOSUPPORT): "this kernel has IPv6 disabled; use an IPv4 underlay"
        case (.openPacketSocket, ENODEV): "create the device first, or correct its name"
        case (.openPacketSocket, EPERM), (.openPacketSocket, EACCES): "run as root or with CAP_NET_RAW"
        case (.openPacketSocket, EAFNOSUPPORT): "load the af_packet module (modprobe af_packet)"
        case (.openPacketSocket, ENOPROTOOPT): "use kernel 4.20 or later"
        case (.createNamespace, EPERM), (.deleteNamespace, EPERM), (.enterNamespace, EPERM): "run as root (CAP_SYS_ADMIN)"
        case (.createNamespace, EEXIST): "delete it first or choose another name"
        case (.deleteNamespace, ENOENT), (.enterNamespace, ENOENT): "`ip netns list` shows those that exist"
        case (.spawn, ENOENT), (.replaceSelf, ENOENT): "install it, or correct PATH"
        case (.spawn, EACCES), (.replaceSelf, EACCES): "make the file executable"
        case (.changeSetting, EPERM), (.changeSetting, EACCES), (.changeSetting, EROFS):
            "run as root with a writable /proc/sys/net"
        case (.changeSetting, ENOENT), (.readSetting, ENOENT):
            "the device is gone, or this kernel has IPv6 disabled"
        case (.becomeOnlyAgent, EADDRINUSE): "stop the other agent first; there is one per network namespace"
        case (.lock, EWOULDBLOCK): "wait for the process that holds it, or stop it"
        case (.actAs, EPERM): "run as root, or with CAP_SETUID and CAP_SETGID"
        case (.listen, _), (.connect, _): nil
        case (_, EMFILE): "raise the limit of open files (ulimit -n, LimitNOFILE=)"
        case (_, EPERM), (_, EACCES): "run as root"
        default: nil
        }
    }
}
