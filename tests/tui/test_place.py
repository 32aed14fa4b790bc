"""Test from where an application runs: the list, the title, the comparison, the refusals."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from smtp_tui.tui.commands import command_named
from smtp_tui.tui.model.check_request import (
    ChosenPlace,
    PlaceRefusedError,
    run_check,
    run_to_verdict,
)
from smtp_tui.tui.model.test_place import find_places, matching, runner_from
from tests.places.spaces import require_namespaces, resident
from tests.smtp.scripted import serving
from tests.tui.driving import Hand, form_on

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
        await hand.press("escape")
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


async def test_a_refusal_has_the_command_to_run() -> None:
    from smtp_tui.checks.request import CheckRequest

    request = CheckRequest(values={"host": "127.0.0.1"}, base=Path())
    runner = runner_from(ChosenPlace("container", "nothing-here"))
    with pytest.raises(PlaceRefusedError) as caught:
        await run_to_verdict(runner, request, lambda _event: None)
    assert str(caught.value).endswith(".")
