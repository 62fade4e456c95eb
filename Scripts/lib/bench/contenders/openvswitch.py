"""Open vSwitch's userspace datapath, with processes of our own and never the system's service."""

from ..rig import SIDES, Rig, wait_until
from ..system import run
from .base import Contender

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


class OpenVSwitch(Contender):
    """Open vSwitch, userspace datapath (datapath_type=netdev), VXLAN, guests on a veth with checksum offload off"""

    name = "ovs"
    packages = {"ovs-vswitchd": "openvswitch-switch", "ovs-vsctl": "openvswitch-switch", "ethtool": "ethtool"}
    # The userspace tunnel finds its neighbours itself; over IPv6 it needs more help than a measurement should give.
    outer_families = (4,)

    def set_up(self, rig: Rig) -> None:
        for side, other in (SIDES, SIDES[::-1]):
            host = rig.host[side]
            folder = rig.folder / f"ovs-{side}"
            folder.mkdir()
            env = {f"OVS_{name}": str(folder) for name in ("RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR")}
            database = folder / "conf.db"
            run("ovsdb-tool", "create", database, SCHEMA, env=env)
            rig.daemon(side, "ovsdb-server", database, f"--remote=punix:{folder}/db.sock",
                       f"--unixctl={folder}/ovsdb.ctl", env=env)
            wait_until((folder / "db.sock").exists, 10, "ovsdb-server makes no socket", rig.logs)
            configure = ("ip", "netns", "exec", host, "ovs-vsctl", "--timeout=20", f"--db=unix:{folder}/db.sock")
            run(*configure, "--no-wait", "init", env=env)
            rig.daemon(side, "ovs-vswitchd", f"unix:{folder}/db.sock", f"--unixctl={folder}/vswitchd.ctl", env=env)
            rig.veth("port", host, "guest", rig.guest[side])
            rig.within(rig.guest[side], "ethtool", "-K", "guest", "tx", "off")
            # A userspace tunnel leaves through a bridge that has the underlay's device and its address.
            rig.ip(host, "address", "flush", "dev", "under")
            netdev = "datapath_type=netdev"
            run(*configure, "add-br", "outside", "--", "set", "bridge", "outside", netdev,
                "--", "add-port", "outside", "under",
                "--", "add-br", "inside", "--", "set", "bridge", "inside", netdev,
                "--", "add-port", "inside", "port",
                "--", "add-port", "inside", "tunnel", "--", "set", "interface", "tunnel", "type=vxlan",
                f"options:remote_ip={rig.underlay[other]}", "options:key=77", env=env)
            rig.ip(host, "address", "add", f"{rig.underlay[side]}/24", "dev", "outside")
            rig.ip(host, "link", "set", "outside", "up")
            rig.ip(host, "link", "set", "inside", "up")
            rig.dress(side, "guest")
