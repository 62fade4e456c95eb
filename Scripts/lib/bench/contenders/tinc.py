"""tinc as a switch."""

import re

from ..rig import SIDES, Rig, wait_until
from .base import Contender


class Tinc(Contender):
    """tinc, switch mode, no cipher, no digest, its TAP moved into the guest"""

    name = "tinc"
    packages = {"tincd": "tinc"}

    def set_up(self, rig: Rig) -> None:
        public = {}
        for side in SIDES:
            folder = rig.folder / f"tinc-{side}"
            (folder / "hosts").mkdir(parents=True)
            (folder / "tinc.conf").write_text(
                f"Name = {side}\nMode = switch\nDeviceType = tap\nInterface = tinc\nAddressFamily = ipv{rig.outer}\n"
                f"BindToAddress = {rig.underlay[side]}\n" + ("ConnectTo = b\n" if side == "a" else ""))
            rig.within(rig.host[side], "tincd", "-c", folder, "-K", "2048")
            public[side] = (folder / "hosts" / side).read_text()
        for side in SIDES:
            folder = rig.folder / f"tinc-{side}"
            for peer in SIDES:
                (folder / "hosts" / peer).write_text(
                    f"Address = {rig.underlay[peer]}\nCipher = none\nDigest = none\nMACLength = 0\nCompression = 0\n"
                    + public[peer])
            rig.daemon(side, "tincd", "-c", folder, "-D", f"--pidfile={folder}/pid")
            rig.hand_over(side, "tinc", ready="Ready")
        # Until tinc has probed how large datagrams may be, it carries large frames over its TCP connection.
        wait_until(lambda: self.sends_datagrams(rig), 60, "tinc does not find out that datagrams pass", rig.logs)

    def sends_datagrams(self, rig: Rig) -> bool:
        def sent() -> int:
            table = rig.within(rig.host["a"], "cat", "/proc/net/snmp", "/proc/net/snmp6")
            return sum(int(line.split()[-1 if line.startswith("Udp6") else 4]) for line in table.splitlines()
                       if line.startswith("Udp6OutDatagrams") or re.match(r"Udp: \d", line))

        before = sent()
        rig.within(rig.guest["a"], "ping", "-qc20", "-i0.01", "-W1", "-s", rig.mtu - 28, rig.address("b"), check=False)
        return sent() - before >= 20
