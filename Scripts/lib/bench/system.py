"""Programs, packages, and what the processors did."""

from __future__ import annotations

import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

# Daemons and `ip` live in folders that a plain user's PATH leaves out.
os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"
POLICY = pathlib.Path("/usr/sbin/policy-rc.d")
TICKS = os.sysconf("SC_CLK_TCK")


class Failure(Exception):
    """What could not be done, on what, and why."""


def say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


def run(*words: object, check: bool = True, timeout: float = 60, env: dict[str, str] | None = None) -> str:
    """Runs a program to its end and returns what it printed; with `check`, its failure is ours."""
    command = [str(word) for word in words]
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
                                env={**os.environ, **(env or {})}, preexec_fn=die_with_parent)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{' '.join(command)}: not done after {timeout:g} s") from error
    except OSError as error:
        raise Failure(f"cannot run {command[0]}: {error}") from error
    if check and result.returncode != 0:
        raise Failure(f"{' '.join(command)}: {(result.stderr or result.stdout).strip() or result.returncode}")
    return result.stdout


def die_with_parent() -> None:
    """Between fork and exec: the program ends when this one does, however that comes about."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def install(programs: dict[str, str]) -> str | None:
    """Installs the Debian packages of the `programs` (name or path → package) that are missing, and starts no service of theirs.

    Returns why that can't be had, or None.
    """
    def missing() -> list[str]:
        return sorted({package for program, package in programs.items()
                       if not (os.path.exists(program) if program.startswith("/") else shutil.which(program))})

    packages = missing()
    if not packages:
        return None
    if not shutil.which("apt-get"):
        return f"{' '.join(packages)} missing, and there is no apt-get to install from"
    say("installing " + " ".join(packages))
    words = ["apt-get", "-qq", "install", "--no-install-recommends", *packages]
    keeps_policy = POLICY.exists()
    try:
        if not keeps_policy:
            POLICY.write_text("#!/bin/sh\nexit 101\n")
            POLICY.chmod(0o755)
        try:
            run(*words, timeout=600, env={"DEBIAN_FRONTEND": "noninteractive"})
        except Failure:
            run("apt-get", "-qq", "update", timeout=600)
            run(*words, timeout=600, env={"DEBIAN_FRONTEND": "noninteractive"})
    except Failure as failure:
        return f"cannot install {' '.join(packages)}: {str(failure).splitlines()[-1]}"
    finally:
        if not keeps_policy:
            POLICY.unlink(missing_ok=True)
    return f"{' '.join(missing())} installed, but the program is not there" if missing() else None


class Processors:
    """A reading of what all processors of the machine did; the difference of two readings is a Usage."""

    def __init__(self) -> None:
        self.at = time.monotonic()
        fields = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
        user, nice, system, _idle, _wait, irq, softirq, self.steal = (int(field) for field in fields)
        self.busy = user + nice + system + irq + softirq

    def __sub__(self, before: Processors) -> Usage:
        seconds = self.at - before.at
        return Usage((self.busy - before.busy) / TICKS, (self.steal - before.steal) / TICKS / seconds)


class Usage:
    """Seconds that processors were busy anywhere on the machine, and how many processors were stolen by others meanwhile."""

    def __init__(self, busy_seconds: float, steal: float) -> None:
        self.busy_seconds, self.steal = max(busy_seconds, 1 / TICKS), steal


def resident_megabytes(pid: int) -> float:
    """The resident memory of a process."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0


def processor_seconds(pid: int) -> float:
    """What a process has used in user and kernel mode, with all its threads, since it began."""
    # The program's name stands in parentheses and may hold spaces.
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
