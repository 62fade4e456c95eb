"""What a contender has to say about itself."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass

from ..rig import Rig
from ..system import install


@dataclass(frozen=True)
class Programs:
    """Built programs that the command line names."""

    weft: pathlib.Path | None = None
    yardstick: pathlib.Path | None = None


class Contender:
    """A way to join two guests. The docstring of each kind is what the report says about it."""

    name = ""
    # Debian packages by the program that is needed of them.
    packages: dict[str, str] = {}
    # The families of underlay addresses that it can do.
    outer_families: tuple[int, ...] = (4, 6)
    # Whether frames pass through a program: what Weft is compared with beside the kernel.
    is_userspace = True

    def __init__(self, programs: Programs) -> None:
        self.programs = programs

    def obstacle(self, outer: int) -> str | None:
        """Why this contender can't be had on this machine, or None; installs what is missing."""
        if outer not in self.outer_families:
            return f"it is not measured over an IPv{outer} underlay"
        return install(self.packages)

    def set_up(self, rig: Rig) -> None:
        """Joins the guests of `rig`; its devices in the guests end up with the guests' addresses."""
        raise NotImplementedError
