"""Medians, ranges and ratios, as a table, as Markdown and as JSON."""

from __future__ import annotations

import dataclasses
import os
import platform
import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .contenders import ALL
from .measures import Figure, Measure
from .session import Plan, Results

OURS = ("weft-direct", "weft")


@dataclass(frozen=True)
class Spread:
    """The median of some values, and the lowest and the highest."""

    median: float
    lowest: float
    highest: float
    count: int

    @staticmethod
    def of(values: Iterable[float]) -> Spread | None:
        known = list(values)
        return Spread(statistics.median(known), min(known), max(known), len(known)) if known else None

    def text(self, form: str) -> str:
        if self.count == 1:
            return form.format(self.median)
        return f"{form.format(self.median)} ({form.format(self.lowest)}…{form.format(self.highest)})"


@dataclass(frozen=True)
class Block:
    """A part of the table: contenders, then ratios."""

    title: str
    columns: list[str]
    rows: list[list[str]]

    def lines(self) -> Iterator[str]:
        everything = [["", *self.columns], *self.rows]
        widths = [max(len(row[column]) for row in everything) for column in range(len(self.columns) + 1)]
        yield self.title
        for name, *cells in everything:
            padded = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
            yield "  ".join([name.ljust(widths[0]), *padded]).rstrip()


class Report:
    def __init__(self, plan: Plan, results: Results) -> None:
        self.plan, self.results = plan, results
        self.names = [name for name in plan.contenders if name not in results.unavailable]
        bases = [name for name in self.names if name not in OURS and (ALL[name].is_userspace or name.startswith("kernel"))]
        # Which is divided by which: each Weft by the kernel's VXLAN and by everything else in user space.
        self.pairs = [(ours, base) for ours in OURS if ours in self.names for base in bases]

    def spread(self, underlay: str, measure: Measure, name: str, figure: Figure) -> Spread | None:
        return Spread.of(self.results.by_round(underlay, measure.name, name, figure.key).values())

    def ratio(self, underlay: str, measure: Measure, pair: tuple[str, str], figure: Figure) -> Spread | None:
        """Ours divided by the other's of the same round: what the machine does to one round it does to both."""
        if not figure.has_ratio:
            return None
        ours, base = (self.results.by_round(underlay, measure.name, name, figure.key) for name in pair)
        return Spread.of(ours[number] / base[number] for number in ours if base.get(number))

    def heading(self) -> str:
        def told(what: str, values: list[float]) -> str:
            return f"; {what}: {statistics.median(values):.2f} (highest {max(values):.2f})" if values else ""

        steal = [each["figures"]["steal"] for each in self.results.taken]
        return (f"Linux {platform.uname().release}, {os.cpu_count()} cores that guests and agents share, underlay over "
                f"IPv{self.plan.outer}, {self.results.rounds} rounds of {self.plan.seconds:g} s; medians (lowest…highest)"
                f"{told('processors busy with other work', self.results.others)}{told('stolen', steal)}")

    def remarks(self) -> list[str]:
        """What each contender is, why others are missing, and what to know about the figures."""
        lines = [f"{name}: {ALL[name].__doc__}" for name in self.names]
        lines += [f"{name}: not available: {reason.splitlines()[0]}" for name, reason in self.results.unavailable.items()]
        if self.results.others and (busy := statistics.median(self.results.others)) > 0.1:
            lines.append(f"other work kept {busy:.1f} processors busy: every figure is worse for it, and the ratios are uncertain")
        lines += [f"{each['contender']}, {each['measure']}, underlay {each['underlay']}, round {each['round']}: "
                  f"{each['failure'].splitlines()[0]}" for each in self.results.failures]
        return lines

    # For people

    def table(self) -> str:
        lines = [self.heading()]
        for block in self.blocks():
            lines += ["", *block.lines()]
        return "\n".join([*lines, "", *self.remarks()])

    def blocks(self) -> Iterator[Block]:
        """One for each measure on each underlay, and one for what a host's programs take."""
        for underlay in self.plan.underlays:
            for measure in self.plan.measures:
                rows = []
                for name in self.names:
                    spreads = [(figure, self.spread(underlay, measure, name, figure)) for figure in measure.figures]
                    rows.append([name, *(spread.text(figure.form) if spread else "–" for figure, spread in spreads)])
                for pair in self.pairs:
                    ratios = [self.ratio(underlay, measure, pair, figure) for figure in measure.figures]
                    if any(ratios):
                        rows.append([" ÷ ".join(pair), *(ratio.text("{:.2f}") if ratio else "" for ratio in ratios)])
                yield Block(f"{measure.title} · underlay {underlay}", [figure.title for figure in measure.figures], rows)
        if self.results.memory:
            yield Block("the programs of one host", ["MB at the start", "MB at the end", "idle, % of a core"], self.resources())

    def resources(self) -> list[list[str]]:
        rows = []
        for name, memory in self.results.memory.items():
            spread = Spread.of(self.results.idle.get(name, []))
            rows.append([name, *(f"{memory[when]:.1f}" if when in memory else "–" for when in ("start", "end")),
                         spread.text("{:.2f}") if spread else "–"])
        return rows

    def markdown(self) -> str:
        """For each underlay a table with a column for each contender, and one of ratios for each attachment of Weft."""
        lines = [self.heading() + "."]
        figures = [(measure, figure) for measure in self.plan.measures for figure in measure.figures]
        for underlay in self.plan.underlays:
            rows = []
            for measure, figure in figures:
                spreads = [self.spread(underlay, measure, name, figure) for name in self.names]
                rows.append([f"{measure.title}, {figure.title}",
                             *(figure.form.format(spread.median) if spread else "–" for spread in spreads)])
            lines += ["", *markdown_table([f"underlay {underlay}", *self.names], rows)]
            for ours in OURS:
                pairs = [pair for pair in self.pairs if pair[0] == ours]
                rows = []
                for measure, figure in figures:
                    ratios = [self.ratio(underlay, measure, pair, figure) for pair in pairs]
                    if any(ratios):
                        rows.append([f"{measure.title}, {figure.title}",
                                     *(f"{ratio.median:.2f}" if ratio else "–" for ratio in ratios)])
                if rows:
                    lines += ["", *markdown_table([f"{ours} ÷ …, underlay {underlay}", *(pair[1] for pair in pairs)], rows)]
        if self.results.memory:
            lines += ["", *markdown_table(["the programs of one host", "MB at the start", "MB at the end", "idle, % of a core"],
                                          self.resources())]
        return "\n".join([*lines, "", *(f"- {line}" for line in self.remarks())])

    # For programs

    def document(self) -> dict[str, Any]:
        def summary(of: Callable[[str, Measure, Figure], Spread | None]) -> dict[str, Any]:
            return {underlay: {measure.name: {figure.key: dataclasses.asdict(spread) for figure in measure.figures
                                              if (spread := of(underlay, measure, figure))}
                               for measure in self.plan.measures} for underlay in self.plan.underlays}

        def medians(name: str) -> dict[str, Any]:
            return summary(lambda underlay, measure, figure: self.spread(underlay, measure, name, figure))

        def ratios(pair: tuple[str, str]) -> dict[str, Any]:
            return summary(lambda underlay, measure, figure: self.ratio(underlay, measure, pair, figure))

        return {
            "machine": {"kernel": platform.uname().release, "architecture": platform.machine(), "cores": os.cpu_count()},
            "plan": {"rounds": self.results.rounds, "seconds": self.plan.seconds, "trials": self.plan.trials,
                     "outer_family": self.plan.outer, "underlays": self.plan.underlays},
            "contenders": {name: {"about": ALL[name].__doc__, "unavailable": self.results.unavailable.get(name)}
                           for name in self.plan.contenders},
            "medians": {name: medians(name) for name in self.names},
            "ratios": {" / ".join(pair): ratios(pair) for pair in self.pairs},
            "memory_megabytes": self.results.memory,
            "idle_core_percent": self.results.idle,
            "other_work_cores": self.results.others,
            "measurements": self.results.taken,
            "failures": self.results.failures,
        }


def markdown_table(columns: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|", *("| " + " | ".join(row) + " |" for row in rows)]
