"""Ask systemd which services run, and what their properties are."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from smtp_tui.config.errors import one_line
from smtp_tui.places.errors import PlaceError
from smtp_tui.places.programs import Run, run_program
from smtp_tui.records import record

_PROPERTIES = ("Id", "MainPID", "EnvironmentFiles", "NeedDaemonReload")
# Properties whose `systemctl show` output cannot be parsed.
TYPED = (
    *("Environment", "LoadCredential", "LoadCredentialEncrypted"),
    *("SetCredential", "SetCredentialEncrypted"),
)
_UNSET = frozenset({"", "no", "~", "[not set]", "[unprintable]"})
_MANAGER = "org.freedesktop.systemd1"


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
    shown = _show(name, ("Id", "LoadState", "MainPID"), run)
    (pid,) = shown.get("MainPID", ("0",))
    if not (pid.isascii() and pid.isdigit() and int(pid)):
        start = f"systemctl start {shlex.quote(name)}"
        raise PlaceError(f"unit {one_line(name)} does not run", start)
    return int(pid)


@record(kw_only=True)
class SystemdUnitProperties:
    """A service's properties as `systemctl show` prints them: all lines by property name.

    `credentials` maps each kind's IDs to a path, or to the bytes of the content.
    """

    properties: Mapping[str, tuple[str, ...]]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    credentials: Mapping[str, Mapping[str, str | list[int]]] = field(
        default_factory=dict, repr=False
    )

    def text_of(self, name: str) -> str:
        """Return a property's text; empty if it is unset."""
        text = " ".join(self.properties.get(name, ()))
        return "" if text in _UNSET else text


def unit_properties(
    name: str, wanted: Sequence[str], run: Run = run_program
) -> SystemdUnitProperties:
    """Return a service's properties, Id and LoadState among them; PlaceError if it is unknown."""
    shown = _show(name, wanted, run)
    path = f"/org/freedesktop/systemd1/unit/{bus_label(shown['Id'][0])}"
    output = run(
        ["busctl", "--json=short", "get-property", _MANAGER, path, f"{_MANAGER}.Service", *TYPED]
    )
    environment, *credentials = (json.loads(line)["data"] for line in output.splitlines())
    return SystemdUnitProperties(
        properties=shown,
        environment=dict(pair.split("=", 1) for pair in environment),
        credentials=dict(zip(TYPED[1:], map(dict, credentials), strict=True)),
    )


def service_name(name: str) -> str:
    """Return the full name of a unit; systemctl takes a service's short one."""
    return name if "." in name else f"{name}.service"


def bus_label(name: str) -> str:
    """Escape a unit's name for a D-Bus path: special characters become hexadecimal."""

    def in_hexadecimal(match: re.Match[str]) -> str:
        return "".join(f"_{byte:02x}" for byte in match[0].encode())

    return re.sub("^[0-9]|[^A-Za-z0-9]", in_hexadecimal, name)


def _show(name: str, wanted: Sequence[str], run: Run) -> Mapping[str, tuple[str, ...]]:
    """Return all lines of a service's properties; PlaceError if systemd cannot load it."""
    name = service_name(name)
    properties = f"--property={','.join(wanted)}"
    output = run(["systemctl", "show", "--no-pager", properties, "--", name])
    shown = _properties(output)
    if shown.get("LoadState") != ("loaded",):
        raise PlaceError(f"systemd cannot load a service {one_line(name)}")
    return shown


def _properties(output: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in output.splitlines():
        name, _, value = line.partition("=")
        found[name] = (*found.get(name, ()), value)
    return found


def _units(output: str) -> Iterator[RunningUnit]:
    for block in output.split("\n\n"):
        found = _properties(block)
        (name, *_), (pid, *_) = found.get("Id", ("",)), found.get("MainPID", ("",))
        if name and pid.isascii() and pid.isdigit():
            # systemctl writes `/etc/default/app (ignore_errors=yes)`.
            files = [
                line.rpartition(" (ignore_errors=")[0] for line in found.get("EnvironmentFiles", ())
            ]
            yield RunningUnit(
                name,
                int(pid),
                tuple(filter(None, files)),
                found.get("NeedDaemonReload") == ("yes",),
            )
