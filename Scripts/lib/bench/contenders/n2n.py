"""n2n: a supernode that introduces two edges, which then talk directly."""

from ..rig import SIDES, Rig
from .base import Contender


class N2N(Contender):
    """n2n, supernode and edges, its TAP moved into the guest; the version in Debian can't be told not to encrypt"""

    name = "n2n"
    packages = {"edge": "n2n", "supernode": "n2n"}
    outer_families = (4,)
    # What its headers and the cipher's padding leave of 1500 bytes.
    mtu = 1360

    def set_up(self, rig: Rig) -> None:
        # The supernode is on host a, and what it uses is not an edge's.
        rig.start(rig.host["a"], "supernode", "-l", 7654, log="supernode.log")
        for number, side in enumerate(SIDES, 1):
            rig.daemon(side, "edge", "-d", "n2n", "-a", rig.address(side), "-s", "255.255.255.0", "-c", "bench", "-k", "bench",
                       "-r", "-l", f"{rig.underlay['a']}:7654", "-M", self.mtu, "-m", f"02:00:00:00:77:0{number}")
            rig.hand_over(side, "n2n", self.mtu, ready="Ready")
