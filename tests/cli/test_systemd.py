"""`check --as-unit`: the call that runs a check as a service would, and no secret in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.cli import systemd
from smtp_tui.cli.parser import UsageError, parse_arguments
from smtp_tui.cli.systemd import SystemdTransientUnit, command_of, transient_unit, unit_of
from smtp_tui.places.units import TYPED, SystemdUnitProperties, bus_label
from tests.cli.program import COMMAND, Outcome

Call = Callable[..., Outcome]

# What systemd 257 prints of a service with nearly everything in it.
SHOWN = r"""
Id=app.service
LoadState=loaded
Slice=mailish.slice
IPAddressAllow=::1/128 127.0.0.0/8
IPAddressDeny=::/0 0.0.0.0/0
RestrictNetworkInterfaces=~eth7
EnvironmentFiles=/run/creds/env (ignore_errors=no)
EnvironmentFiles=/run/creds/maybe env (ignore_errors=yes)
PassEnvironment=HOME2
UnsetEnvironment=LANG
WorkingDirectory=!/var/lib/app
CapabilityBoundingSet=cap_net_bind_service
User=app
Group=app
DynamicUser=yes
ImportCredential="mail.*"
SupplementaryGroups=mail adm
ReadWritePaths=/var/lib/app
InaccessiblePaths=-/etc/secret
PrivateUsers=no
PrivateNetwork=no
ProtectHome=tmpfs
ProtectSystem=strict
NoNewPrivileges=yes
SystemCallFilter=accept accept4 access
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
StateDirectory=app
StateDirectoryMode=0755
BindReadOnlyPaths=/etc/hosts:/etc/hosts2 -/etc/nix:/etc/nix:rbind
"""
PLAIN = r"""
Id=mail.service
LoadState=loaded
Slice=system.slice
RestrictNetworkInterfaces=~
SystemCallFilter=~
WorkingDirectory=~
RootDirectory=/srv/root
User=games
DynamicUser=no
PrivateNetwork=yes
ProtectHome=no
NoNewPrivileges=no
RestrictAddressFamilies=~AF_INET6
SELinuxContext=-system_u:system_r:app_t:s0
NetworkNamespacePath=/run/netns/x
"""
EVERY_CAPABILITY = " ".join(f"cap_{number}" for number in range(41))
SECRET = "wonderland $HOME"


def properties(**more: Any) -> str:
    """What busctl prints of the properties that have a type of their own."""
    content = {"Environment": [], **{name: [] for name in TYPED[1:]}, **more}
    return "\n".join(json.dumps({"type": "…", "data": content[name]}) for name in TYPED)


def asking(shown: str, typed: str) -> Callable[[Sequence[str]], str]:
    """Stands in for systemd's programs."""

    def ask(argv: Sequence[str]) -> str:
        if argv[0] == "systemctl":
            assert argv[-2] == "--"
            return shown.strip()
        assert argv[:3] == ["busctl", "--json=short", "get-property"]
        return typed

    return ask


def run_of(shown: str, command: Sequence[str] = ("true",), **typed: Any) -> SystemdTransientUnit:
    return transient_unit(unit_of("app", asking(shown, properties(**typed))), command, "/run/x")


def test_everything_that_a_service_has() -> None:
    run = run_of(
        SHOWN,
        Environment=[f"PW={SECRET}", "EMPTY=", "LD_PRELOAD=/opt/x.so"],
        LoadCredential=[["smtp", "/etc/creds/smtp"], ["passed", ""]],
        LoadCredentialEncrypted=[["enc", "/etc/creds/enc"]],
        SetCredential=[["inline", list(SECRET.encode())]],
        SetCredentialEncrypted=[["sealed", [1, 2]]],
    )
    assert run.argv == (
        *("systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--service-type=exec"),
        "--slice=mailish.slice",
        *("--property=User=app", "--property=Group=app"),
        *("--property=SupplementaryGroups=mail adm", "--property=DynamicUser=yes"),
        *("--property=PassEnvironment=HOME2", "--property=UnsetEnvironment=LANG"),
        '--property=ImportCredential="mail.*"',
        *("--property=ProtectHome=tmpfs", "--property=ProtectSystem=strict"),
        "--property=ReadWritePaths=/var/lib/app",
        "--property=InaccessiblePaths=-/etc/secret",
        "--property=BindReadOnlyPaths=/etc/hosts:/etc/hosts2 -/etc/nix:/etc/nix:rbind",
        "--property=IPAddressAllow=::1/128 127.0.0.0/8",
        "--property=IPAddressDeny=::/0 0.0.0.0/0",
        "--property=RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "--property=RestrictNetworkInterfaces=~eth7",
        "--property=NoNewPrivileges=yes",
        *("--property=StateDirectory=app", "--property=StateDirectoryMode=0755"),
        "--property=WorkingDirectory=-/var/lib/app",
        "--property=EnvironmentFile=/run/creds/env",
        "--property=EnvironmentFile=-/run/creds/maybe env",
        "--property=CapabilityBoundingSet=cap_net_bind_service",
        "--property=LoadCredential=smtp:/etc/creds/smtp",
        "--property=LoadCredential=passed",
        "--property=LoadCredentialEncrypted=enc:/etc/creds/enc",
        "--property=LoadCredential=inline:/run/x/SetCredential-0",
        "--property=LoadCredentialEncrypted=sealed:/run/x/SetCredentialEncrypted-0",
        *("--setenv=PW", "--setenv=EMPTY", "--setenv=LD_PRELOAD=/opt/x.so"),
        *("--", "true"),
    )
    assert run.environment == {"PW": SECRET, "EMPTY": ""}
    assert run.files == {
        "/run/x/SetCredential-0": SECRET.encode(),
        "/run/x/SetCredentialEncrypted-0": b"\1\2",
    }
    assert run.left_out == ("SystemCallFilter",)
    assert "wonderland" not in repr(run)


def test_what_is_not_set_is_not_told() -> None:
    run = run_of(PLAIN)
    assert run.argv[6:-2] == (
        "--slice=system.slice",
        "--property=User=games",
        "--property=PrivateNetwork=yes",
        "--property=NetworkNamespacePath=/run/netns/x",
        "--property=RestrictAddressFamilies=~AF_INET6",
        "--property=SELinuxContext=-system_u:system_r:app_t:s0",
        "--property=JoinsNamespaceOf=mail.service",
    )
    assert run.left_out == ("RootDirectory",)


@pytest.mark.parametrize(
    ("capabilities", "told"), [(EVERY_CAPABILITY, False), ("", True), ("cap_chown", True)]
)
def test_capabilities_are_told_where_some_are_missing(capabilities: str, told: bool) -> None:
    argv = run_of(f"{PLAIN}CapabilityBoundingSet={capabilities}\n").argv
    assert (f"--property=CapabilityBoundingSet={capabilities}" in argv) is told


def test_no_variable_is_put_into_the_command() -> None:
    argv = run_of(PLAIN, ['--set=password={file="$CREDENTIALS_DIRECTORY/x"}']).argv
    assert argv[-1] == '--set=password={file="$$CREDENTIALS_DIRECTORY/x"}'


@pytest.mark.parametrize(
    "name",
    [
        *("NOTIFY_API_KEY", "PATHFINDER_TOKEN", "DBUS_PASSWORD", "SYSTEMD_VAULT_TOKEN", "LD_KEY"),
        *("MALLOC_SECRET", "GLIBC_SECRET", "LC_PASSWORD", "XDG_RUNTIME_SECRET", "PATH_", "path"),
    ],
)
def test_a_variable_with_a_beginning_that_systemd_uses_goes_by_name(name: str) -> None:
    unit = SystemdUnitProperties(properties={"Id": ("app.service",)}, environment={name: SECRET})
    run = transient_unit(unit, ["x"], "/run/x", {"SMTP_TUI_PASSWORD": SECRET})
    assert f"--setenv={name}" in run.argv
    assert SECRET not in " ".join(run.argv)
    assert run.environment == {name: SECRET, "SMTP_TUI_PASSWORD": SECRET}


@pytest.mark.parametrize("name", ["PATH", "LD_LIBRARY_PATH", "NOTIFY_SOCKET", "LC_ALL"])
def test_what_systemd_run_would_obey_itself_does_not_reach_it(name: str) -> None:
    unit = SystemdUnitProperties(properties={"Id": ("app.service",)}, environment={name: "/opt/x"})
    run = transient_unit(unit, ["x"], "/run/x")
    assert f"--setenv={name}=/opt/x" in run.argv
    assert run.environment == {}


@pytest.mark.parametrize(
    ("name", "shown", "said"),
    [
        ("nope", "Id=nope.service\nLoadState=not-found", "cannot load a service nope.service"),
        ("a.socket", "", "needs a service, and a.socket is not one"),
        ("-x", "Id=-x.service\nLoadState=bad-setting", "cannot load a service -x.service"),
    ],
)
def test_no_such_service(name: str, shown: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        unit_of(name, asking(shown, properties()))


def test_names_on_the_bus() -> None:
    assert bus_label("app.service") == "app_2eservice"
    assert bus_label("9a@b-ü.service") == "_39a_40b_2d_c3_bc_2eservice"


def test_the_call_inside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--as-unit", "app", "check", "a b.toml", "--to", "a@x", "b@x", "--set", "port=5"]
    words += ["--format", "prometheus", "--output", "x.prom", "--warning-days", "0", "--all"]
    command = command_of(parse_arguments(words))
    assert command == [
        *(sys.executable, "-E", "-P", "-m", "smtp_tui", "check"),
        *("--all", "--set=port=5", "--to=a@x", "--to=b@x"),
        *("--format=prometheus", f"--output={tmp_path}/x.prom"),
        *("--warning-days=0", "--", f"{tmp_path}/a b.toml"),
    ]
    inside = parse_arguments(command[5:])
    assert inside.words == (f"{tmp_path}/a b.toml",)
    assert (inside.options.to, inside.options.as_unit) == (["a@x", "b@x"], None)


def test_one_file_runs_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["smtp-tui.pyz"])
    command = command_of(parse_arguments(["check", "--as-unit", "app"]))
    assert command == [sys.executable, f"{tmp_path}/smtp-tui.pyz", "check"]


@pytest.mark.parametrize("words", [("--ask-password",), ("--password-fd", "3")])
def test_passwords_that_cannot_be_handed_on(call: Call, words: tuple[str, ...]) -> None:
    outcome = call("check", "--as-unit", "app", *words)
    assert (outcome.status, outcome.out) == (2, "")
    assert "the password comes from the unit or from --password-stdin" in outcome.err


@pytest.fixture
def booted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine that runs systemd, whose programs print what the sample has."""
    monkeypatch.setattr(systemd, "_BOOTED", tmp_path)
    typed = properties(Environment=[f"PW={SECRET}"], SetCredential=[["x", [104, 105]]])
    for name, text in (("systemctl", SHOWN.strip()), ("busctl", typed)):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
        program.chmod(0o755)
    program = tmp_path / "systemd-run"
    program.write_text(
        '#!/bin/sh\nenv > "$0.env"\nfor one; do case $one in *=x:*) cat "${one#*=x:}";'
        ' esac; done\nexit "${STATUS:-9}"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may run a check as another unit")
def test_it_is_run_and_shown(capfd: pytest.CaptureFixture[str], booted: Path) -> None:
    from smtp_tui.program import main

    assert main(["check", "--as-unit", "app", "a.toml"]) == 9
    told = capfd.readouterr()
    assert told.out == "hi"
    assert f"PW={SECRET}\n" in (booted / "systemd-run.env").read_text()
    shown, left_out = told.err.splitlines()
    assert shown.startswith("smtp-tui: as app.service: systemd-run --quiet --wait ")
    assert " --setenv=PW " in shown
    assert "wonderland" not in told.err
    assert left_out == "smtp-tui: left out from app.service: SystemCallFilter"
    assert list(Path("/run").glob("smtp-tui-*")) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may run a check as another unit")
@pytest.mark.parametrize(("words", "status"), [((), 2), (("--format", "nagios"), 3)])
def test_a_unit_that_cannot_run_the_program(
    call: Call, booted: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], status: int
) -> None:
    monkeypatch.setenv("STATUS", "203")
    outcome = call("check", "--as-unit", "app", *words)
    assert outcome.status == status
    said = "app.service could not start the check: its user must be able to run "
    assert said in outcome.out + outcome.err
    monkeypatch.setenv("STATUS", "225")
    outcome = call("check", "--as-unit", "app", *words)
    assert outcome.status == status
    assert "systemd ended with exit status 225" in outcome.out + outcome.err


@pytest.mark.parametrize(("words", "status"), [((), 2), (("--format", "nagios"), 3)])
def test_who_is_not_root_gets_the_line(
    call: Call, booted: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], status: int
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    outcome = call("check", "--as-unit", "app", *words)
    assert outcome.status == status
    assert "only root can run this command" in outcome.out + outcome.err
    line = outcome.err if words else outcome.out
    assert "systemd-run --quiet --wait " in line
    assert "wonderland" not in outcome.out + outcome.err


def test_without_systemd(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(systemd, "_BOOTED", tmp_path / "nothing")
    outcome = call("check", "--as-unit", "app")
    assert (outcome.status, outcome.out) == (2, "")
    assert "needs systemd, and this machine does not run it" in outcome.err


@pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/run/systemd/system").is_dir(),
    reason="systemd does not run this machine, or this is not root",
)
def test_a_real_service(tmp_path: Path) -> None:
    """Whatever service is there: its network and user are those of the check."""
    words = ("--as-unit", "systemd-journald", "--set", "host=127.0.0.1", "--set", "port=1")
    finished = subprocess.run(
        [*COMMAND, "check", *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert "as systemd-journald.service: systemd-run " in finished.stderr
    assert finished.returncode in (2, 6), finished.stderr


def test_nothing_is_lost_between_the_two_records() -> None:
    unit = SystemdUnitProperties(
        properties={"Id": ("a.service",), "User": ("x",)}, environment={"A": "1"}
    )
    assert transient_unit(unit, ["c"], "/f", {"B": "2", "A": "0"}).environment == {
        "B": "2",
        "A": "1",
    }
