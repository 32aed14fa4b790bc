"""What a session line by line shows and saves of the last test, and of its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.preferences import Preferences
from smtp_tui.discovery.dns import Resolver
from smtp_tui.survey.notice import DriftNotice
from smtp_tui.tui.linear import reports
from smtp_tui.tui.linear.commands import COMMANDS, command_typed
from smtp_tui.tui.linear.rows import row_named
from tests.dns.alone import stay_alone
from tests.dns.server import NameServer, name_server
from tests.tui.driving import FakeCheck
from tests.tui.linear_console import CTRL_C, answered
from tests.tui.test_domain_report import DOMAIN, TEXT, ZONE, check

SECRET = "hunter2hunter2"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    stay_alone(monkeypatch)
    with name_server(ZONE) as server:
        resolver = Resolver(("127.0.0.1", server.port))
        monkeypatch.setattr(reports, "Resolver", lambda: resolver)
        yield server


@pytest.mark.usefixtures("names")
def test_dns_says_what_it_knows_about_the_senders_domain(tmp_path: Path) -> None:
    answers = ":test", ":dns", ":dns mail2026", ":quit"
    ended = answered(tmp_path, *answers, text=TEXT, runner=check())
    first, _, second = ended.text.partition(":dns mail2026")
    assert "\n+ SPF: " in first
    assert "\n+ DMARC: " in first
    assert ":dns SELECTOR names it" in " ".join(first.split())
    assert "--dkim" not in first
    assert "\n+ DKIM: " in second
    preferences = Preferences(dkim=("mail2026",))
    ended = answered(tmp_path, ":dns", ":quit", text=TEXT, preferences=preferences)
    assert "\n+ DKIM: " in ended.text


def test_dns_is_not_asked_without_settings_or_in_the_demo(tmp_path: Path) -> None:
    ended = answered(tmp_path, ":dns", ":quit", text="[smtp]\nport = 25\n")
    assert "DNS was not asked: " in ended.text
    ended = answered(tmp_path, ":dns", ":quit", text=TEXT, is_demo=True)
    assert "The demo contacts no other machine, so it does not ask DNS." in ended.text
    assert DOMAIN not in ended.text.partition(":dns")[2]


def test_what_runs_with_other_settings_is_listed(tmp_path: Path) -> None:
    found = DriftNotice(("x",), (("web.service has other values:", "  port: 25"),), ("Read 7.",))
    ended = answered(tmp_path, ":drift", ":quit", text=TEXT, drift=lambda *_: found)
    assert "web.service has other values:\n  port: 25\nRead 7.\n" in ended.text
    ended = answered(tmp_path, ":drift", ":quit", text=TEXT, is_demo=True)
    assert "belongs to no application" in ended.text


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (DriftNotice(("web still has port 25: restart it",)), "web still has port 25: restart it"),
        (DriftNotice(("a", "b")), "2 programs run with other values; :drift lists them. a"),
        (
            DriftNotice(seen=1),
            "1 program runs with similar settings; :drift lists the differences.",
        ),
    ],
)
def test_what_still_runs_with_other_settings_is_said_after_a_save(
    tmp_path: Path, found: DriftNotice, said: str
) -> None:
    ended = answered(tmp_path, "", "587", ":save", ":quit", drift=lambda *_: found)
    assert said in ended.plain
    assert "port = 587" in ended.saved
    ended = answered(tmp_path, "", "465", ":save", ":quit", is_demo=True, drift=lambda *_: found)
    assert said not in ended.plain


def test_nothing_is_said_of_what_runs_where_nothing_was_saved(tmp_path: Path) -> None:
    ended = answered(tmp_path, ":save", ":quit", drift=lambda *_: DriftNotice(("web",)))
    assert "web" not in ended.plain


def test_a_file_that_cannot_be_compared_is_said_to_be_so(tmp_path: Path) -> None:
    def fail(_path: Path, _dialect: str | None) -> DriftNotice:
        raise DocumentError("it is gone")

    ended = answered(tmp_path, ":drift", ":quit", text=TEXT, drift=fail)
    assert "The file cannot be compared" in ended.text


def test_a_report_is_saved(tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    named = f":report {file}"
    ended = answered(tmp_path, ":report", ":test", named, named, "", ":report", CTRL_C, ":quit")
    assert "No test has finished yet. :test starts one." in ended.text
    assert f"Saved the report, without a password: {file}" in ended.plain
    assert "already exists. Replace it?" in ended.plain
    content = file.read_text("utf-8")
    assert "mail.example.net" in content
    assert SECRET not in content
    assert file.stat().st_mode & 0o777 == 0o600
    answered(tmp_path, ":test", ":report", "", ":quit")
    (other,) = tmp_path.glob("mail-check-*.md")
    assert other.read_text("utf-8").startswith(content.splitlines()[0])


@pytest.mark.parametrize("way_out", ["<", ":quit"])
def test_a_report_is_not_saved_under_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way_out: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = answered(tmp_path, ":test", ":report", way_out, ":quit")
    # Names are relative to the current folder, so the proposed one says its own.
    assert f"File for the report [{tmp_path}/mail-check-" in ended.text
    assert (ended.status, list(tmp_path.iterdir())) == (0, [ended.file])


def test_a_report_that_cannot_be_saved(tmp_path: Path) -> None:
    ended = answered(tmp_path, ":test", f":report {tmp_path}/no/report.md", ":quit")
    assert "report.md" in ended.plain
    assert "Saved" not in ended.text


def test_the_same_test_with_other_programs(tmp_path: Path) -> None:
    ended = answered(tmp_path, ":same", ":test", ":same", ":quit", runner=FakeCheck())
    for program in ("swaks", "openssl", "curl"):
        assert ended.text.count(f"\n{program}:\n") == 2
    told = "mail.example.net port 2587, tls, plain login"
    assert ended.plain.count(told) == 3
    answers = ":test", "other.example.net", ":same", ":quit", "d"
    ended = answered(tmp_path, *answers, runner=FakeCheck())
    assert f"{told}; as last tested, before your changes swaks:" in ended.plain
    assert SECRET not in ended.text


def test_the_admins_preferences_that_are_wrong_are_named(tmp_path: Path) -> None:
    preferences = Preferences(problems=("theme is dark or light",))
    ended = answered(tmp_path, ":quit", preferences=preferences)
    assert "smtp-tui.toml: theme is dark or light\n" in ended.text


def test_a_command_is_no_field_and_its_start_is_enough() -> None:
    for command in COMMANDS:
        assert row_named(command.name) is None
        assert command_typed(command.name) is command
        assert command_typed(command.name.upper()) is command
    assert command_typed("q") is command_typed("quit")
    assert command_typed("s") is None  # save, send, same
    assert command_typed("") is None
