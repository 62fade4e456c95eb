"""Two hosts and two guests as namespaces of this machine, one set for each contender, and everything that must be ended again.

    guest a ── contender's device      contender's device ── guest b
                       │                       │
                    host a ──── underlay ──── host b

Every contender has the same namespaces, the same addresses and an underlay of its own, so none can be reached by another's path.
"""

from __future__ import annotations

import functools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import Any

from .system import Failure, die_with_parent, processor_seconds, resident_megabytes, run

PREFIX = f"wftb{os.getpid()}"
SIDES = ("a", "b")
UNDERLAYS = ("gso", "wire")
# The offloads that let a superframe cross a veth whole.
SUPERFRAMES = ("tso", "gso", "tx-udp-segmentation")


class Rig:
    """The namespaces of one contender, its processes, and a folder for its files; a context manager."""

    def __init__(self, name: str, outer: int = 4) -> None:
        self.name, self.outer = name, outer
        self.host = {side: f"{PREFIX}-{name}-h{side}" for side in SIDES}
        self.guest = {side: f"{PREFIX}-{name}-g{side}" for side in SIDES}
        self.underlay = {side: f"192.0.2.{number}" if outer == 4 else f"2001:db8::{number}"
                         for number, side in enumerate(SIDES, 1)}
        self.mtu = 1450 if outer == 4 else 1430
        self.processes: list[subprocess.Popen[bytes]] = []
        self.daemons: dict[str, list[int]] = {side: [] for side in SIDES}
        # The devices that are the wire: what a contender without an underlay changes.
        self.wire = [(self.host[side], "under") for side in SIDES]
        self._folder = tempfile.TemporaryDirectory(prefix=f"{PREFIX}-{name}-")
        self.folder = pathlib.Path(self._folder.name)

    def __enter__(self) -> Rig:
        try:
            for namespace in self.namespaces:
                run("ip", "netns", "add", namespace)
                run("ip", "-n", namespace, "link", "set", "lo", "up")
            self.veth("under", self.host["a"], "under", self.host["b"])
            for side in SIDES:
                length = 24 if self.outer == 4 else 64
                self.ip(self.host[side], "address", "add", f"{self.underlay[side]}/{length}", "dev", "under",
                        *(["nodad"] if self.outer == 6 else []))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in list(self.processes):
            self.finish(process)
        for namespace in self.namespaces:
            run("ip", "netns", "delete", namespace, check=False)
        self._folder.cleanup()

    @property
    def namespaces(self) -> list[str]:
        return [*self.guest.values(), *self.host.values()]

    # Making

    def ip(self, namespace: str, *words: object) -> str:
        return run("ip", "-n", namespace, *words)

    def within(self, namespace: str, *words: object, check: bool = True, timeout: float = 60) -> str:
        return run("ip", "netns", "exec", namespace, *words, check=check, timeout=timeout)

    def veth(self, name: str, namespace: str, peer: str, other: str) -> None:
        run("ip", "link", "add", name, "netns", namespace, "type", "veth", "peer", "name", peer, "netns", other)
        self.ip(namespace, "link", "set", name, "up")
        self.ip(other, "link", "set", peer, "up")

    def address(self, side: str, family: int = 4) -> str:
        """The address of a guest inside the overlay."""
        return ("10.77.0." if family == 4 else "fd77::") + ("1" if side == "a" else "2")

    def dress(self, side: str, device: str, mtu: int | None = None) -> None:
        """Brings a device that is in the guest up, with the guest's addresses and the MTU that the overlay leaves."""
        guest = self.guest[side]
        self.ip(guest, "link", "set", device, "mtu", mtu or self.mtu, "up")
        self.ip(guest, "address", "replace", f"{self.address(side)}/24", "dev", device)
        self.ip(guest, "address", "replace", f"{self.address(side, 6)}/64", "dev", device, "nodad")

    def hand_over(self, side: str, device: str, mtu: int | None = None, ready: str = "") -> None:
        """Moves a device that a program made in its host into the guest: the program goes on holding its descriptor.

        `ready` is what the program writes when it has no more to do with the device's name.
        """
        def is_ready() -> bool:
            self.check_daemons()
            return device in self.links(self.host[side]) and (not ready or ready in (self.folder / f"{side}.log").read_text())

        wait_until(is_ready, 10, f"{self.name} made no device {device}", self.logs)
        self.ip(self.host[side], "link", "set", device, "netns", self.guest[side])
        self.dress(side, device, mtu)

    def links(self, namespace: str) -> dict[str, dict[str, Any]]:
        """The devices of a namespace as `ip` describes them, by name."""
        return {link["ifname"]: link for link in json.loads(self.ip(namespace, "-s", "-j", "link", "show"))}

    def set_underlay(self, kind: str) -> None:
        """`gso`: superframes cross the underlay whole. `wire`: it takes packets of 1500 bytes."""
        state = "on" if kind == "gso" else "off"
        features = [word for name in SUPERFRAMES for word in (name, state)]
        for namespace, device in self.wire:
            self.within(namespace, "ethtool", "-K", device, *features, "gro", "off", check=False)

    def crossed(self) -> tuple[int, int]:
        """Bytes and packets that the underlay carried so far, both directions together."""
        counters = [self.links(namespace)[device]["stats64"]["rx"] for namespace, device in self.wire]
        return sum(counter["bytes"] for counter in counters), sum(counter["packets"] for counter in counters)

    # Processes

    def start(self, namespace: str, *words: object, log: str | None = None,
              env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Starts a program in a namespace; it ends with the rig at the latest."""
        with open(self.folder / log if log else os.devnull, "ab") as sink:
            process = subprocess.Popen(
                ["ip", "netns", "exec", namespace, *(str(word) for word in words)], stdin=subprocess.DEVNULL, stdout=sink,
                stderr=sink, env={**os.environ, **(env or {})}, start_new_session=True, preexec_fn=die_with_parent)
        self.processes.append(process)
        return process

    def daemon(self, side: str, *words: object, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Starts a program of the contender on a host; its memory and its processor time are the contender's."""
        process = self.start(self.host[side], *words, log=f"{side}.log", env=env)
        self.daemons[side].append(process.pid)  # `ip netns exec` becomes the program it starts.
        return process

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process in self.processes:
            self.processes.remove(process)

    def logs(self) -> str:
        """The ends of what the contender's programs wrote."""
        texts = [log.read_text(errors="replace").strip()[-1000:] for log in sorted(self.folder.glob("*.log"))]
        return "\n".join(text for text in texts if text)

    def memory(self) -> float | None:
        """Resident megabytes of the contender's programs on one host, the larger of both."""
        sums = [sum(resident_megabytes(pid) for pid in pids) for pids in self.daemons.values() if pids]
        return max(sums, default=None)

    def busy(self) -> float | None:
        """Processor seconds that the contender's programs have used on one host, the larger of both."""
        sums = [sum(processor_seconds(pid) for pid in pids) for pids in self.daemons.values() if pids]
        return max(sums, default=None)

    # Proof

    def ping(self, family: int = 4, seconds: float = 20) -> None:
        """Waits until the guests reach each other, in both directions."""
        def answers(side: str, other: str) -> bool:
            words = ("ip", "netns", "exec", self.guest[side], "ping", "-nqc1", "-W1", self.address(other, family))
            return subprocess.run(words, capture_output=True).returncode == 0

        for side, other in (SIDES, SIDES[::-1]):
            wait_until(functools.partial(answers, side, other), seconds,
                       f"{self.name}: guest {side} does not reach {self.address(other, family)}", self.logs)

    def check_daemons(self) -> None:
        """Fails if a program of the contender has ended."""
        daemons = {pid for pids in self.daemons.values() for pid in pids}
        for process in self.processes:
            if process.pid in daemons and (code := process.poll()) is not None:
                raise Failure(f"{self.name}: one of its programs ended with {code}\n{self.logs()}")


def wait_until(condition: Callable[[], object], seconds: float, otherwise: str, details: Callable[[], str]) -> None:
    """Asks again and again; after `seconds` fails with the text `otherwise` and the `details`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failure("\n".join(text for text in (otherwise, details()) if text))
        time.sleep(0.05)


def remove_leftovers() -> None:
    """Removes what a run that was killed left behind: namespaces and folders named after a process that is no more."""
    def is_left(name: str) -> bool:
        match = re.match(r"wftb(\d+)-", name)
        return match is not None and not pathlib.Path(f"/proc/{match[1]}").exists()

    for line in run("ip", "netns", "list").splitlines():
        if is_left(line):
            run("ip", "netns", "delete", line.split()[0], check=False)
    for folder in pathlib.Path(tempfile.gettempdir()).glob("wftb*"):
        if is_left(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def heed_signals() -> None:
    """A stop by signal takes everything down too; a second one does not interrupt that."""
    def stop(number: int, _frame: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(each) != signal.SIG_IGN:
            signal.signal(each, stop)
