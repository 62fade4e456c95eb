"""No overlay."""

from ..rig import SIDES, Rig
from .base import Contender


class NoOverlay(Contender):
    """no overlay: the guests are joined by a pair of veth, which is the underlay then, with the MTU that overlays leave"""

    name = "none"
    is_userspace = False

    def set_up(self, rig: Rig) -> None:
        rig.veth("none", rig.guest["a"], "none", rig.guest["b"])
        rig.wire = [(rig.guest[side], "none") for side in SIDES]
        for side in SIDES:
            rig.dress(side, "none")
