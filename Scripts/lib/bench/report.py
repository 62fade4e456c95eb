"""Medians, ranges and ratios, as a table, as Markdown and as JSON."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

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


class Report:
    def __init__(self, plan: Plan, results: Results) -> None:
        self.plan, self.results = plan, results
        self.names = [name for name in plan.contenders if name not in results.unavailable]

    def spread(self, underlay: str, measure: str, contender: str, key: str) -> Spread | None:
        return Spread.of(self.results.by_round(underlay, measure, contender, key).values())

    def ratio(self, underlay: str, measure: str, ours: str, base: str, key: str) -> Spread | None:
        """Ours divided by the base's of the same round: what the machine does to one round it does to both."""
        mine, other = (self.results.by_round(underlay, measure, name, key) for name in (ours, base))
        return Spread.of(mine[number] / other[number] for number in mine if other.get(number))

    @property
    def ratios(self) -> list[tuple[str, str]]:
        """Which contender is divided by which: each Weft by the kernel's VXLAN and by everything else in user space."""
        bases = [name for name in self.names if name not in OURS and (ALL[name].is_userspace or name.startswith("kernel"))]
        return [(ours, base) for ours in OURS if ours in self.names for base in bases]

    # Text

    def heading(self) -> str:
        steal = [each["figures"]["steal"] for each in self.results.taken if "steal" in each["figures"]]
        stolen = f"; processors stolen by others: {statistics.median(steal):.2f} (highest {max(steal):.2f})" if steal else ""
        return (f"Linux {platform.uname().release}, {os.cpu_count()} cores that all share, underlay over IPv{self.plan.outer}, "
                f"{self.results.rounds} rounds of {self.plan.seconds:g} s; medians (lowest…highest){stolen}")

    def cells(self, measure: Measure, of: Callable[[Figure], Spread | None], form: str | None = None) -> list[str]:
        texts = []
        for figure in measure.figures:
            value = of(figure) if form is None or figure.has_ratio else None
            if value is None:
                texts.append("–" if form is None else "")
                continue
            one = (form or figure.form).format
            texts.append(f"{one(value.median)} ({one(value.lowest)}…{one(value.highest)})")
        return texts

    def blocks(self) -> Iterable[tuple[str, list[str], list[list[str]], list[list[str]]]]:
        """Title, columns, rows of contenders, rows of ratios: for each underlay and measure, and for what an agent takes."""
        for underlay in self.plan.underlays:
            for measure in self.plan.measures:
                name = measure.name
                rows = [[each, *self.cells(measure, lambda figure: self.spread(underlay, name, each, figure.key))]
                        for each in self.names]
                ratios = [[f"{ours} ÷ {base}",
                           *self.cells(measure, lambda figure: self.ratio(underlay, name, ours, base, figure.key), "{:.2f}")]
                          for ours, base in self.ratios]
                yield (f"{measure.title} · underlay {underlay}", [figure.title for figure in measure.figures], rows,
                       [row for row in ratios if any(row[1:])])
        rows = []
        for name, memory in self.results.memory.items():
            spread = Spread.of(self.results.idle.get(name, []))
            idle = f"{spread.median:.2f} ({spread.lowest:.2f}…{spread.highest:.2f})" if spread else "–"
            rows.append([name, f"{memory['start']:.1f}", f"{memory.get('end', 0):.1f}", idle])
        if rows:
            yield "a host's programs", ["MB at the start", "MB at the end", "idle, % of a core"], rows, []

    def table(self) -> str:
        lines = [self.heading()]
        for title, columns, rows, ratios in self.blocks():
            width = max(len(row[0]) for row in [*rows, *ratios])
            widths = [max(len(row[column]) for row in [["", *columns], *rows, *ratios]) for column in range(1, len(columns) + 1)]

            def line(row: list[str]) -> str:
                return "  ".join([row[0].ljust(width), *(cell.rjust(wide) for cell, wide in zip(row[1:], widths))]).rstrip()

            lines += ["", title, line(["", *columns]), *(line(row) for row in rows), *(line(row) for row in ratios)]
        return "\n".join([*lines, *self.remarks()])

    def remarks(self) -> list[str]:
        lines = [f"{name}: not available: {reason.splitlines()[0]}" for name, reason in self.results.unavailable.items()]
        lines += [f"{each['contender']}, {each['measure']}, underlay {each['underlay']}, round {each['round']}: "
                  f"{each['failure'].splitlines()[0]}" for each in self.results.failures]
        return ["", *lines] if lines else []

    def markdown(self) -> str:
        """For each underlay one table: contenders and ratios are rows, the medians of all measures are columns."""
        lines = [self.heading() + "."]
        pairs = [(measure, figure) for measure in self.plan.measures for figure in measure.figures]
        for underlay in self.plan.underlays:
            lines += ["", f"Underlay {underlay}:", "",
                      "| | " + " | ".join(f"{measure.title}: {figure.title}" for measure, figure in pairs) + " |",
                      "|---" * (len(pairs) + 1) + "|"]
            for name in self.names:
                values = [(figure, self.spread(underlay, measure.name, name, figure.key)) for measure, figure in pairs]
                lines.append(f"| {name} | " + " | ".join(
                    figure.form.format(value.median) if value else "–" for figure, value in values) + " |")
            for ours, base in self.ratios:
                ratios = [self.ratio(underlay, measure.name, ours, base, figure.key) if figure.has_ratio else None
                          for measure, figure in pairs]
                lines.append(f"| *{ours} ÷ {base}* | " + " | ".join(f"{value.median:.2f}" if value else "" for value in ratios) + " |")
        if self.results.memory:
            lines += ["", "| programs of one host | MB at the start | MB at the end | idle, % of a core |", "|---|---|---|---|"]
            for name, memory in self.results.memory.items():
                spread = Spread.of(self.results.idle.get(name, []))
                lines.append(f"| {name} | {memory['start']:.1f} | {memory.get('end', 0):.1f} | "
                             f"{f'{spread.median:.2f}' if spread else '–'} |")
        return "\n".join([*lines, *self.remarks()])

    # JSON

    def document(self) -> dict:
        def summary(of: Callable[[str, Measure, Figure], Spread | None]) -> dict:
            return {underlay: {measure.name: {figure.key: vars(value) for figure in measure.figures
                                              if (value := of(underlay, measure, figure))}
                               for measure in self.plan.measures} for underlay in self.plan.underlays}

        return {
            "machine": {"kernel": platform.uname().release, "architecture": platform.machine(), "cores": os.cpu_count()},
            "plan": {"rounds": self.results.rounds, "seconds": self.plan.seconds, "trials": self.plan.trials,
                     "outer_family": self.plan.outer, "underlays": self.plan.underlays},
            "contenders": {name: {"about": ALL[name].__doc__, "unavailable": self.results.unavailable.get(name)}
                           for name in self.plan.contenders},
            "medians": {name: summary(lambda underlay, measure, figure: self.spread(underlay, measure.name, name, figure.key))
                        for name in self.names},
            "ratios": {f"{ours} / {base}": summary(
                lambda underlay, measure, figure: self.ratio(underlay, measure.name, ours, base, figure.key)
                if figure.has_ratio else None) for ours, base in self.ratios},
            "memory_megabytes": self.results.memory,
            "idle_core_percent": self.results.idle,
            "measurements": self.results.taken,
            "failures": self.results.failures,
        }
