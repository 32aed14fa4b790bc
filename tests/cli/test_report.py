"""`check --report`: beside the usual output, or in its place; and what it does not write over."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from smtp_tui.checks.report import TITLE, ReportedCheck, report_markdown
from smtp_tui.diagnosis.delivery import ArrivalProof, DeliverySummary, DkimResult, Hop
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Stage
from tests.checks.scripted import EHLO, saying
from tests.cli.program import Outcome, environment, run_program
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.smtp.playing import forms_of
from tests.test_floors import loaded

Call = Callable[..., Outcome]
Toml = Callable[[str], Path]

REFUSED = 'host = "127.0.0.1"\nport = 1\n'
REFUSING = ("--set", "host=127.0.0.1", "--set", "port=1", "--set", "domain=client.example")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a report may go."""
    return tmp_path / "report.md"


def test_beside_the_usual_output(call: Call, toml: Toml, place: Path) -> None:
    file = toml(f"[smtp]\n{REFUSED}")
    outcome = call("check", str(file), "--report", str(place))
    assert (outcome.status, outcome.err) == (6, "")
    assert "\nFAILED at connection: " in outcome.out
    document = place.read_text(encoding="utf-8")
    assert document.startswith(f"{TITLE}\n")
    assert f"## `{file}`, table `smtp`\n" in document
    assert outcome.out.splitlines()[0] in document
    assert [one.name for one in place.parent.iterdir() if one.name.startswith(".")] == []


def test_what_the_mailbox_showed() -> None:
    arrival = ArrivalProof(
        found=True,
        hops=(Hop(by="mx.example.test", from_="relay", protocol="ESMTPS"),),
        dkim=(DkimResult(domain="sender.test", selector="s", outcome="pass"),),
        domain="sender.test",
        aligned=True,
        aligned_by="dkim",
    )
    verdict = Verdict(
        seconds=1,
        ok=True,
        stage=Stage.MESSAGE,
        cause=None,
        summary="It arrived.",
        delivery=DeliverySummary(arrival=arrival),
    )
    check = ReportedCheck(settings=None, events=(), verdict=verdict)
    document = report_markdown([check], datetime.now(UTC))
    assert (
        "### Arrival\n\n```text\nHop 1: mx.example.test received it from relay with ESMTPS\n"
        "DKIM: the signature of sender.test (selector s) is valid\n"
        "DMARC: DKIM passes and is aligned with sender.test\n```" in document
    )


def test_beside_json(call: Call, place: Path) -> None:
    outcome = call("check", *REFUSING, "--json", "--report", str(place))
    assert outcome.verdict["cause"] == "connection-refused"
    assert "**FAILED** at connection" in place.read_text()
    quiet = call("check", *REFUSING, "--quiet", "--report", str(place))
    assert quiet.out.startswith("FAILED")
    assert "connecting to 127.0.0.1 port 1" in place.read_text()


def test_on_standard_output_there_is_nothing_else(call: Call, toml: Toml) -> None:
    outcome = call("check", *REFUSING, "--report", "-")
    assert (outcome.status, outcome.err) == (6, "")
    assert outcome.out.startswith(f"{TITLE}\n")
    assert outcome.out.count("connecting to 127.0.0.1 port 1") == 1
    assert "\nFAILED at" not in outcome.out
    several = call("check", "--all", str(toml(f"[a]\n{REFUSED}[b]\n{REFUSED}")), "--report", "-")
    assert several.out.startswith(f"{TITLE}\n")
    assert "tables in" not in several.out


def test_several_tables_have_a_section_each(call: Call, toml: Toml, place: Path) -> None:
    file = toml(f"[a]\n{REFUSED}[b]\n{REFUSED}timeout = 0\n")
    outcome = call("check", "--all", str(file), "absent.toml", "--report", str(place))
    assert outcome.status == 6
    assert outcome.out.splitlines()[-1].startswith("3 tables in ")
    document = place.read_text()
    sections = [line for line in document.splitlines() if line.startswith("## ")]
    assert sections == [f"## `{file}`, table `a`", f"## `{file}`, table `b`", "## `absent.toml`"]
    assert "- tables: 3, passed: 0, failed: 3\n" in document
    assert json.loads(
        call("check", "--all", str(file), "--json", "--report", str(place)).out.splitlines()[-1]
    )["tables"] == 2  # fmt: skip


def test_a_file_that_is_not_there(call: Call, place: Path) -> None:
    outcome = call("check", "absent.toml", "--report", str(place))
    assert outcome.status == 3
    assert "absent.toml does not exist" in outcome.err
    assert "**FAILED** at settings" in place.read_text()


def test_send_reports_too(call: Call, toml: Toml, place: Path) -> None:
    file = toml(f"[smtp]\n{REFUSED}")
    outcome = call("send", str(file), "--to", "a@b.example", "--body", "x", "--report", str(place))
    assert outcome.status == 6
    assert place.read_text().startswith(TITLE)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--report", "-", "--json"), "both write to standard output"),
        (("--report", ""), "--report needs a FILE"),
    ],
)
def test_usage(call: Call, words: tuple[str, ...], message: str) -> None:
    outcome = call("check", *REFUSING, *words)
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.err


def refused(call: Call, place: Path) -> str:
    """Why a report is not written; the check is told all the same."""
    for words in (REFUSING, (*REFUSING, "--json")):
        outcome = call("check", *words, "--report", str(place))
        assert outcome.status == 74
        assert re.search("FAILED at connection: |connection-refused", outcome.out)
        assert outcome.err.count("\n") == 1
    assert str(place) in outcome.err
    return outcome.err


def test_what_cannot_be_written_is_told_and_the_check_too(call: Call, tmp_path: Path) -> None:
    assert "no such file or directory" in refused(call, tmp_path / "absent" / "report.md")
    assert "is a folder" in refused(call, tmp_path)
    assert "not a directory" in refused(call, Path(__file__) / "report.md")


def test_settings_are_not_written_over(call: Call, toml: Toml) -> None:
    file = toml(f"[smtp]\n{REFUSED}")
    assert "is not a report" in refused(call, file)
    assert file.read_text() == f"[smtp]\n{REFUSED}"


def test_an_older_report_is(call: Call, place: Path) -> None:
    place.touch()
    call("check", *REFUSING, "--report", str(place))
    first = place.stat().st_ino
    keeper = place.with_name("kept.md")
    os.link(place, keeper)
    old = keeper.read_text()
    assert call("check", *REFUSING, "--quiet", "--report", str(place)).status == 6
    assert (keeper.stat().st_ino, keeper.read_text()) == (first, old)
    assert place.stat().st_ino != first


def test_a_link_is_not_followed(call: Call, place: Path, tmp_path: Path) -> None:
    for content in (None, "theirs", TITLE):
        target = tmp_path / f"target-{content}"
        if content:
            target.write_text(content)
        place.unlink(missing_ok=True)
        place.symlink_to(target)
        assert "is a symbolic link" in refused(call, place)
        assert place.is_symlink()
        assert (target.read_text() if target.exists() else None) == content


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_it_is_for_its_owner_alone(call: Call, place: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        call("check", *REFUSING, "--report", str(place))
    finally:
        os.umask(before)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_a_pipe_takes_it(call: Call, place: Path) -> None:
    os.mkfifo(place)
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append(place.read_text()))
    reader.start()
    assert call("check", *REFUSING, "--report", str(place)).status == 6
    reader.join()
    assert heard[0].startswith(TITLE)
    assert stat.S_ISFIFO(place.stat().st_mode)
    assert call("check", *REFUSING, "--report", os.devnull).status == 6


def test_a_report_in_any_locale_is_utf_8(place: Path) -> None:
    open_link = ("--set", "encryption=none", "--no-experiments")
    hostile = "554 gr\xfcn ``` \x1b[2J @all\r\n".encode()
    with saying(b"220 hi\r\n", hostile, b"221 bye\r\n", connections=2) as server:
        words = ("check", *REFUSING, *open_link, "--set", f"port={server.port}")
        env = environment(LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
        assert run_program(*words, "--report", str(place), env=env).status == 7
        printed = run_program(*words, "--report", "-", env=env)
    document = place.read_text(encoding="utf-8")
    assert "<- 554 grün ``` \\x1b[2J @all" in document
    assert "````text" in document
    assert "<- 554 gr\\xfcn ``` \\x1b[2J @all" in printed.out


def test_where_the_password_came_from(
    call: Call, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_TUI_PASSWORD", "wonderland")
    user = ("--set", "username=alice", "--set", "encryption=none", "--set", "authentication=plain")
    with saying(b"220 hi\r\n", EHLO, b"535 wonderland?\r\n", b"221 bye\r\n") as server:
        words = (*REFUSING, *user, "--no-experiments", "--set", f"port={server.port}")
        assert call("check", *words, "--report", str(place)).status == 9
    document = place.read_text()
    assert "came from the variable `SMTP_TUI_PASSWORD`" in document
    assert "wonderland" not in document


@pytest.mark.integration
def test_no_form_of_a_real_password(
    mail_servers: MailServers, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    user = mail_servers.awkward_user
    values = {
        "host": mail_servers.host,
        "port": mail_servers.ports[Listener.STARTTLS_REQUIRED],
        "ca_file": str(mail_servers.authority_file),
        "username": user.name,
        "password": user.password,
    }
    file = tmp_path_factory.mktemp("settings") / "mail.toml"
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items()]
    file.write_text("".join(["[smtp]\n", *lines]), encoding="utf-8")
    for mechanism in ("plain", "login", "cram-md5", "scram-sha-256", "auto"):
        named = ("--set", f"authentication={mechanism}")
        for place in ("report.md", "-"):
            outcome = run_program("check", str(file), *named, "--report", place, cwd=tmp_path)
            assert (outcome.status, outcome.err) == (0, "")
            written = outcome.out + (tmp_path / "report.md").read_text(encoding="utf-8")
            assert "**PASSED**" in written
            assert not [form for form in forms_of(user.password) if form in written]


def test_a_check_without_a_report_loads_none_of_it(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "check", *REFUSING, status=6)
    parts = ("cli.report", "checks.report", "checks.equivalents")
    assert modules & {f"smtp_tui.{part}" for part in parts} == set()
    assert "shlex" not in modules


def test_an_applications_defaults_are_told_from_what_the_file_says(call: Call, toml: Toml) -> None:
    file = toml('[smtp_options]\nserver = "127.0.0.1"\nport = 1\nenable_password_reset = true\n')
    outcome = call("check", str(file), "--dialect", "lldap", "--set", "timeout=9", "--report", "-")
    lines = [line for line in outcome.out.split("\n") if line.startswith("- `")]
    marked = {line.split("`")[1]: line.rpartition("(")[2] for line in lines if line.endswith(")")}
    assert marked["encryption"] == "the application's default)"
    assert marked["tls_minimum"] == "default)"
    assert not {"host", "port", "timeout"} & marked.keys()
