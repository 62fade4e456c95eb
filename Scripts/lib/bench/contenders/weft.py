"""Weft, with the guests on bridges and with the agent reading the guests' devices itself."""

import subprocess

from ..rig import SIDES, Rig
from ..system import Failure
from .base import Contender


class Weft(Contender):
    """Weft, attach: bridge, ports of kind veth"""

    name = "weft"
    attach = "bridge"

    def obstacle(self, outer: int) -> str | None:
        if self.programs.weft is None:
            return "there is no built weft"
        return super().obstacle(outer)

    def topology(self, rig: Rig) -> str:
        hosts = "".join(f'  {side}: {{ underlay: "{rig.underlay[side]}" }}\n' for side in SIDES)
        ports = "".join(
            f"  g{side}: {{ host: {side}, segment: bench, kind: veth, attach: {self.attach}, netns: {rig.guest[side]}, "
            f'address: [{rig.address(side)}, "{rig.address(side, 6)}"] }}\n' for side in SIDES)
        return (f"weft: 1\nname: bench\nhosts:\n{hosts}segments:\n"
                f'  bench: {{ vni: 77, subnet: [10.77.0.0/24, "fd77::/64"] }}\nports:\n{ports}')

    def set_up(self, rig: Rig) -> None:
        """An agent per host; it makes the guests' devices itself."""
        binary, file = str(self.programs.weft), rig.folder / "bench.weft.yaml"
        file.write_text(self.topology(rig))
        valid = subprocess.run([binary, "validate", str(file)], capture_output=True, text=True)
        if valid.returncode != 0:
            raise Failure((valid.stdout + valid.stderr).strip().splitlines()[0].partition("]: ")[2] or "its topology is refused")
        for side in SIDES:
            rig.daemon(side, binary, "agent", "--host", side, "--topology", file, "--socket", rig.folder / f"{side}.sock",
                       "--state-dir", rig.folder / f"state-{side}")
        for side in SIDES:
            status = subprocess.run([binary, "status", "--socket", str(rig.folder / f"{side}.sock"), "--wait", "20s", "-q"],
                                    capture_output=True, text=True)
            if status.returncode != 0:
                raise Failure(f"the agent of host {side} did not become ready: {status.stderr.strip()}\n{rig.logs()}")


class WeftDirect(Weft):
    """Weft, attach: direct, ports of kind veth"""

    name = "weft-direct"
    attach = "direct"
