"""Ask systemd which services run, and which files their variables come from."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence

from smtp_tui.config.errors import one_line
from smtp_tui.places.errors import PlaceError
from smtp_tui.places.programs import run_program
from smtp_tui.records import record

Run = Callable[[Sequence[str]], str]
_PROPERTIES = ("Id", "MainPID", "EnvironmentFiles", "NeedDaemonReload")


@record
class RunningUnit:
    """A service that runs; `environment_files` are in the order in which systemd reads them.

    `needs_reload`: systemd has not yet read the newest version of its unit file.
    """

    name: str
    main_pid: int
    environment_files: tuple[str, ...] = ()
    needs_reload: bool = False


def running_units(run: Run = run_program, *, of_user: bool = False) -> tuple[RunningUnit, ...]:
    """Return the services that run, of the system or of this user; ProgramError without systemd."""
    manager = ["--user"] if of_user else []
    properties = f"--property={','.join(_PROPERTIES)}"
    output = run(
        ["systemctl", *manager, "show", "--no-pager", "--state=running", properties, "*.service"]
    )
    return tuple(_units(output))


def main_process(name: str, run: Run = run_program) -> int:
    """Return the number of a service's main process; PlaceError if it does not run."""
    name = name if "." in name else f"{name}.service"
    shown = run(["systemctl", "show", "--no-pager", "--property=Id,MainPID,LoadState", "--", name])
    properties = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    if properties.get("LoadState") != "loaded":
        raise PlaceError(f"systemd cannot load a service {one_line(name)}")
    pid = properties.get("MainPID", "")
    if not (pid.isascii() and pid.isdigit() and int(pid)):
        start = f"systemctl start {shlex.quote(name)}"
        raise PlaceError(f"unit {one_line(name)} does not run", start)
    return int(pid)


def _units(output: str) -> Iterator[RunningUnit]:
    for block in output.split("\n\n"):
        found: dict[str, list[str]] = {}
        for line in block.splitlines():
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
        (name, *_), (pid, *_) = found.get("Id", [""]), found.get("MainPID", [""])
        if name and pid.isascii() and pid.isdigit():
            # systemctl writes `/etc/default/app (ignore_errors=yes)`.
            files = [
                line.rpartition(" (ignore_errors=")[0] for line in found.get("EnvironmentFiles", ())
            ]
            yield RunningUnit(
                name, int(pid), tuple(filter(None, files)), found.get("NeedDaemonReload") == ["yes"]
            )
