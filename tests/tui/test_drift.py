"""After a save the form names what still runs with other settings."""

from __future__ import annotations

import threading
from pathlib import Path
from uuid import uuid4

import pytest

from smtp_tui.config.errors import DocumentError
from smtp_tui.survey.notice import DriftNotice
from smtp_tui.tui.model import drift as drift_model
from smtp_tui.tui.test_pane.pane import DnsOptions
from tests.survey.running_settings import SECRET, VARIABLES, program
from tests.tui.driving import SAMPLE, form_on, nobody

WEB = "Container web (podman) still has port 25: podman compose up -d web"
NOTICE = DriftNotice(
    (WEB,),
    (
        (
            "Container web (podman) has other values than mail.toml:",
            "  port: 25; in the file 587",
            "  To do: podman compose up -d web",
        ),
    ),
    ("smtp-tui read 7 processes; it may not read 3 more.",),
)


class Survey:
    """Stands in for the look at this machine; it may be held back until the test lets it go."""

    def __init__(self, *answers: DriftNotice | Exception, is_held: bool = False) -> None:
        self.answers = list(answers)
        self.asked: list[Path] = []
        self.may_go = threading.Event()
        if not is_held:
            self.may_go.set()

    def __call__(self, path: Path, dialect: str | None) -> DriftNotice:
        self.asked.append(path)
        self.may_go.wait(10)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_save_names_what_has_other_values_and_the_command(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, drift=Survey(NOTICE)) as hand:
        await hand.type("x")
        await hand.press("f2")
        await hand.until(lambda: "still has port 25" in hand.screen)
        assert "Saved SMTP Host" in hand.screen
        assert "podman compose up -d web" in hand.screen.replace("\n ", " ")


async def test_the_verdict_says_what_was_saved_and_the_message_what_differs(
    tmp_path: Path,
) -> None:
    async with form_on(SAMPLE, tmp_path, drift=Survey(NOTICE)) as hand:
        await hand.type("x")
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press("f2")
        await hand.until(lambda: "still has port 25" in hand.screen)
        assert hand.screen.count("Saved SMTP Host") == 1


async def test_several_are_counted_and_the_menu_lists_them(tmp_path: Path) -> None:
    several = DriftNotice((WEB, WEB), NOTICE.findings, NOTICE.summary)
    async with form_on(SAMPLE, tmp_path, drift=Survey(several, NOTICE)) as hand:
        await hand.type("x")
        await hand.press("f2")
        await hand.until(lambda: "2 programs run with other values" in hand.screen)
        await hand.press("ctrl+p")
        await hand.type("drift")
        await hand.press("enter")
        await hand.until(lambda: "in the file 587" in hand.screen)
        assert "To do: podman compose up -d web" in hand.screen
        assert "it may not read 3 more" in hand.screen
        await hand.press("escape")
        assert "SMTP Host" in hand.screen


async def test_what_is_only_seen_is_counted(tmp_path: Path) -> None:
    seen = DriftNotice((), NOTICE.findings, NOTICE.summary, 3)
    async with form_on(SAMPLE, tmp_path, drift=Survey(seen)) as hand:
        await hand.type("x")
        await hand.press("f2")
        await hand.until(lambda: "3 programs run with similar settings" in hand.screen)
        assert "Saved SMTP Host" in hand.screen


def test_a_process_with_the_login_of_a_file_is_only_seen(tmp_path: Path) -> None:
    user = f"{uuid4().hex}@example.org"
    path = tmp_path / "mail.toml"
    path.write_text(f'[smtp]\nhost = "mail.example.org"\nport = 587\nusername = "{user}"\n')
    with program({**VARIABLES, "SMTP_USERNAME": user}):
        notice = drift_model.find_notice(path, None)
    assert (notice.short, notice.seen) == ((), 1)


async def test_the_save_waits_for_nothing(tmp_path: Path) -> None:
    survey = Survey(NOTICE, is_held=True)
    async with form_on(SAMPLE, tmp_path, drift=survey) as hand:
        await hand.type("x")
        await hand.press("f2")
        assert "Saved SMTP Host" in hand.screen
        assert 'host = "mail.example.netx"' in hand.file.read_text()
        survey.may_go.set()
        await hand.until(lambda: "still has port 25" in hand.screen)


async def test_what_the_admin_does_in_the_meantime_is_not_covered(tmp_path: Path) -> None:
    survey = Survey(NOTICE, DriftNotice(), is_held=True)
    async with form_on(SAMPLE, tmp_path, drift=survey) as hand:
        await hand.type("x")
        await hand.press("f2")
        await hand.until(lambda: bool(survey.asked))
        await hand.type("y")
        survey.may_go.set()
        await hand.until(lambda: not survey.answers[1:])
        assert "still has" not in hand.screen


@pytest.mark.parametrize("answer", [DriftNotice(), DocumentError("gone"), OSError("no threads")])
async def test_nothing_is_shown_where_nothing_is_known(
    tmp_path: Path, answer: DriftNotice | Exception
) -> None:
    survey = Survey(answer)
    async with form_on(SAMPLE, tmp_path, drift=survey) as hand:
        await hand.type("x")
        await hand.press("f2")
        await hand.until(lambda: not survey.answers)
        await hand.press("down", "up")
        assert "bug" not in hand.screen
        assert "still" not in hand.screen


async def test_an_answer_that_never_comes_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift_model, "SECONDS", 0.0)
    monkeypatch.setattr(drift_model, "_MARGIN", 0.0)
    survey = Survey(NOTICE, is_held=True)
    async with form_on(SAMPLE, tmp_path, drift=survey) as hand:
        await hand.press("ctrl+p")
        await hand.type("drift")
        await hand.press("enter")
        await hand.until(lambda: "The file cannot be compared" in hand.screen)
        survey.may_go.set()


async def test_the_demo_asks_nobody(tmp_path: Path) -> None:
    survey = Survey()
    alone = DnsOptions(resolver=nobody, is_alone=True)
    async with form_on(SAMPLE, tmp_path, drift=survey, lookup=alone) as hand:
        await hand.type("x")
        await hand.press("f2")
        await hand.until(lambda: "Saved" in hand.screen)
        await hand.press("ctrl+p")
        await hand.type("drift")
        await hand.press("enter")
        await hand.until(lambda: "belongs to no application" in hand.screen)
    assert not survey.asked


async def test_a_new_file_runs_nowhere(tmp_path: Path) -> None:
    async with form_on(None, tmp_path, drift=Survey()) as hand:
        await hand.press("ctrl+p")
        await hand.type("drift")
        await hand.press("enter")
        await hand.until(lambda: "not saved yet" in hand.screen)


async def test_a_real_process_is_listed_without_its_password(
    tmp_path: Path,
) -> None:
    user = f"{uuid4().hex}@example.org"
    variables = {**VARIABLES, "SMTP_USERNAME": user}
    text = f'[smtp]\nhost = "mail.example.org"\nport = 587\nusername = "{user}"\n'
    original = drift_model.find_notice
    with program(variables) as pid:
        async with form_on(text, tmp_path, drift=original) as hand:
            await hand.press("ctrl+p")
            await hand.type("drift")
            await hand.press("enter")
            await hand.until(lambda: f"Process {pid} (sh)" in hand.screen)
            assert "port: 25; in the file 587" in hand.screen
            assert SECRET not in hand.screen
