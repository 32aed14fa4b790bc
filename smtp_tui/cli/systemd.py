"""`smtp-tui check --as-unit UNIT`: run the check as a systemd service would.

A unit's properties become a `systemd-run` command that runs smtp-tui. Every user can read it, so it
contains no secret: variables are passed by name, with their values in the environment of
`systemd-run` itself, and credentials stored in the unit are passed as files.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from smtp_tui.checks.equivalents import quoted
from smtp_tui.cli.commands import Invocation, flag_of
from smtp_tui.cli.parser import UsageError
from smtp_tui.cli.password_prompt import VARIABLE
from smtp_tui.cli.terminal import print_error, print_line
from smtp_tui.config.errors import one_line
from smtp_tui.config.paths import absolute
from smtp_tui.places.errors import PlaceError
from smtp_tui.places.programs import Run, run_program
from smtp_tui.places.units import SystemdUnitProperties, service_name, unit_properties
from smtp_tui.records import record

_DATA = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_COPIED, _DYNAMIC_USER, _TRANSLATED, _LEFT_OUT = (
    tuple(_DATA["properties"][name])
    for name in ("copied", "dynamic_user", "translated", "left_out")
)
PROPERTIES = ("Id", "LoadState", "MainPID", *_COPIED, *_DYNAMIC_USER, *_TRANSLATED, *_LEFT_OUT)

_ALL_CAPABILITIES = 41  # Linux 5.9; a smaller set is a restriction
_RESERVED = frozenset(f"{start}{end}" for start, ends in _DATA["variables"].items() for end in ends)

_BOOTED = Path("/run/systemd/system")
_NO_PROGRAM = 203  # EXIT_EXEC: the unit's user cannot run the program
# systemd's exit statuses if it cannot run the command (systemd.exec(5), exit codes).
_NOT_STARTED = range(200, 256)


@record(kw_only=True)
class SystemdTransientUnit:
    """A `systemd-run` command, the variables that it needs, and its files by path.

    `left_out` names properties that it does not copy.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    left_out: tuple[str, ...] = ()

    @property
    def command_line(self) -> str:
        """The command for a shell."""
        return " ".join(quoted(word) for word in self.argv)


def check_as_unit(call: Invocation) -> int:
    """Run the check as the unit would; unless root, print the command with a UsageError."""
    options = call.options
    if options.ask_password or options.password_fd:
        raise UsageError("with --as-unit the password comes from the unit or from --password-stdin")
    if not _BOOTED.is_dir() or not shutil.which("systemd-run"):
        raise UsageError("--as-unit needs systemd, and this machine does not run it")
    unit = unit_of(options.as_unit)
    extra = {name: os.environ[name] for name in (VARIABLE,) if name in os.environ}
    if os.geteuid() != 0:
        line = transient_unit(unit, command_of(call), "/run/FOLDER", extra).command_line
        # With nagios, standard output is the plugin's.
        (print_error if options.format == "nagios" else print_line)(line)
        raise UsageError("only root can run this command; the unit has the values of its variables")
    with tempfile.TemporaryDirectory(prefix="smtp-tui-", dir="/run") as folder:
        return _run(unit, transient_unit(unit, command_of(call), folder, extra))


def _run(unit: SystemdUnitProperties, transient: SystemdTransientUnit) -> int:
    for path, content in transient.files.items():
        Path(path).touch(mode=0o600)
        Path(path).write_bytes(content)
    name = one_line(unit.text_of("Id"))
    print_error(f"as {name}: {transient.command_line}")
    if transient.left_out:
        print_error(f"left out from {name}: {', '.join(transient.left_out)}")
    if (pid := unit.text_of("MainPID")) not in ("", "0"):
        print_error(f"to compare with here, check from its process: --as-pid {pid}")

    async def run() -> int:
        environment = {**os.environ, **transient.environment}
        process = await asyncio.create_subprocess_exec(*transient.argv, env=environment)
        return await process.wait()

    try:
        status = asyncio.run(run())
    except (OSError, ValueError) as error:
        raise UsageError(f"systemd-run cannot be run: {one_line(error)}") from None
    if status not in _NOT_STARTED:
        return status
    reason = f"systemd ended with exit status {status}; systemd.exec(5) explains it"
    if status == _NO_PROGRAM:
        reason = (
            f"its user must be able to run {one_line(sys.executable)} and to read smtp-tui, "
            "so install it outside home directories"
        )
    raise UsageError(f"{name} could not start the check: {reason}")


def command_of(call: Invocation) -> list[str]:
    """Return this command line without --as-unit, usable in any folder."""
    # The unit's folder and variables must not replace our modules (-E, -P).
    program = ["-E", "-P", "-m", "smtp_tui"]
    if Path(sys.argv[0]).suffix == ".pyz":
        program = [str(absolute(Path(sys.argv[0])))]
    command = [sys.executable, *program, call.command.name]
    for name, value in call.given.items():
        if name in ("report", "output") and value != "-":
            value = str(absolute(Path(value)))
        values = value if isinstance(value, list) else [value]
        if name != "as_unit":
            flag = flag_of(name)
            command += [flag] if value is True else [f"{flag}={each}" for each in values]
    words = [str(absolute(Path(word))) for word in call.words]
    return [*command, "--", *words] if words else command


def unit_of(name: str, run: Run = run_program) -> SystemdUnitProperties:
    """Return a service's properties; UsageError if there is no such service."""
    if not service_name(name).endswith(".service"):
        raise UsageError(f"--as-unit needs a service, and {one_line(name)} is not one")
    try:
        return unit_properties(name, PROPERTIES, run)
    except PlaceError as error:
        raise UsageError(str(error)) from None


def transient_unit(
    unit: SystemdUnitProperties,
    command: Sequence[str],
    folder: str,
    extra: Mapping[str, str] | None = None,
) -> SystemdTransientUnit:
    """Return the command that runs `command` as `unit` would; `extra` adds variables.

    `folder` will hold its files; only root may read it.
    """
    environment = {**(extra or {}), **unit.environment}
    files: dict[str, bytes] = {}
    credentials = []
    for kind, contents in unit.credentials.items():
        for number, (name, content) in enumerate(contents.items()):
            if isinstance(content, str):
                credentials.append(f"{kind}={name}:{content}" if content else f"{kind}={name}")
            else:
                path = f"{folder}/{kind}-{number}"
                files[path] = bytes(content)
                credentials.append(f"{kind.replace('Set', 'Load')}={name}:{path}")
    argv = [
        "systemd-run",
        *("--quiet", "--wait", "--pipe", "--collect", "--service-type=exec"),
        *([f"--slice={unit.text_of('Slice')}"] if unit.text_of("Slice") else []),
        *(f"--property={text}" for text in (*_properties(unit), *credentials)),
        # systemd-run reads values from its own environment, which no other user sees.
        *(
            f"--setenv={name}={value}" if name in _RESERVED else f"--setenv={name}"
            for name, value in environment.items()
        ),
        "--",
        # Every version expands variables in the command, and `$$` stands for one `$`.
        *(word.replace("$", "$$") for word in command),
    ]
    return SystemdTransientUnit(
        argv=tuple(argv),
        environment={name: value for name, value in environment.items() if name not in _RESERVED},
        files=files,
        left_out=tuple(name for name in _LEFT_OUT if unit.text_of(name)),
    )


def _properties(unit: SystemdUnitProperties) -> Iterator[str]:
    for name in (*_COPIED, *(_DYNAMIC_USER if unit.text_of("DynamicUser") else ())):
        if text := unit.text_of(name):
            yield f"{name}={text}"
    if unit.text_of("PrivateNetwork"):
        # The unit's network if it runs, not another empty one.
        others = unit.text_of("JoinsNamespaceOf")
        yield f"JoinsNamespaceOf={unit.text_of('Id')} {others}".rstrip()
    if folder := unit.text_of("WorkingDirectory"):
        # `systemctl show` prints ! where a unit file has -: the folder need not exist.
        yield f"WorkingDirectory={f'-{folder[1:]}' if folder.startswith('!') else folder}"
    for line in unit.properties.get("EnvironmentFiles", ()):
        path, _, ignored = line.rpartition(" (ignore_errors=")
        if path:
            yield f"EnvironmentFile={'-' if ignored.startswith('yes') else ''}{path}"
    capabilities = unit.text_of("CapabilityBoundingSet")
    if len(capabilities.split()) < _ALL_CAPABILITIES and "CapabilityBoundingSet" in unit.properties:
        yield f"CapabilityBoundingSet={capabilities}"
