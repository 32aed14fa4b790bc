"""`smtp-tui check --as-unit UNIT`: the check as a systemd service would do it.

A unit's properties become a `systemd-run` call that runs smtp-tui. No secret stands in that call,
for any user of the machine can read a command line: the environment goes by name, its values in the
environment of `systemd-run` itself, and a credential that the unit holds in itself goes in a file.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from smtp_tui.checks.equivalents import quoted
from smtp_tui.cli.commands import OPTIONS, Invocation
from smtp_tui.cli.parser import UsageError
from smtp_tui.cli.password_prompt import VARIABLE
from smtp_tui.cli.terminal import print_error, print_line
from smtp_tui.config.errors import one_line, reason
from smtp_tui.config.paths import absolute
from smtp_tui.records import record

_DATA = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_COPIED, _DYNAMIC_USER, _TRANSLATED, _LEFT_OUT = (
    tuple(_DATA["properties"][name])
    for name in ("copied", "dynamic_user", "translated", "left_out")
)
PROPERTIES = ("Id", "LoadState", *_COPIED, *_DYNAMIC_USER, *_TRANSLATED, *_LEFT_OUT)
TYPED = (
    *("Environment", "LoadCredential", "LoadCredentialEncrypted"),
    *("SetCredential", "SetCredentialEncrypted"),
)
"""Properties that `systemctl show` cannot print so that they can be read back."""

_UNSET = frozenset({"", "no", "~", "[not set]", "[unprintable]"})
_ALL_CAPABILITIES = 41  # Linux 5.9; a set of fewer is a restriction
_RESERVED = frozenset(f"{start}{end}" for start, ends in _DATA["variables"].items() for end in ends)

Ask = Callable[[Sequence[str]], str]

_MANAGER = "org.freedesktop.systemd1"
_BOOTED = Path("/run/systemd/system")
_NO_PROGRAM = 203
_NOT_STARTED = range(200, 256)
"""What systemd itself ends with before the command (systemd.exec(5), process exit codes)."""
_PATIENCE = 10.0
"""Seconds that systemd may take to answer."""


@record(kw_only=True)
class Unit:
    """A service's properties: as `systemctl show` prints them, each line of a name one by one.

    `environment` and the credentials come in their own types: by id a path, or the content.
    """

    shown: Mapping[str, tuple[str, ...]]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    loaded: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    inline: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Its full name."""
        return self.text_of("Id")

    def text_of(self, name: str) -> str:
        """Return the text of a property; empty where nothing is set."""
        text = " ".join(self.shown.get(name, ()))
        return "" if text in _UNSET else text


@record(kw_only=True)
class Transient:
    """What to run: the call, the variables that it needs, the files it reads by their names.

    `left_out` names what the unit has and the call does not.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    left_out: tuple[str, ...] = ()


def transient(
    unit: Unit, command: Sequence[str], folder: str, more: Mapping[str, str] | None = None
) -> Transient:
    """Return the call that runs `command` as `unit` would, with the variables of `more` beside.

    `folder` is where its files will be; only root may look into it.
    """
    environment = {**(more or {}), **unit.environment}
    files = {
        f"{folder}/{kind}-{number}": content
        for kind, by_id in unit.inline.items()
        for number, content in enumerate(by_id.values())
    }
    properties = [*_properties(unit), *_credentials(unit, folder)]
    argv = [
        "systemd-run",
        *("--quiet", "--wait", "--pipe", "--collect", "--service-type=exec"),
        *(f"--slice={slice_}" for slice_ in [unit.text_of("Slice")] if slice_),
        *(f"--property={one}" for one in properties),
        *(_variable(name, value) for name, value in environment.items()),
        "--",
        # Every version expands variables in the command, and takes a doubled sign for one.
        *(word.replace("$", "$$") for word in command),
    ]
    return Transient(
        argv=tuple(argv),
        environment={name: value for name, value in environment.items() if name not in _RESERVED},
        files=files,
        left_out=tuple(name for name in _LEFT_OUT if unit.text_of(name)),
    )


def _properties(unit: Unit) -> Iterator[str]:
    names: tuple[str, ...] = _COPIED
    if unit.text_of("DynamicUser"):
        names += _DYNAMIC_USER
    for name in names:
        text = unit.text_of(name)
        if text:
            yield f"{name}={text}"
    if unit.text_of("PrivateNetwork"):
        # Its own network, if it runs, and not another empty one.
        yield f"JoinsNamespaceOf={unit.name} {unit.text_of('JoinsNamespaceOf')}".rstrip()
    folder = unit.text_of("WorkingDirectory")
    if folder:
        yield f"WorkingDirectory={f'-{folder[1:]}' if folder.startswith('!') else folder}"
    for line in unit.shown.get("EnvironmentFiles", ()):
        path, _, ignored = line.rpartition(" (ignore_errors=")
        if path:
            yield f"EnvironmentFile={'-' if ignored.startswith('yes') else ''}{path}"
    capabilities = unit.text_of("CapabilityBoundingSet")
    if len(capabilities.split()) < _ALL_CAPABILITIES and "CapabilityBoundingSet" in unit.shown:
        yield f"CapabilityBoundingSet={capabilities}"


def _credentials(unit: Unit, folder: str) -> Iterator[str]:
    for kind, paths in unit.loaded.items():
        for name, path in paths.items():
            yield f"{kind}={name}:{path}" if path else f"{kind}={name}"
    for kind, contents in unit.inline.items():
        for number, name in enumerate(contents):
            yield f"{kind.replace('Set', 'Load')}={name}:{folder}/{kind}-{number}"


def _variable(name: str, value: str) -> str:
    return f"--setenv={name}={value}" if name in _RESERVED else f"--setenv={name}"


def check_as_unit(call: Invocation) -> int:
    """Run the check as the unit would; where that cannot be, print the call and say why."""
    options = call.options
    if options.ask_password or options.password_fd:
        raise UsageError("with --as-unit the password comes from the unit or from --password-stdin")
    if not _BOOTED.is_dir() or not shutil.which("systemd-run"):
        raise UsageError("--as-unit needs systemd, and this machine does not run it")
    unit = unit_of(options.as_unit, output_of)
    more = {name: os.environ[name] for name in (VARIABLE,) if name in os.environ}
    if os.geteuid() != 0:
        shown = transient(unit, command_of(call), "/run/FOLDER", more)
        (print_error if options.format == "nagios" else print_line)(_command_line(shown))
        raise UsageError("only root can run this command; the unit has the values of its variables")
    with tempfile.TemporaryDirectory(prefix="smtp-tui-", dir="/run") as folder:
        return _run(unit, transient(unit, command_of(call), folder, more))


def _run(unit: Unit, run: Transient) -> int:
    for path, content in run.files.items():
        Path(path).touch(mode=0o600)
        Path(path).write_bytes(content)
    print_error(f"as {one_line(unit.name)}: {_command_line(run)}")
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


async def _status_of(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    process = await asyncio.create_subprocess_exec(*argv, env=environment)
    return await process.wait()


def output_of(argv: Sequence[str]) -> str:
    """Return what one of systemd's programs prints; UsageError where it fails or is slow."""
    try:
        status, printed, complaint = asyncio.run(_run_to_end(argv))
    except TimeoutError:
        raise UsageError(f"{argv[0]} did not answer within {_PATIENCE:g} s") from None
    except OSError as error:
        raise UsageError(f"{argv[0]} cannot be run: {reason(error)}") from None
    if status:
        raise UsageError(f"{argv[0]} failed: {one_line(complaint.strip())}")
    return printed


async def _run_to_end(argv: Sequence[str]) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *argv,
        env={**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            output = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    printed, complaint = (one.decode("utf-8", "surrogateescape") for one in output)
    return process.returncode, printed, complaint


def _command_line(run: Transient) -> str:
    return " ".join(quoted(word) for word in run.argv)
