"""Test from where an application runs: the list, the title, the comparison, the refusals."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from smtp_tui.checks.request import CheckRequest
from smtp_tui.diagnosis.comparison import Comparison, Difference, PlaceSummary
from smtp_tui.diagnosis.verdict import Fix, Verdict
from smtp_tui.smtp.events import Stage
from smtp_tui.tui.commands import command_named
from smtp_tui.tui.model.check_request import (
    ChosenPlace,
    PlaceRefusedError,
    run_check,
    run_to_verdict,
)
from smtp_tui.tui.model.fixes import FixKind, FixProposal
from smtp_tui.tui.model.test_place import find_places, matching, runner_from
from smtp_tui.tui.model.verdict_text import comparison_lines, verdict_text
from tests.places.spaces import require_namespaces, resident
from tests.smtp.scripted import serving
from tests.survey.running_settings import program
from tests.tui.driving import PASSED, FakeCheck, Hand, failed, form_on
from tests.tui.linear_console import answered

pytestmark = pytest.mark.integration

KEY = command_named("place").default_keys[0]
DIALOGUE = """
S: 220 mail.example.test ESMTP
C: EHLO here.example.test
S: 250-mail.example.test
S: 250 SIZE
C: QUIT
S: 221 bye
"""


def settings(port: int) -> str:
    return (
        f'[smtp]\nhost = "127.0.0.1"\nport = {port}\ndomain = "here.example.test"\n'
        'encryption = "none"\nauthentication = "none"\n'
    )


@pytest.fixture
def application() -> Iterator[int]:
    """A process of this machine, as an application that runs."""
    require_namespaces()
    with resident() as pid:
        yield pid


async def choose(hand: Hand, pid: int) -> None:
    """Choose a process in the list, once it is filled."""
    await hand.press(KEY)
    assert "Where do tests run?" in hand.screen
    await hand.type(str(pid))
    await hand.until(lambda: f"process {pid}" in hand.screen)
    await hand.press("enter")


async def test_the_choice_stands_in_the_title_and_for_the_session(
    application: int, tmp_path: Path
) -> None:
    async with (
        serving((DIALOGUE,)) as server,
        form_on(settings(server.port), tmp_path, check=run_check, size=(140, 40)) as hand,
    ):
        await choose(hand, application)
        pane = hand.form_screen.test_pane
        assert f"Tests now run in process {application}." in hand.screen
        for number in (1, 2):
            await hand.press("f5")
            await hand.until(lambda: not pane.is_busy)
            shown = [str(entry) for entry in pane.log_view.rows.last_test()]
            title = f"in process {application}: 127.0.0.1 port {server.port}"
            assert shown[0].startswith(f"test {number}")
            assert title in shown[0]
            assert any("here: PASSED, without a login" in line for line in shown)
            assert "PASSED" in hand.screen
        assert [peer.lines[0] for peer in server.peers] == ["EHLO here.example.test"] * 4
        await hand.press(KEY, "home", "enter")
        assert "Tests now run from this shell." in hand.screen


async def test_a_place_that_has_ended_is_one_line(tmp_path: Path) -> None:
    require_namespaces()
    with resident() as pid:
        async with form_on(settings(1), tmp_path, check=run_check) as hand:
            await choose(hand, pid)
            os.kill(pid, 9)
            await asyncio.sleep(0)
            await hand.press("f5")
            await hand.until(lambda: "no verdict" in hand.screen)
            assert f"rocess {pid} " in hand.screen
            assert "bug" not in hand.screen


async def test_escape_keeps_what_was_chosen(tmp_path: Path) -> None:
    async with form_on(settings(1), tmp_path) as hand:
        await hand.press(KEY)
        assert "‹this shell›" in hand.screen
        await hand.type("no such place")
        assert "Nothing matches." in hand.screen
        await hand.press("escape", "escape")
        assert "Where do tests run?" not in hand.screen
        assert "Tests now" not in hand.screen


def test_processes_are_found_by_name_and_number_but_not_by_their_arguments(
    application: int,
) -> None:
    places = find_places().places
    assert [place.title for place in matching(places, str(application))][:1] == [
        f"process {application}"
    ]
    found = next(place for place in places if place.word == str(application))
    assert "resident" not in found.searched  # it stands in the arguments, as a password might
    assert os.getpid() not in [int(place.word) for place in places if place.kind == "process"]


def test_processes_with_mail_variables_come_first() -> None:
    variables = {"SMTP_HOST": "a.example", "SMTP_PORT": "25"}
    with program({}) as plain, program(variables) as mail:
        places = [place for place in find_places().places if place.kind == "process"]
    words = [place.word for place in places]
    assert words.index(str(mail)) < words.index(str(plain))
    assert places[words.index(str(mail))].about.endswith(", with mail variables")


def test_helpers_that_run_from_memory_are_left_out() -> None:
    sleep = Path("/bin/sleep").read_bytes()
    memory = os.memfd_create("helper")
    os.write(memory, sleep)
    helper = subprocess.Popen([f"/proc/self/fd/{memory}", "60"], pass_fds=[memory])
    try:
        words = [place.word for place in find_places().places]
    finally:
        helper.kill()
        helper.wait()
        os.close(memory)
    assert str(helper.pid) not in words


async def test_a_process_that_is_not_listed_is_chosen_by_its_number(tmp_path: Path) -> None:
    assert [place.title for place in matching((), "4194000")] == ["process 4194000"]
    assert matching((), "web") == []
    async with form_on(settings(1), tmp_path) as hand:
        await choose(hand, 4194000)
        assert "Tests now run in process 4194000." in hand.screen


async def test_a_refusal_has_the_command_to_run() -> None:
    request = CheckRequest(values={"host": "127.0.0.1"}, base=Path())
    runner = runner_from(ChosenPlace("container", "nothing-here"))
    with pytest.raises(PlaceRefusedError) as caught:
        await run_to_verdict(runner, request, lambda _event: None)
    assert str(caught.value).endswith(".")


def compared(*told: Difference, here: Verdict | None = PASSED) -> Verdict:
    """A failed verdict from a container, with these differences."""
    place = PlaceSummary(
        kind="container",
        name="web",
        engine="podman",
        pid=4711,
        command="puma",
        user=0,
        runtime="OpenSSL",
        trusts=(),
        certificates=0,
        name_servers=(),
    )
    comparison = Comparison(place=place, here=here, differences=told, not_compared=("The rest",))
    verdict = failed("network-unreachable", Stage.CONNECT, why="A reason.", cure="Check routes.")
    return replace(verdict, comparison=comparison)


NO_ROUTE = Difference(
    id="place-no-route",
    stage=Stage.CONNECT,
    what="Container web has no route.",
    why="Its own routes.",
    cure="Set address_family to ipv4.",
    command="ip route",
    explains=True,
)


def test_what_explains_the_failure_takes_the_place_of_the_usual_advice() -> None:
    text = verdict_text(compared(NO_ROUTE))
    assert text.action == "Set Address Family to ipv4."
    lines = [str(line) for line in text.more]
    assert lines == [
        "Container web has no route.",
        "Here: PASSED, without a login: The login works.",
        "Why: Its own routes.",
        "Command: ip route",
        "Not compared: The rest.",
    ]
    assert verdict_text(compared()).action == "Check routes."


async def test_other_programs_commands_run_where_the_test_ran(tmp_path: Path) -> None:
    enter = "nsenter --net=/proc/4711/ns/net swaks --server"
    async with form_on(settings(25), tmp_path, check=FakeCheck([compared()])) as hand:
        await hand.press("f5")
        await hand.until(lambda: "FAILED" in hand.screen)
        await hand.press("ctrl+p", *"same", "enter")
        await hand.until(lambda: enter in hand.screen)
        assert "in container web: 127.0.0.1 port 25" in hand.screen


def test_other_programs_commands_run_there_line_by_line(tmp_path: Path) -> None:
    check = FakeCheck([compared()])
    ended = answered(tmp_path, ":test", ":same", ":quit", text=settings(25), runner=check)
    assert "nsenter --net=/proc/4711/ns/net swaks --server" in ended.plain
    assert "in container web: 127.0.0.1 port 25" in ended.plain.partition(":same")[2]


def test_a_fix_of_the_settings_does_not_go_before_the_cure_of_the_place() -> None:
    fix = Fix(field="ca_file", value=None, why="Only these.")
    text = verdict_text(compared(NO_ROUTE), proposals=[FixProposal(fix, FixKind.GO_TO)])
    assert (text.key, text.action) == ("", "Set Address Family to ipv4.")
    text = verdict_text(compared(), proposals=[FixProposal(fix, FixKind.GO_TO)])
    assert text.key == "F9"


def test_the_first_line_says_where_the_test_ran() -> None:
    assert verdict_text(compared(NO_ROUTE)).outcome == "FAILED at connection in container web"
    comparison = compared().comparison
    assert verdict_text(replace(PASSED, comparison=comparison)).outcome == "PASSED in container web"
    assert verdict_text(PASSED).outcome == "PASSED"


def test_the_comparison_stands_in_the_log() -> None:
    lines = [line.text for line in comparison_lines(compared(NO_ROUTE, here=None))]
    assert lines[0] == "Difference: Container web has no route."
    assert lines[-1] == "Not compared: The rest."
    assert comparison_lines(PASSED) == []


async def test_a_file_that_others_can_write_names_no_variable_of_the_place(
    application: int, tmp_path: Path
) -> None:
    file = tmp_path / "mail.toml"
    file.write_text("[smtp]\n")
    file.chmod(0o666)
    values = {"host": "127.0.0.1", "port": 1, "username": "me", "password": {"env": "PATH"}}
    request = CheckRequest(values=values, base=tmp_path, file=str(file), extra=0)
    runner = runner_from(ChosenPlace("process", str(application)))
    verdict = await run_to_verdict(runner, request, lambda _event: None)
    assert verdict is not None
    assert verdict.cause == "password-source-failed"
    assert "every user can write" in verdict.summary


def test_line_by_line(application: int, tmp_path: Path) -> None:
    answers = f":place {application}", "2", ":test", ":place here", "1", ":quit"
    ended = answered(tmp_path, *answers, text=settings(1), runner=run_check)
    title = f"process {application}"
    assert f"Tests now run in {title}. :test tests." in ended.text
    assert f"in {title}: 127.0.0.1" in ended.text
    assert "Here: FAILED at connection" in ended.text
    assert "Tests now run from this shell." in ended.text
