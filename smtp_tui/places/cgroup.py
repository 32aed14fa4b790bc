"""Read from a process's control group which systemd service and which container it runs in."""

from __future__ import annotations

import re
from functools import lru_cache

from smtp_tui.places.process import ProcessHandle
from smtp_tui.records import record

# Docker, podman, containerd and CRI-O name a container's group after its ID. The group of podman's
# monitor, libpod-conmon-ID, is not the container's.
_CONTAINER = re.compile(
    r"(?:docker-|libpod-(?:payload-)?|cri-containerd-|crio-)?(?P<id>[0-9a-f]{64})(?:\.scope)?"
)
_USER_MANAGER = re.compile(r"user@(?P<uid>[0-9]+)\.service")
_LARGEST = 1 << 16


@record
class ControlGroup:
    """The service of a process, and the ID of its container; empty if it has none.

    `user` is the user whose own systemd runs it, and who may name groups as they like; None for
    the system's.
    """

    unit: str = ""
    user: int | None = None
    container: str = ""


def control_group_of(process: ProcessHandle) -> ControlGroup:
    """Return the control group of a process; PlaceError if it has ended."""
    content = process.read("cgroup", _LARGEST).decode("utf-8", "surrogateescape")
    return parse_control_group(content)


@lru_cache(maxsize=1024)
def parse_control_group(content: str) -> ControlGroup:
    """Parse the content of /proc/PID/cgroup; all hierarchies of version 1 name the same group."""
    for line in content.splitlines():
        found = _parse_path(line.split(":", 2)[-1])
        if found.unit or found.container:
            return found
    return ControlGroup()


def _parse_path(path: str) -> ControlGroup:
    unit, user, container = "", None, ""
    in_slices = True
    for part in filter(None, path.split("/")):
        if in_slices and (manager := _USER_MANAGER.fullmatch(part)):
            user = int(manager["uid"])
        elif in_slices and not part.endswith(".slice"):
            # Services below belong to a systemd of its own, as in LXC.
            in_slices = False
            unit = part if part.endswith(".service") else ""
        elif part == "payload":
            unit = ""  # what systemd-nspawn runs is another machine
        if match := _CONTAINER.fullmatch(part):
            container = match["id"]
    return ControlGroup(unit, user if unit or container else None, container)
