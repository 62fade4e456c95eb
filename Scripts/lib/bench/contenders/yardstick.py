"""A forwarder that the command line names."""

from ..rig import SIDES, Rig
from .base import Contender


class Yardstick(Contender):
    """the forwarder given as --yardstick, its TAP moved into the guest"""

    name = "yardstick"
    outer_families = (4,)

    def obstacle(self, outer: int) -> str | None:
        if self.programs.yardstick is None:
            return "it is measured where --yardstick names a program"
        return super().obstacle(outer)

    def set_up(self, rig: Rig) -> None:
        for side, other in (SIDES, SIDES[::-1]):
            rig.daemon(side, self.programs.yardstick, "--mode", "gso", "--tap", "yardstick", "--local", rig.underlay[side],
                       "--remote", rig.underlay[other], "--vni", 77, "--port", 4789)
            rig.hand_over(side, "yardstick")
