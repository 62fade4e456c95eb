"""`Scripts/bench gossip`: membership of a fabric beside serf's, in the same namespaces.

Every node is a namespace on one bridge, with a sealed gossip: Weft with a key ring, serf with a key, else as each comes. All nodes
start at once and know the address of one. The programs take turns, round by round; each round of each has namespaces of its own.

    converged  from the start of the first process until every node knows every other
    idle       bytes a node sends in a second while nothing happens, from the Ethernet header on, ARP included
    joined     from the start of one more node until all others know it
    detected   from the kill of a node until the first other, and until all others, say that it is dead; serf calls it failed

When something is known is when the program says so: `weft events`, and serf's log.
"""

from __future__ import annotations

import argparse
import base64
import datetime
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO

from .rig import PREFIX, heed_signals, remove_leftovers, wait_until
from .system import Failure, die_with_parent, install, processor_seconds, resident_megabytes, run, say

FIGURES = {
    "converged": "s until all know all",
    "joined": "s until a join is known to all",
    "detected_first": "s until a death is known to one",
    "detected_all": "s until a death is known to all",
    "idle_bytes": "idle, B/s of a node",
    "idle_core_percent": "idle, % of a core for a node",
    "megabytes": "MB of a node",
}


class Network:
    """Namespaces on one bridge, with their processes and a folder; a context manager."""

    def __init__(self, name: str, count: int) -> None:
        self.hub = f"{PREFIX}-{name}-hub"
        self.hosts = {number: f"{PREFIX}-{name}-n{number}" for number in range(1, count + 1)}
        self.processes: list[subprocess.Popen[str]] = []
        self._folder = tempfile.TemporaryDirectory(prefix=f"{PREFIX}-{name}-")
        self.folder = pathlib.Path(self._folder.name)

    def __enter__(self) -> Network:
        try:
            for namespace in (self.hub, *self.hosts.values()):
                run("ip", "netns", "add", namespace)
                run("ip", "-n", namespace, "link", "set", "lo", "up")
                # Nothing but what the programs send: no router solicitations, no listener reports.
                for kind in ("all", "default"):
                    run("ip", "netns", "exec", namespace, "sysctl", "-qw", f"net.ipv6.conf.{kind}.disable_ipv6=1")
            run("ip", "-n", self.hub, "link", "add", "hub", "type", "bridge", "mcast_snooping", "0")
            run("ip", "-n", self.hub, "link", "set", "hub", "up")
            for number, namespace in self.hosts.items():
                run("ip", "-n", self.hub, "link", "add", f"n{number}", "type", "veth", "peer", "name", "eth0", "netns", namespace)
                run("ip", "-n", self.hub, "link", "set", f"n{number}", "master", "hub", "up")
                run("ip", "-n", namespace, "address", "add", f"{self.address(number)}/24", "dev", "eth0")
                run("ip", "-n", namespace, "link", "set", "eth0", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for namespace in (*self.hosts.values(), self.hub):
            run("ip", "netns", "delete", namespace, check=False)
        self._folder.cleanup()

    def address(self, number: int) -> str:
        return f"192.0.2.{number}"

    def start(self, number: int, *words: object, output: Any = None, errors: Any = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Starts a program on a node; it ends with the network at the latest."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.hosts[number], *(str(word) for word in words)], stdin=subprocess.DEVNULL,
            stdout=output, stderr=errors, text=True, start_new_session=True, preexec_fn=die_with_parent)
        self.processes.append(process)
        return process

    def sent(self, number: int) -> int:
        """Bytes that a node has sent so far."""
        links = json.loads(run("ip", "-n", self.hosts[number], "-s", "-j", "link", "show", "eth0"))
        return int(links[0]["stats64"]["tx"]["bytes"])


class Sightings:
    """When which node learnt what of which other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # The others that a node knows, as it calls them: by identity as long as it has not heard the name.
        self._present: dict[int, set[str]] = {}
        # (who, of whom) → when it was last said to be dead.
        self._dead: dict[tuple[int, int], float] = {}
        self.last_change = 0.0

    def joined(self, who: int, of: str, at: float) -> None:
        with self._lock:
            if of != f"n{who}" and of not in self._present.setdefault(who, set()):
                self._present[who].add(of)
                self.last_change = max(self.last_change, at)

    def died(self, who: int, of: int, at: float) -> None:
        with self._lock:
            self._dead[who, of] = at

    def all_know_all(self, nodes: set[int]) -> bool:
        with self._lock:
            return all(len(self._present.get(each, ())) >= len(nodes) - 1 for each in nodes)

    def deaths(self, of: int, since: float) -> dict[int, float]:
        """Who said that `of` is dead, and when."""
        with self._lock:
            return {who: at for (who, whom), at in self._dead.items() if whom == of and at >= since}

    def follow(self, lines: TextIO, take: Callable[[str], None]) -> None:
        """Hands every line to `take` as it comes."""
        def read() -> None:
            for line in lines:
                take(line)

        threading.Thread(target=read, daemon=True).start()


class Weft:
    """Weft: agents without ports, found by --join, sealed"""

    name = "weft"

    def __init__(self, binary: pathlib.Path | None) -> None:
        self.binary = binary

    def obstacle(self) -> str | None:
        return None if self.binary else "there is no built weft"

    def prepare(self, network: Network) -> None:
        run(self.binary, "key", "init", "--fabric", "bench", "--state-dir", network.folder / "1", "-q")
        for number in network.hosts:
            folder = network.folder / str(number)
            folder.mkdir(mode=0o700, exist_ok=True)
            if number != 1:
                shutil.copy2(network.folder / "1" / "bench.keys", folder / "bench.keys")

    def node(self, network: Network, number: int, seen: Sightings) -> subprocess.Popen[str]:
        folder = network.folder / str(number)
        log = open(network.folder / f"{number}.log", "ab")
        with log:
            process = network.start(
                number, self.binary, "agent", "--host", f"n{number}", "--fabric", "bench", "--underlay", network.address(number),
                "--join", network.address(1), "--socket", folder / "agent.sock", "--state-dir", folder, output=log, errors=log)

        def take(line: str) -> None:
            event = json.loads(line)
            # The event's own time: it may be replayed to a reader that came later.
            age = time.time() - datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()
            if event["kind"] == "peer-joined":
                seen.joined(number, event["object"], time.monotonic() - age)
            elif event["kind"] == "peer-dead":
                seen.died(number, int(event["object"][1:]), time.monotonic() - age)

        def watch() -> None:
            # The socket answers a moment after the start.
            while process.poll() is None and not (folder / "agent.sock").exists():
                time.sleep(0.01)
            if process.poll() is None:
                events = network.start(number, self.binary, "events", "--since", "0", "-o", "jsonl", "--socket",
                                       folder / "agent.sock", output=subprocess.PIPE)
                # Read by this thread: a program ends with the thread that has started it.
                for line in events.stdout:
                    take(line)

        threading.Thread(target=watch, daemon=True).start()
        return process


class Serf:
    """serf: agents with the profile for a LAN, found by -retry-join, sealed"""

    name = "serf"

    def __init__(self) -> None:
        self.key = base64.b64encode(os.urandom(32)).decode()

    def obstacle(self) -> str | None:
        return install({"serf": "serf"})

    def prepare(self, network: Network) -> None:
        pass

    def node(self, network: Network, number: int, seen: Sightings) -> subprocess.Popen[str]:
        process = network.start(
            number, "serf", "agent", f"-node=n{number}", f"-bind={network.address(number)}:7946", f"-encrypt={self.key}",
            f"-retry-join={network.address(1)}", "-retry-interval=1s", "-log-level=info", output=subprocess.PIPE,
            errors=subprocess.STDOUT)

        def take(line: str) -> None:
            match = re.search(r"EventMember(Join|Failed): n(\d+) ", line)
            if match and match[1] == "Join":
                seen.joined(number, f"n{match[2]}", time.monotonic())
            elif match:
                seen.died(number, int(match[2]), time.monotonic())

        seen.follow(process.stdout, take)
        return process


def take_round(contender: Weft | Serf, count: int, idle_seconds: float) -> dict[str, float]:
    """Starts all nodes but one, leaves them alone, adds that one and kills another."""
    figures: dict[str, float] = {}
    seen = Sightings()
    with Network(contender.name, count) as network:
        def logs() -> str:
            texts = [log.read_text(errors="replace").strip()[-500:] for log in sorted(network.folder.glob("*.log"))]
            return "\n".join(text for text in texts if text)

        nodes: dict[int, subprocess.Popen[str]] = {}

        def wait(condition: Callable[[], object], seconds: float, what: str, without: int = 0) -> None:
            def is_so() -> object:
                for number, process in nodes.items():
                    if number != without and process.poll() is not None:
                        raise Failure(f"{contender.name}: n{number} ended with {process.returncode}\n{logs()}")
                return condition()

            wait_until(is_so, seconds, f"{contender.name}: {what} after {seconds:g} s", logs)

        contender.prepare(network)
        numbers = sorted(network.hosts)
        first, late = set(numbers[:-1]), numbers[-1]
        began = time.monotonic()
        for number in sorted(first):
            nodes[number] = contender.node(network, number, seen)
        wait(lambda: seen.all_know_all(first), 60, "not all know all")
        figures["converged"] = seen.last_change - began

        # What was exchanged to converge is not idling.
        time.sleep(5)
        before = {number: (network.sent(number), processor_seconds(nodes[number].pid)) for number in first}
        at = time.monotonic()
        time.sleep(idle_seconds)
        seconds = time.monotonic() - at
        sent = [network.sent(number) - before[number][0] for number in first]
        busy = [processor_seconds(nodes[number].pid) - before[number][1] for number in first]
        figures["idle_bytes"] = sum(sent) / len(sent) / seconds
        figures["idle_core_percent"] = 100 * sum(busy) / len(busy) / seconds
        figures["megabytes"] = statistics.median(resident_megabytes(nodes[number].pid) for number in first)

        began = time.monotonic()
        nodes[late] = contender.node(network, late, seen)
        everybody = set(numbers)
        wait(lambda: seen.all_know_all(everybody), 60, f"not all know n{late}")
        figures["joined"] = seen.last_change - began

        time.sleep(2)
        victim = numbers[1]
        killed = time.monotonic()
        nodes[victim].kill()
        others = everybody - {victim}
        wait(lambda: others <= seen.deaths(victim, killed).keys(), 90, f"not all know that n{victim} is dead", victim)
        times = [at - killed for who, at in seen.deaths(victim, killed).items() if who in others]
        figures["detected_first"], figures["detected_all"] = min(times), max(times)
    return figures


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="Scripts/bench gossip", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=10, help="agents of each (10)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (3)")
    parser.add_argument("--idle", type=float, default=20, metavar="SECONDS", help="how long nothing happens (20)")
    parser.add_argument("--contender", action="append", choices=["weft", "serf"], help="measure only this")
    parser.add_argument("--binary", type=pathlib.Path, help="a built weft; without it a release build is made")
    parser.add_argument("--json", type=pathlib.Path, help="write every figure of every round to this file")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    return parser.parse_args(arguments)


def main(arguments: list[str], build: Callable[[], pathlib.Path]) -> int:
    given = options(arguments)
    if not 3 <= given.nodes <= 200:
        sys.exit("bench: --nodes takes 3 to 200")
    if os.geteuid() != 0:
        sys.exit("bench: it makes network namespaces; run: sudo Scripts/bench gossip")
    heed_signals()
    remove_leftovers()
    obstacle = install({"ip": "iproute2", "sysctl": "procps"})
    if obstacle:
        raise Failure(obstacle)
    wanted = given.contender or ["weft", "serf"]
    binary = given.binary or (build() if "weft" in wanted else None)
    contenders = [each for each in (Weft(binary and binary.resolve()), Serf()) if each.name in wanted]
    unavailable = {each.name: reason for each in contenders if (reason := each.obstacle())}
    contenders = [each for each in contenders if each.name not in unavailable]
    taken: dict[str, list[dict[str, float]]] = {each.name: [] for each in contenders}
    failures: list[str] = []
    try:
        for number in range(given.rounds):
            for contender in contenders if number % 2 == 0 else contenders[::-1]:
                say(f"round {number + 1} of {given.rounds}: {contender.name}, {given.nodes} nodes")
                try:
                    taken[contender.name].append(take_round(contender, given.nodes, given.idle))
                except Failure as failure:
                    say(str(failure))
                    failures.append(str(failure).splitlines()[0])
    finally:
        print(report(given, contenders, taken, unavailable, failures))
        if given.json:
            given.json.write_text(json.dumps({"nodes": given.nodes, "rounds": taken, "unavailable": unavailable}, indent=1) + "\n")
    return 1 if failures or any(name in unavailable for name in given.contender or []) else 0


def report(given: argparse.Namespace, contenders: list[Weft | Serf], taken: dict[str, list[dict[str, float]]],
           unavailable: dict[str, str], failures: list[str]) -> str:
    names = [each.name for each in contenders if taken[each.name]]
    if not names:
        return "\n".join([*(f"{name}: not available: {reason}" for name, reason in unavailable.items()), *failures])
    rows = [["", *names]]
    for key, title in FIGURES.items():
        row = [title]
        for name in names:
            values = [figures[key] for figures in taken[name]]
            form = "{:.0f}" if key == "idle_bytes" else "{:.2f}"
            spread = f" ({form.format(min(values))}…{form.format(max(values))})" if len(values) > 1 else ""
            row.append(form.format(statistics.median(values)) + spread)
        rows.append(row)
    heading = (f"{given.nodes} nodes in namespaces on one bridge, {os.cpu_count()} cores for all of them; "
               f"medians (lowest…highest)")
    remarks = [str(each.__doc__) for each in contenders]
    remarks += [f"{name}: not available: {reason.splitlines()[0]}" for name, reason in unavailable.items()] + failures
    if given.markdown:
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        lines.insert(1, "|---" * len(rows[0]) + "|")
        return "\n".join([heading + ":", "", *lines, "", *(f"- {remark}" for remark in remarks)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))])
             for row in rows]
    return "\n".join([heading, "", *lines, "", *remarks])
