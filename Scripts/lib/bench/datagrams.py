"""The C program `datagrams.c`: built when it is first needed, into a folder that goes when the run ends."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass

from .rig import Rig
from .system import Failure, install, run

SOURCE = pathlib.Path(__file__).with_suffix(".c")


@dataclass(frozen=True)
class Flow:
    """What became of a flow of datagrams."""

    sent: int
    in_time: int  # received before the last was sent
    received: int
    seconds: float

    @property
    def loss(self) -> float:
        return 1 - self.received / max(self.sent, 1)

    @property
    def rate(self) -> float:
        """Datagrams a second that arrived while others were being sent: what waits in queues at the end is no rate."""
        return self.in_time / self.seconds


@dataclass(frozen=True)
class Answers:
    """What became of requests."""

    answered: int
    lost: int
    p50_us: float
    p99_us: float


class Datagrams:
    """The program, which is built into `folder` when it is first run."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.program = folder / "datagrams"

    def _build(self) -> None:
        obstacle = install({"gcc": "gcc", "/usr/include/stdio.h": "libc6-dev"})
        if obstacle:
            raise Failure(obstacle)
        run("gcc", "-O2", "-Wall", "-pthread", "-o", self.program, SOURCE, timeout=120)

    def flow(self, rig: Rig, seconds: float, rate: float, family: int = 4) -> Flow:
        """64-byte datagrams from guest a to guest b, `rate` of them a second; 0 is as fast as they can be sent."""
        words = self._run(rig, "flow", seconds, rate, family)
        return Flow(int(words[0]), int(words[1]), int(words[2]), float(words[3]))

    def ask(self, rig: Rig, seconds: float, family: int = 4) -> Answers:
        """Requests and responses of 64 bytes, one at a time."""
        words = self._run(rig, "ask", seconds, 0, family)
        return Answers(int(words[0]), int(words[1]), float(words[2]), float(words[3]))

    def _run(self, rig: Rig, what: str, seconds: float, rate: float, family: int) -> list[str]:
        if not self.program.exists():
            self._build()
        return run(self.program, what, rig.guest["a"], rig.guest["b"], rig.address("b", family), seconds, int(rate),
                   timeout=seconds + 30).split()
