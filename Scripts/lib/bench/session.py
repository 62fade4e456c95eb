"""A session: every contender is set up at once, and the measurements take turns."""

from __future__ import annotations

import contextlib
import pathlib
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any

from .contenders import ALL
from .contenders.base import Programs
from .datagrams import Datagrams
from .measures import Measure, Settings, idle
from .rig import PREFIX, Rig
from .system import Failure, Processors, say


@dataclass(frozen=True)
class Plan:
    """What a session is to do. No round begins that would not end within `limit` seconds."""

    contenders: list[str]
    measures: list[Measure]
    with_idle: bool
    underlays: list[str]
    outer: int
    rounds: int
    seconds: float
    trials: int
    programs: Programs
    limit: float | None = None


@dataclass
class Results:
    """Every figure of every round, and who could not take part."""

    rounds: int = 0
    # One per measurement: round, underlay, measure, contender, figures or failure.
    taken: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    unavailable: dict[str, str] = field(default_factory=dict)
    # Contender → start, end: resident megabytes of its programs on one host; idle: percent of a core, by round.
    memory: dict[str, dict[str, float]] = field(default_factory=dict)
    idle: dict[str, list[float]] = field(default_factory=dict)
    # Processors that were busy at the beginning of a round, while nothing was sent: what others do on this machine.
    others: list[float] = field(default_factory=list)

    def by_round(self, underlay: str, measure: str, contender: str, key: str) -> dict[int, float]:
        """The values of one figure, by the round that they are from."""
        return {each["round"]: each["figures"][key] for each in self.taken
                if (each["underlay"], each["measure"], each["contender"]) == (underlay, measure, contender)
                and key in each["figures"]}


class Session:
    """The rigs of the contenders that can be had; a context manager."""

    def __init__(self, plan: Plan, results: Results) -> None:
        self.plan, self.results = plan, results
        self.rigs: dict[str, Rig] = {}
        # The families of addresses by which a contender's guests reach each other.
        self.inside: dict[str, set[int]] = {}
        self.stack = contextlib.ExitStack()

    def __enter__(self) -> Session:
        with self.stack:
            folder = self.stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{PREFIX}-"))
            self.settings = Settings(self.plan.seconds, self.plan.trials, Datagrams(pathlib.Path(folder)))
            for name in self.plan.contenders:
                obstacle = self.set_up(name)
                if obstacle:
                    self.results.unavailable[name] = obstacle
                    say(f"{name}: not available: {obstacle}")
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def set_up(self, name: str) -> str | None:
        """Sets a contender up and proves that its guests reach each other; returns why that is not so."""
        contender = ALL[name](self.plan.programs)
        if obstacle := contender.obstacle(self.plan.outer):
            return obstacle
        try:
            with contextlib.ExitStack() as own:
                rig = own.enter_context(Rig(name, self.plan.outer))
                contender.set_up(rig)
                rig.ping(4)
                self.stack.push(own.pop_all())
        except Failure as failure:
            return str(failure)
        self.rigs[name], self.inside[name] = rig, {4}
        if any(measure.family == 6 for measure in self.plan.measures):
            try:
                rig.ping(6, seconds=5)
                self.inside[name].add(6)
            except Failure as failure:
                say(f"{name}: not measured with IPv6 inside: {str(failure).splitlines()[0]}")
        return None

    def measure(self) -> None:
        """Takes every round that there is time for."""
        plan, began = self.plan, time.monotonic()
        for name, rig in self.rigs.items():
            if (memory := rig.memory()) is not None:
                self.results.memory[name] = {"start": memory}
        minutes = sum(measure.takes(self.settings) for measure in plan.measures) * len(plan.underlays) * len(self.rigs) / 60
        say(f"{plan.rounds} rounds of about {minutes:.1f} minutes")
        for number in range(1, plan.rounds + 1):
            round_began = time.monotonic()
            self.take_round(number)
            self.results.rounds = number
            now = time.monotonic()
            if plan.limit and number < plan.rounds and now - began + (now - round_began) > plan.limit:
                say(f"no time for round {number + 1}")
                break
        for name, figures in self.results.memory.items():
            figures["end"] = self.rigs[name].memory() or 0

    def take_round(self, number: int) -> None:
        """Each measure of each contender once on each underlay; who begins changes from round to round."""
        before, at = Processors(), time.monotonic()
        if self.plan.with_idle:
            for name, figures in idle(self.rigs).items():
                self.results.idle.setdefault(name, []).append(figures["idle_core_percent"])
        else:
            time.sleep(0.5)
        self.results.others.append((Processors() - before).busy_seconds / (time.monotonic() - at))
        names = list(self.rigs)
        first = (number - 1) % len(names)
        for underlay in self.plan.underlays:
            say(f"round {number} of {self.plan.rounds}: underlay {underlay}")
            for rig in self.rigs.values():
                rig.set_underlay(underlay)
            for measure in self.plan.measures:
                for name in names[first:] + names[:first]:
                    if measure.family in self.inside[name]:
                        self.take(number, underlay, measure, name)

    def take(self, number: int, underlay: str, measure: Measure, name: str) -> None:
        """One measurement of one contender; one that fails is told and does not end the session."""
        record = {"round": number, "underlay": underlay, "measure": measure.name, "contender": name}
        try:
            self.rigs[name].check_daemons()
            self.results.taken.append({**record, "figures": measure.take(self.rigs[name], self.settings)})
        except Failure as failure:
            say(f"{name}, {measure.name}: {failure}")
            self.results.failures.append({**record, "failure": str(failure)})
