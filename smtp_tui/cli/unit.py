"""`smtp-tui check --as-unit UNIT`: the check as a systemd service would do it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from smtp_tui.checks.equivalents import quoted
from smtp_tui.cli.formats import NAGIOS
from smtp_tui.cli.options import OPTIONS
from smtp_tui.cli.output import print_error, print_line
from smtp_tui.cli.parser import Invocation, UsageError
from smtp_tui.cli.password_prompt import VARIABLE
from smtp_tui.cli.systemd import PROPERTIES, TYPED, Transient, Unit, transient
from smtp_tui.config.errors import one_line, reason
from smtp_tui.config.paths import absolute

Ask = Callable[[Sequence[str]], str]

_MANAGER = "org.freedesktop.systemd1"
_BOOTED = Path("/run/systemd/system")
_NO_PROGRAM = 203
_NOT_STARTED = range(200, 256)
"""What systemd itself ends with before the command (systemd.exec(5), process exit codes)."""
_LIMIT = 10.0
"""Seconds that systemd may take to answer."""


def check_as_unit(call: Invocation) -> int:
    """Run the check as the unit would; where that cannot be, print the call and say why."""
    _refuse_unfit(call)
    if not _BOOTED.is_dir() or not shutil.which("systemd-run"):
        raise UsageError("--as-unit needs systemd, and this machine does not run it")
    unit = unit_of(call.options.as_unit, _asked)
    more = {name: os.environ[name] for name in (VARIABLE,) if name in os.environ}
    if os.geteuid() != 0:
        shown = transient(unit, command_of(call), "/run/FOLDER", more)
        (print_error if call.options.format == NAGIOS else print_line)(_line(shown))
        raise UsageError("only root can run this command; the unit has the values of its variables")
    with tempfile.TemporaryDirectory(prefix="smtp-tui-", dir="/run") as folder:
        return _run(unit, transient(unit, command_of(call), folder, more))


def _run(unit: Unit, run: Transient) -> int:
    for path, content in run.files.items():
        Path(path).touch(mode=0o600)
        Path(path).write_bytes(content)
    print_error(f"as {one_line(unit.name)}: {_line(run)}")
    if run.left_out:
        print_error(f"left out from {one_line(unit.name)}: {', '.join(run.left_out)}")
    environment = {**os.environ, **run.environment}
    try:
        status = asyncio.run(_status_of(run.argv, environment))
    except (OSError, ValueError) as error:
        raise UsageError(f"systemd-run cannot be run: {one_line(error)}") from None
    if status in _NOT_STARTED:
        raise UsageError(f"{one_line(unit.name)} could not start the check: {_why(status)}")
    return status


def _why(status: int) -> str:
    if status == _NO_PROGRAM:
        return (
            f"its user must be able to run {one_line(sys.executable)} and to read smtp-tui, "
            "so install it outside home directories"
        )
    return f"systemd ended with exit status {status}; systemd.exec(5) explains it"


def unit_of(name: str, ask: Ask) -> Unit:
    """Return a service's properties; UsageError where there is none of that name.

    `ask` runs one of systemd's programs and returns what it prints.
    """
    name = name if "." in name else f"{name}.service"
    if not name.endswith(".service"):
        raise UsageError(f"--as-unit needs a service, and {one_line(name)} is not one")
    printed = ask(
        ["systemctl", "show", "--no-pager", f"--property={','.join(PROPERTIES)}", "--", name]
    )
    shown: dict[str, tuple[str, ...]] = {}
    for line in printed.splitlines():
        key, _, value = line.partition("=")
        shown[key] = (*shown.get(key, ()), value)
    if shown.get("LoadState") != ("loaded",):
        raise UsageError(f"systemd cannot load a service {one_line(name)}")
    path = f"/org/freedesktop/systemd1/unit/{bus_label(shown['Id'][0])}"
    printed = ask(
        ["busctl", "--json=short", "get-property", _MANAGER, path, f"{_MANAGER}.Service", *TYPED]
    )
    values = dict(
        zip(TYPED, (json.loads(one)["data"] for one in printed.splitlines()), strict=True)
    )
    return Unit(
        shown=shown,
        environment=dict(one.split("=", 1) for one in values["Environment"]),
        loaded={kind: dict(values[kind]) for kind in ("LoadCredential", "LoadCredentialEncrypted")},
        inline={
            kind: {name: bytes(content) for name, content in values[kind]}
            for kind in ("SetCredential", "SetCredentialEncrypted")
        },
    )


def bus_label(name: str) -> str:
    """Return a unit's name as the bus spells it in a path."""
    return "".join(
        letter if letter.isascii() and letter.isalnum() and (number or letter.isalpha()) else hexed
        for number, letter in enumerate(name)
        for hexed in ["".join(f"_{byte:02x}" for byte in letter.encode())]
    )


def command_of(call: Invocation) -> list[str]:
    """Return this program's call without --as-unit, to be run in another folder."""
    words = [str(absolute(Path(word))) for word in call.words]
    return [*_program(), call.command.name, *_options(call), *(["--", *words] if words else [])]


def _program() -> list[str]:
    if Path(sys.argv[0]).suffix == ".pyz":
        return [sys.executable, str(absolute(Path(sys.argv[0])))]
    # Nothing of the unit's folder or variables may stand in for a module of ours.
    return [sys.executable, "-E", "-P", "-m", "smtp_tui"]


def _options(call: Invocation) -> list[str]:
    given = []
    for option in OPTIONS:
        value = getattr(call.options, option.name)
        if option.name == "as_unit" or value is None or value is False or value == []:
            continue
        if option.name in ("report", "output") and value != "-":
            value = str(absolute(Path(value)))
        flag = option.flags[0]
        values = value if isinstance(value, list) else [value]
        given += [flag] if value is True else [f"{flag}={one}" for one in values]
    return given


def _refuse_unfit(call: Invocation) -> None:
    options = call.options
    if options.ask_password or options.password_fd:
        raise UsageError("with --as-unit the password comes from the unit or from --password-stdin")


async def _status_of(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    process = await asyncio.create_subprocess_exec(*argv, env=environment)
    return await process.wait()


def _asked(argv: Sequence[str]) -> str:
    """Return what a program prints; UsageError where it fails, or keeps silent too long."""
    try:
        status, printed, complaint = asyncio.run(_answer_of(argv))
    except TimeoutError:
        raise UsageError(f"{argv[0]} did not answer within {_LIMIT:g} s") from None
    except OSError as error:
        raise UsageError(f"{argv[0]} cannot be run: {reason(error)}") from None
    if status:
        raise UsageError(f"{argv[0]} failed: {one_line(complaint.strip())}")
    return printed


async def _answer_of(argv: Sequence[str]) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *argv,
        env={**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_LIMIT):
            told = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    printed, complaint = (one.decode("utf-8", "surrogateescape") for one in told)
    return process.returncode, printed, complaint


def _line(run: Transient) -> str:
    return " ".join(quoted(word) for word in run.argv)
