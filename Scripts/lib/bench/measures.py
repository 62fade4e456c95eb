"""What is measured between the guests of a rig, and what the figures are called."""

from __future__ import annotations

import contextlib
import functools
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .datagrams import Datagrams, Flow
from .rig import Rig, wait_until
from .system import Failure, Processors

MOST_LOSS = 0.005
# A rate at which more than this is still under way when the last was sent is held up by queues that fill.
MOST_UNDER_WAY = 0.05


@dataclass(frozen=True)
class Figure:
    """One column: its key in the JSON, its title, how it is printed, and whether ratios of it mean something."""

    key: str
    title: str
    form: str
    has_ratio: bool = True


@dataclass(frozen=True)
class Settings:
    """How long a measurement lasts, how many rates a search tries, and the program that sends."""

    seconds: float
    trials: int
    datagrams: Datagrams

    @property
    def whole_seconds(self) -> int:
        """The same for iperf3, to which 0 is for ever."""
        return max(1, round(self.seconds))


@dataclass(frozen=True)
class Measure:
    """One thing to measure. `take` returns figures by key; `family` is that of the addresses inside."""

    name: str
    title: str
    figures: tuple[Figure, ...]
    take: Callable[[Rig, Settings], dict[str, float]]
    family: int = 4

    def takes(self, settings: Settings) -> float:
        """About how long one measurement takes, with all that is around it."""
        extra = {"udp": 0.3 + settings.trials * (search_seconds(settings) + 0.3), "rtt-bulk": 1.5}
        return settings.seconds + extra.get(self.name.removesuffix("-v6"), 0.5)


def search_seconds(settings: Settings) -> float:
    return max(0.4, settings.seconds / 3)


@contextlib.contextmanager
def iperf_server(rig: Rig) -> Iterator[None]:
    """An iperf3 server in guest b that listens."""
    log = rig.folder / "iperf3.txt"
    log.unlink(missing_ok=True)
    server = rig.start(rig.guest["b"], "iperf3", "-s", "-1", "--forceflush", log=log.name)
    try:
        wait_until(lambda: "listening" in log.read_text(), 5, "iperf3 does not listen", log.read_text)
        yield
    finally:
        rig.finish(server)


def iperf_end(rig: Rig, text: str) -> dict[str, Any]:
    """The sums of an iperf3 that went well."""
    try:
        report: dict[str, dict[str, Any]] = json.loads(text)
    except ValueError as error:
        raise Failure(f"{rig.name}: iperf3 says nothing that can be read: {text.strip()[:200]}") from error
    if "sum_received" not in report.get("end", {}):
        raise Failure(f"{rig.name}: iperf3: {report.get('error', 'it gives no sums and no reason')}")
    return report["end"]


def tcp(rig: Rig, settings: Settings, streams: int, way: str, family: int) -> dict[str, float]:
    """iperf3 from guest a to guest b, the other way (`reverse`), or both at once (`both`)."""
    options = {"forward": [], "reverse": ["-R"], "both": ["--bidir"]}[way]
    with iperf_server(rig):
        bytes_before, packets_before = rig.crossed()
        before = Processors()
        text = rig.within(rig.guest["a"], "iperf3", "-J", "-t", settings.whole_seconds, "-P", streams, *options, "-c",
                          rig.address("b", family), check=False, timeout=settings.whole_seconds + 15)
        used = Processors() - before
        bytes_after, packets_after = rig.crossed()
    end = iperf_end(rig, text)
    sums = [end[key] for key in ("sum_received", "sum_received_bidir_reverse") if key in end]
    moved = sum(each["bytes"] for each in sums)
    carried, packets = bytes_after - bytes_before, packets_after - packets_before
    # The proof that the figure is about this path: every byte crossed the underlay.
    if carried < moved:
        raise Failure(f"{rig.name}: {moved} bytes arrived, and the underlay carried {carried}")
    gigabits = moved * 8 / 1e9
    return {
        "gbits": sum(each["bits_per_second"] for each in sums) / 1e9,
        "gbits_per_core": gigabits / used.busy_seconds,
        "cpu_seconds_per_gigabit": used.busy_seconds / max(gigabits, 1e-9),
        "retransmits": end.get("sum_sent", {}).get("retransmits", 0) + end.get("sum_sent_bidir_reverse", {}).get("retransmits", 0),
        "underlay_bytes_per_packet": carried / max(packets, 1),
        "steal": used.steal,
    }


def udp(rig: Rig, settings: Settings, family: int) -> dict[str, float]:
    """64-byte datagrams: what arrives of as many as can be sent, and the highest rate that arrives."""
    before = Processors()
    carried = rig.crossed()[0]
    unbounded = settings.datagrams.flow(rig, settings.seconds, 0, family)
    if rig.crossed()[0] - carried < unbounded.received * 64:
        raise Failure(f"{rig.name}: {unbounded.received} datagrams arrived, and the underlay did not carry them")
    unbounded_usage = Processors() - before
    delivered = unbounded.rate

    def attempt(rate: float) -> tuple[float | None, bool]:
        """The rate that arrived, or None if too much was lost; and whether the sender could send that much."""
        flow = settings.datagrams.flow(rig, search_seconds(settings), rate, family)
        return flow.rate if is_loss_free(flow) else None, flow.sent / flow.seconds >= 0.97 * rate

    # Where nothing is lost of all that can be sent, no search can find more.
    best = delivered if is_loss_free(unbounded) else search(attempt, delivered, settings.trials)
    used = Processors() - before
    return {"udp64_delivered": delivered, "udp64_loss": unbounded.loss, "udp64_loss_free": best,
            "udp64_delivered_per_core": unbounded.received / unbounded_usage.busy_seconds, "steal": used.steal}


def is_loss_free(flow: Flow) -> bool:
    return flow.loss <= MOST_LOSS and flow.in_time >= (1 - MOST_UNDER_WAY) * flow.sent


def search(attempt: Callable[[float], tuple[float | None, bool]], guess: float, trials: int) -> float:
    """The highest rate found that holds, within 3 % or after so many trials.

    The first steps find two rates with the answer between them, the others halve the ratio of the two. A machine that is
    shared takes a processor away now and then, so a rate fails when it failed twice in a row, unless trials run out.

    >>> round(search(lambda rate: (rate if rate <= 80_000 else None, True), 50_000, 12), -3)
    79000.0
    >>> search(lambda rate: (min(rate, 60_000), rate <= 60_000), 50_000, 12)  # the sender can't do more
    60000
    >>> search(lambda rate: (None, True), 50_000, 12)
    0.0
    """
    low, high, best, rate, has_failed = 0.0, 0.0, 0.0, max(guess, 1000), False
    for _ in range(trials):
        result, could_send = attempt(rate)
        if result is None and not has_failed and low > 0:
            has_failed = True
            continue
        has_failed = False
        if result is not None:
            best, low = max(best, result), rate
            if not could_send:
                high = high or rate
        else:
            high = rate
        if high and low and high / low < 1.03:
            break
        rate = (low * high) ** 0.5 if low and high else low * 1.4 if low else high * 0.6
    return best


def round_trip(rig: Rig, settings: Settings, family: int) -> dict[str, float]:
    """Request and response on an otherwise idle path."""
    before = Processors()
    answers = settings.datagrams.ask(rig, settings.seconds, family)
    return {"rtt_p50_us": answers.p50_us, "rtt_p99_us": answers.p99_us, "rtt_lost": answers.lost,
            "steal": (Processors() - before).steal}


def round_trip_beside_bulk(rig: Rig, settings: Settings, family: int) -> dict[str, float]:
    """Request and response next to a TCP stream in the same direction as the requests."""
    with iperf_server(rig):
        before = Processors()
        client = rig.start(rig.guest["a"], "iperf3", "-J", "-t", settings.whole_seconds + 1, "-c", rig.address("b", family),
                           log="bulk.txt")
        try:
            time.sleep(0.5)
            answers = settings.datagrams.ask(rig, settings.seconds, family)
            client.wait(timeout=15)
        except subprocess.TimeoutExpired as error:
            raise Failure(f"{rig.name}: the bulk flow does not end") from error
        finally:
            rig.finish(client)
        used = Processors() - before
    file = rig.folder / "bulk.txt"
    end = iperf_end(rig, file.read_text())
    file.unlink()
    return {"bulk_rtt_p50_us": answers.p50_us, "bulk_rtt_p99_us": answers.p99_us, "bulk_rtt_lost": answers.lost,
            "bulk_gbits": end["sum_received"]["bits_per_second"] / 1e9, "steal": used.steal}


def idle(rigs: dict[str, Rig]) -> dict[str, dict[str, float]]:
    """What each contender's programs use of a core while nothing is sent, on the busier host; of all over the same 5 seconds."""
    rigs = {name: rig for name, rig in rigs.items() if rig.busy() is not None}
    before, at = {name: rig.busy() or 0 for name, rig in rigs.items()}, time.monotonic()
    time.sleep(5)
    seconds = time.monotonic() - at
    return {name: {"idle_core_percent": ((rig.busy() or 0) - before[name]) / seconds * 100} for name, rig in rigs.items()}


TCP = (
    Figure("gbits", "Gbit/s", "{:.2f}"),
    Figure("gbits_per_core", "Gbit/s per core", "{:.2f}"),
    Figure("cpu_seconds_per_gigabit", "CPU s per Gbit", "{:.3f}", has_ratio=False),
)
UDP = (
    Figure("udp64_loss_free", "loss ≤ 0.5 % /s", "{:,.0f}"),
    Figure("udp64_delivered", "unbounded /s", "{:,.0f}"),
    Figure("udp64_loss", "lost then", "{:.1%}", has_ratio=False),
)
RTT = (Figure("rtt_p50_us", "p50 µs", "{:.0f}"), Figure("rtt_p99_us", "p99 µs", "{:.0f}"))
RTT_BULK = (
    Figure("bulk_rtt_p50_us", "p50 µs", "{:.0f}"),
    Figure("bulk_rtt_p99_us", "p99 µs", "{:.0f}"),
    Figure("bulk_gbits", "bulk Gbit/s", "{:.2f}"),
)


def catalogue() -> dict[str, Measure]:
    """Every measure between two guests by name, in the order of the report."""
    measures = []
    for family in (4, 6):
        suffix, inside = ("", "") if family == 4 else ("-v6", ", IPv6")
        for streams in (1, 4):
            for way, title in (("forward", ""), ("reverse", ", reverse"), ("both", ", both directions at once")):
                measures.append(Measure(
                    f"tcp{streams}" + ("" if way == "forward" else f"-{way}") + suffix,
                    f"TCP, {streams} stream{'s' if streams > 1 else ''}{title}{inside}", TCP,
                    functools.partial(tcp, streams=streams, way=way, family=family), family))
        measures += [
            Measure("udp" + suffix, f"UDP, 64 bytes{inside}", UDP, functools.partial(udp, family=family), family),
            Measure("rtt" + suffix, f"request and response{inside}", RTT, functools.partial(round_trip, family=family), family),
            Measure("rtt-bulk" + suffix, f"request and response beside a TCP stream{inside}", RTT_BULK,
                    functools.partial(round_trip_beside_bulk, family=family), family),
        ]
    return {measure.name: measure for measure in measures}
