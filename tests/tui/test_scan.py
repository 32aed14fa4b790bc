"""The settings on this machine in the form: listed, filtered, opened, imported."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from smtp_tui.survey.scan import ScanResult, scan_machine
from smtp_tui.tui.test_pane.pane import DnsOptions
from tests.interchange.compose.files import VAULTWARDEN
from tests.survey.box import make_box, write
from tests.tui.driving import SAMPLE, Hand, form_on

GITEA = "[mailer]\nENABLED=true\nSMTP_ADDR=git.example.org\nSMTP_PORT=465\nUSER=git\nPASSWD=q1w2\n"
MSMTP = "defaults\ntls on\naccount default\nhost relay.example.org\nuser al\npassword q1w2\n"
OTHER = '[smtp]\nhost = "other.example.org"\nport = 25\nencryption = "none"\n'


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that the search sees of the machine."""
    folder = tmp_path / "box"
    write(folder / "compose.yaml", VAULTWARDEN)
    write(folder / "app.ini", GITEA)
    write(folder / "msmtprc", MSMTP)
    write(folder / "other.toml", OTHER)
    monkeypatch.setattr("smtp_tui.tui.dialogs.scan.scan_machine", lambda: scan_machine([folder]))
    return folder


@asynccontextmanager
async def listed(tmp_path: Path) -> AsyncIterator[Hand]:
    """The form with the list in front."""
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("ctrl+p", *"scan", "enter")
        await hand.until(lambda: "other.example.org 25 none" in hand.screen)
        yield hand


async def test_all_settings_are_listed_and_no_password(tmp_path: Path, box: Path) -> None:
    async with listed(tmp_path) as hand:
        assert "Gitea" in hand.screen
        assert "git.example.org 465" in hand.screen
        assert "app.ini" in hand.screen
        assert "Server: git.example.org 465" in hand.screen
        assert "Login: git, password: set" in hand.screen
        assert "q1w2" not in hand.screen
        assert "Vaultwarden" in hand.screen
        await hand.press("escape")
        await hand.until(lambda: "SMTP Port" in hand.screen)


async def test_the_list_has_what_the_details_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_box(tmp_path / "box")
    found = [tmp_path / "box"]
    monkeypatch.setattr("smtp_tui.tui.dialogs.scan.scan_machine", lambda: scan_machine(found))
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        await hand.press("ctrl+p", *"scan", "enter")
        await hand.until(lambda: "1 of 32" in hand.screen)
        lines = [line.rstrip() for line in hand.lines]
        assert lines.index("", 3) - 3 == 25
        assert any(line.startswith("   Teleport email plugin ") for line in lines)
        assert any(line.startswith(" Left out: ") for line in lines)


async def test_a_file_is_filtered_and_opened(tmp_path: Path, box: Path) -> None:
    async with listed(tmp_path) as hand:
        await hand.press(*"vault")
        await hand.until(lambda: "Gitea" not in hand.screen)
        await hand.press("enter")
        await hand.until(lambda: "services.vw · Vaultwarden" in hand.lines[0])
        assert "Opened" in hand.screen
        assert "compose.yaml" in hand.pilot.app.title
        await hand.press("end", "x", "f2")
        await hand.until(lambda: "Saved SMTP Host to compose.yaml" in hand.screen)
    assert "SMTP_HOST: smtp.example.orgx " in (box / "compose.yaml").read_text()


async def test_unsaved_changes_are_asked_about(tmp_path: Path, box: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("end", "x", "ctrl+p", *"scan", "enter")
        await hand.until(lambda: "other.example.org 25 none" in hand.screen)
        await hand.press(*"other", "enter")
        await hand.until(lambda: "Discard and open" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "mail.example.netx" in hand.screen)
        assert "modified" in hand.lines[0]


async def test_the_file_of_another_program_is_opened_and_saved(tmp_path: Path, box: Path) -> None:
    async with listed(tmp_path) as hand:
        await hand.press(*"gitea")
        await hand.until(lambda: "Enter opens it in the form." in hand.screen)
        await hand.press("enter")
        await hand.until(lambda: "Opened" in hand.screen)
        assert "app.ini · smtp · Gitea" in hand.lines[0]
        assert "q1w2" not in hand.screen
        await hand.press("end", "x", "f2")
        await hand.until(lambda: "Saved SMTP Host to app.ini" in hand.screen)
        # It is open now, so the list changes nothing.
        await hand.press("ctrl+p", *"scan", "enter")
        await hand.until(lambda: "git.example.orgx 465" in hand.screen)
        await hand.press(*"gitea", "enter")
        await hand.until(lambda: "SMTP Port" in hand.screen)
    assert (box / "app.ini").read_text() == GITEA.replace("example.org", "example.orgx")


async def test_settings_that_cannot_be_changed_are_imported_as_one_step(
    tmp_path: Path, box: Path
) -> None:
    async with listed(tmp_path) as hand:
        await hand.press(*"msmtp")
        await hand.until(lambda: "Enter imports these settings" in hand.screen)
        await hand.press("enter")
        await hand.until(lambda: "Imported from" in hand.screen)
        assert "relay.example.org" in hand.screen
        assert "modified" in hand.lines[0]
        await hand.press("f4")
        await hand.until(lambda: "modified" not in hand.lines[0])
    assert (box / "msmtprc").read_text() == MSMTP


async def test_a_file_that_has_changed_since_is_refused(tmp_path: Path, box: Path) -> None:
    async with listed(tmp_path) as hand:
        (box / "other.toml").write_text("[smtp\n")
        await hand.press(*"other", "enter")
        await hand.until(lambda: "line 1" in hand.screen)
        assert "mail.example.net" in hand.screen


async def test_the_list_can_be_left_while_the_search_runs(
    tmp_path: Path, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def slow() -> ScanResult:
        go_on.wait(30)
        return scan_machine([box])

    monkeypatch.setattr("smtp_tui.tui.dialogs.scan.scan_machine", slow)
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("ctrl+p", *"scan", "enter")
        await hand.until(lambda: "Searching files, units and containers" in hand.screen)
        await hand.press("enter", "escape")
        await hand.until(lambda: "SMTP Port" in hand.screen)
        go_on.set()


async def test_a_defect_of_the_search_leaves_the_form_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("smtp_tui.tui.dialogs.scan.scan_machine", fail)
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("ctrl+p", *"scan", "enter")
        await hand.until(lambda: "RuntimeError" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "SMTP Port" in hand.screen)


async def test_the_demo_reads_no_other_file(tmp_path: Path, box: Path) -> None:
    async with form_on(SAMPLE, tmp_path, lookup=DnsOptions(is_alone=True)) as hand:
        await hand.press("ctrl+p", *"scan", "enter")
        await hand.until(lambda: "The demo reads no other files" in hand.screen)
