# Shared by the scripts beside this folder; source it, do not run it.

set -euo pipefail

# The root of the checkout, and the working directory of every script.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# need_packages NAME… — installs the Debian packages among NAME that are missing; as someone else than root it says
# which command would. Services of theirs are not started: what runs here runs what it needs itself, in namespaces of its own.
need_packages() {
    local name missing=()
    for name in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)" = installed ] || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return
    [ "$(id -u)" = 0 ] || die "missing packages; install them with: sudo apt-get install ${missing[*]}"
    say "installing ${missing[*]}"
    # The index is read once a day at the most; a package that it does not know yet makes a second attempt worth it.
    find /var/lib/apt/lists -name '*_Packages*' -mtime -1 2>/dev/null | grep -q . || apt-get -qq update
    (
        policy=/usr/sbin/policy-rc.d
        if [ ! -e "$policy" ]; then
            trap 'rm -f "$policy"' EXIT
            printf '#!/bin/sh\nexit 101\n' >"$policy"
            chmod 755 "$policy"
        fi
        export DEBIAN_FRONTEND=noninteractive
        apt-get -qq install --no-install-recommends "${missing[@]}" >/dev/null ||
            { apt-get -qq update && apt-get -qq install --no-install-recommends "${missing[@]}" >/dev/null; }
    )
}

# need_swift — finds Swift 6.2 or newer; under sudo, also where the calling user has it.
need_swift() {
    if ! command -v swift >/dev/null && [ -n "${SUDO_USER:-}" ]; then
        local found
        found=$(su - "$SUDO_USER" -c 'command -v swift' 2>/dev/null || true)
        [ -z "$found" ] || PATH="$(dirname "$found"):$PATH"
    fi
    command -v swift >/dev/null || die "swift is not in the PATH; install Swift 6.3 from swift.org"
}

# What building Weft needs.
build_packages=(libmnl-dev libpcap-dev pkg-config)
# What the lab, its tests and the demonstration run in guests and hosts.
run_packages=(iproute2 iputils-ping iperf3)
# Peers, decoders and tools of the tests.
test_packages=(curl tcpdump tshark ethtool iputils-arping nftables hping3 openvswitch-switch python3 python3-jsonschema python3-yaml)
# Virtual machines.
vm_packages=(qemu-system-x86 busybox-static cpio kmod python3)
# What else brings guests of its own: their tests run them in namespaces, never as services.
hypervisor_packages=(libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients lxc)
