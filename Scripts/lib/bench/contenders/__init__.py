"""The contenders, in the order of the table."""

from .fastd import Fastd
from .kernel import Kernel, KernelBridge
from .n2n import N2N
from .none import NoOverlay
from .openvswitch import OpenVSwitch
from .tinc import Tinc
from .weft import Weft, WeftDirect
from .yardstick import Yardstick

ALL = {kind.name: kind for kind in (
    NoOverlay, Kernel, KernelBridge, OpenVSwitch, N2N, Tinc, Fastd, Yardstick, Weft, WeftDirect)}
