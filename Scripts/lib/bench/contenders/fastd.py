"""fastd with its null cipher."""

from ..rig import SIDES, Rig
from ..system import run
from .base import Contender


class Fastd(Contender):
    """fastd, method null, its TAP moved into the guest"""

    name = "fastd"
    packages = {"fastd": "fastd"}

    def set_up(self, rig: Rig) -> None:
        secret, public = {}, {}
        for side in SIDES:
            secret[side] = run("fastd", "--generate-key", "--machine-readable").split()[0]
            key = rig.folder / f"fastd-{side}.key"
            key.write_text(f'secret "{secret[side]}";\n')
            public[side] = run("fastd", "--config", key, "--show-key", "--machine-readable").split()[0]
        for side, other in (SIDES, SIDES[::-1]):
            at = {each: f"[{address}]" if rig.outer == 6 else address for each, address in rig.underlay.items()}
            file = rig.folder / f"fastd-{side}.conf"
            file.write_text(
                f'mode tap;\ninterface "fastd";\nmtu {rig.mtu};\nmethod "null";\nbind {at[side]}:10000;\n'
                f'secret "{secret[side]}";\npeer "{other}" {{ key "{public[other]}"; remote {at[other]}:10000; }}\n')
            rig.daemon(side, "fastd", "--config", file, "--log-level", "info")
        for side in SIDES:
            rig.hand_over(side, "fastd", ready="established")
