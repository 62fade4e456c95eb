"""A session: every contender is set up at once, and the measurements take turns."""

from __future__ import annotations

import contextlib
import pathlib
import tempfile
import time
from dataclasses import dataclass, field

from .contenders import ALL
from .contenders.base import Programs
from .datagrams import Datagrams
from .measures import Measure, Settings, idle
from .rig import PREFIX, Rig
from .system import Failure, say


@dataclass(frozen=True)
class Plan:
    """What a session is to do. After `limit` seconds no further round begins that would not end in time."""

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
    # One per measurement: round, underlay, measure, contender, figures.
    taken: list[dict] = field(default_factory=list)
    failures: list[dict] = field(default_factory=list)
    unavailable: dict[str, str] = field(default_factory=dict)
    # Contender → start, end: resident megabytes of its programs on one host; idle: percent of a core, by round.
    memory: dict[str, dict[str, float]] = field(default_factory=dict)
    idle: dict[str, list[float]] = field(default_factory=dict)

    def by_round(self, underlay: str, measure: str, contender: str, key: str) -> dict[int, float]:
        """The values of one figure, by the round that they are from."""
        return {each["round"]: each["figures"][key] for each in self.taken
                if (each["underlay"], each["measure"], each["contender"]) == (underlay, measure, contender)
                and key in each["figures"]}


def run_session(plan: Plan) -> Results:
    results, began = Results(), time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{PREFIX}-")))
        needs_datagrams = any(measure.name.startswith(("udp", "rtt")) for measure in plan.measures)
        settings = Settings(plan.seconds, plan.trials, Datagrams(folder) if needs_datagrams else None)
        rigs, inside = set_up(plan, results, stack)
        if not rigs:
            return results
        for name, rig in rigs.items():
            if (memory := rig.memory()) is not None:
                results.memory[name] = {"start": memory}
        each = sum(measure.seconds(settings) for measure in plan.measures) * len(plan.underlays) * len(rigs)
        say(f"{plan.rounds} rounds of about {each / 60:.1f} minutes")
        for number in range(1, plan.rounds + 1):
            round_began = time.monotonic()
            take_round(plan, number, settings, rigs, inside, results)
            results.rounds = number
            now = time.monotonic()
            if plan.limit and number < plan.rounds and now - began + (now - round_began) > plan.limit:
                say(f"no time for round {number + 1}")
                break
        for name, memory in results.memory.items():
            memory["end"] = rigs[name].memory() or 0
    return results


def set_up(plan: Plan, results: Results, stack: contextlib.ExitStack) -> tuple[dict[str, Rig], dict[str, set[int]]]:
    """The rigs of the contenders that can be had, and which families reach the other guest."""
    rigs: dict[str, Rig] = {}
    inside: dict[str, set[int]] = {}
    for name in plan.contenders:
        contender = ALL[name](plan.programs)
        obstacle = contender.obstacle(plan.outer)
        if not obstacle:
            own = contextlib.ExitStack()
            try:
                with own:
                    rig = own.enter_context(Rig(name, plan.outer))
                    contender.set_up(rig)
                    rig.ping(4)
                    inside[name] = {4}
                    rigs[name] = rig
                    stack.push(own.pop_all())
            except Failure as failure:
                obstacle = str(failure)
        if obstacle:
            results.unavailable[name] = obstacle
            say(f"{name}: not available: {obstacle}")
            continue
        try:
            if any(measure.family == 6 for measure in plan.measures):
                rig.ping(6, seconds=5)
                inside[name].add(6)
        except Failure as failure:
            say(f"{name}: not measured with IPv6 inside: {str(failure).splitlines()[0]}")
    return rigs, inside


def take_round(plan: Plan, number: int, settings: Settings, rigs: dict[str, Rig], inside: dict[str, set[int]],
               results: Results) -> None:
    """Each measure of each contender once on each underlay; who begins changes from round to round."""
    if plan.with_idle:
        say(f"round {number} of {plan.rounds}: idle")
        for name, figures in idle(rigs).items():
            results.idle.setdefault(name, []).append(figures["idle_core_percent"])
    names = list(rigs)
    names = names[(number - 1) % len(names):] + names[:(number - 1) % len(names)]
    for underlay in plan.underlays:
        say(f"round {number} of {plan.rounds}: underlay {underlay}")
        for rig in rigs.values():
            rig.set_underlay(underlay)
        for measure in plan.measures:
            for name in names:
                if measure.family not in inside[name]:
                    continue
                record = {"round": number, "underlay": underlay, "measure": measure.name, "contender": name}
                try:
                    results.taken.append({**record, "figures": measure.take(rigs[name], settings)})
                except Failure as failure:
                    say(f"{name}, {measure.name}: {failure}")
                    results.failures.append({**record, "failure": str(failure)})
