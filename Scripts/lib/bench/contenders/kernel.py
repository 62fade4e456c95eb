"""The kernel's own VXLAN device, in the guest and behind a bridge."""

from ..rig import SIDES, Rig
from .base import Contender


def add_vxlan(rig: Rig, side: str, name: str) -> None:
    """A VXLAN device in a host, towards the other host."""
    other = "b" if side == "a" else "a"
    rig.ip(rig.host[side], "link", "add", name, "mtu", rig.mtu, "type", "vxlan", "id", 77, "local", rig.underlay[side],
           "remote", rig.underlay[other], "dstport", 4789, "dev", "under", "udpcsum" if rig.outer == 4 else "noudp6zerocsumtx")


class Kernel(Contender):
    """kernel VXLAN: the device made in the host and moved into the guest"""

    name = "kernel"
    is_userspace = False

    def set_up(self, rig: Rig) -> None:
        for side in SIDES:
            add_vxlan(rig, side, "kernel")
            rig.hand_over(side, "kernel")


class KernelBridge(Contender):
    """kernel VXLAN on a bridge of the host, the guest on a veth"""

    name = "kernel-bridge"
    is_userspace = False

    def set_up(self, rig: Rig) -> None:
        for side in SIDES:
            host = rig.host[side]
            rig.ip(host, "link", "add", "bridge", "type", "bridge")
            add_vxlan(rig, side, "vxlan")
            rig.veth("port", host, "guest", rig.guest[side])
            for device in ("vxlan", "port"):
                rig.ip(host, "link", "set", device, "master", "bridge", "up")
            rig.ip(host, "link", "set", "bridge", "up")
            rig.dress(side, "guest")
