"""Tab completes a path, and lists what may follow; elsewhere it goes on."""

import os
from pathlib import Path

import pytest

from smtp_tui.tui.widgets import path_completion as paths
from smtp_tui.tui.widgets.path_completion import (
    MOST_NAMES,
    PathCandidates,
    PathEditor,
    completion_of,
)
from tests.tui.driving import SAMPLE, FakeCheck, Hand, form_on


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files to name."""
    (tmp_path / "certs" / "private").mkdir(parents=True)
    for name in ("ca.pem", "ca-old.pem", "client.pem", ".hidden"):
        (tmp_path / "certs" / name).touch()
    (tmp_path / "certs" / "bad\nname.pem").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "completed", "names"),
    [
        ("ce", "certs/", ("certs/",)),
        ("certs", "certs/", ("certs/",)),
        ("certs/", "certs/", ("ca-old.pem", "ca.pem", "client.pem", "private/")),
        ("certs/c", "certs/c", ("ca-old.pem", "ca.pem", "client.pem")),
        ("certs/ca", "certs/ca", ("ca-old.pem", "ca.pem")),
        ("certs/ca-", "certs/ca-old.pem", ("ca-old.pem",)),
        ("certs/.", "certs/.hidden", (".hidden",)),
        ("./ce", "./certs/", ("certs/",)),
        ("certs/..", "certs/../", ()),
    ],
)
def test_a_path_is_completed_as_far_as_is_certain(
    folder: Path, text: str, completed: str, names: tuple[str, ...]
) -> None:
    found = completion_of(text, folder)
    assert found is not None
    assert (found.text, found.names) == (completed, names)


@pytest.mark.parametrize("text", ["certs/ca.pem", "x", "nowhere/x", "certs/ca.pem/x", "\0/x"])
async def test_a_file_and_what_is_nowhere_are_left_alone(folder: Path, text: str) -> None:
    assert await paths.complete_path(text, folder) is None


def test_home_keeps_its_spelling(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    for text, completed in ("~", "~/"), ("~/ce", "~/certs/"), ("$HOME/ce", "$HOME/certs/"):
        found = completion_of(text, Path("/nowhere"))
        assert found is not None
        assert found.text == completed


def test_a_folder_of_many_names_is_completed_by_all_and_lists_some(tmp_path: Path) -> None:
    for number in range(MOST_NAMES + 50):
        (tmp_path / f"name-{number:03}").touch()
    (tmp_path / "nose").touch()
    found = completion_of("n", tmp_path)
    assert found is not None
    assert found.count == MOST_NAMES + 51
    assert len(found.names) == MOST_NAMES
    assert found.text == "n"


async def test_a_folder_that_does_not_answer_holds_up_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, write = os.pipe()
    monkeypatch.setattr(paths, "PATIENCE", 0.01)
    monkeypatch.setattr(paths, "completion_of", lambda _text, _base: os.read(read, 1))
    assert await paths.complete_path("ce", folder) is None
    os.write(write, b"x")


async def ca_file(hand: Hand) -> None:
    """Go to CA File."""
    await hand.go_to("More")
    await hand.press("right")
    await hand.go_to("CA File")


async def test_tab_completes_and_lists_and_then_goes_on(folder: Path) -> None:
    async with form_on(SAMPLE, folder, size=(80, 25)) as hand:
        await ca_file(hand)
        await hand.type("ce")
        await hand.press("tab")
        assert hand.row("CA File").endswith("certs/")
        await hand.press("c", "tab")
        assert "│ ca-old.pem  client.pem" in hand.screen
        await hand.type("a.")
        assert "ca-old.pem" not in hand.screen
        await hand.press("tab")
        assert hand.row("CA File").endswith("certs/ca.pem")
        await hand.press("tab")
        assert hand.row("Server Name").startswith(">")
        await hand.press("f4", "f4")
        assert "certs" not in hand.row("CA File")


async def test_tab_takes_the_listed_names_in_turn(folder: Path) -> None:
    async with form_on(SAMPLE, folder, size=(80, 25)) as hand:
        await ca_file(hand)
        await hand.type("certs/c")
        await hand.press("tab")
        for name in ("ca-old.pem", "ca.pem", "client.pem", "ca-old.pem"):
            await hand.press("tab")
            assert hand.row("CA File").endswith(f"certs/{name}")
            assert hand.row("CA File").startswith(">")
            assert "│ ca-old.pem  client.pem" in hand.screen
        await hand.press("down")
        assert "ca-old.pem  client.pem" not in hand.screen
        assert hand.row("CA File").endswith("certs/ca-old.pem")
        await hand.press("f4")
        assert "certs" not in hand.row("CA File")


async def test_a_key_that_edits_ends_the_turn(folder: Path) -> None:
    async with form_on(SAMPLE, folder, size=(80, 25)) as hand:
        await ca_file(hand)
        await hand.type("certs/")
        await hand.press("tab", "tab", "backspace")
        assert hand.row("CA File").endswith("certs/ca-old.pe")
        assert "client.pem" not in hand.screen
        await hand.press("tab")
        assert hand.row("CA File").endswith("certs/ca-old.pem")


async def test_escape_closes_the_list_and_stays(folder: Path) -> None:
    async with form_on(SAMPLE, folder, size=(80, 25)) as hand:
        await ca_file(hand)
        await hand.type("certs/c")
        await hand.press("tab")
        assert "ca-old.pem" in hand.screen
        await hand.press("escape")
        assert "ca-old.pem" not in hand.screen
        assert hand.row("CA File").startswith(">")


@pytest.mark.parametrize("text", ["..", "~"])
async def test_a_folder_without_a_list_lists_nothing(folder: Path, text: str) -> None:
    async with form_on(SAMPLE, folder, size=(80, 25)) as hand:
        await ca_file(hand)
        await hand.type(text)
        row = hand.form_screen.form.current_row
        assert isinstance(row, PathEditor)
        await row.list_candidates()
        assert not hand.form_screen.query(PathCandidates)


@pytest.mark.parametrize("key", ["f5", "f1", "f4", "alt+d"])
async def test_a_command_closes_the_list(folder: Path, key: str) -> None:
    async with form_on(SAMPLE, folder, check=FakeCheck()) as hand:
        await ca_file(hand)
        await hand.type("certs/c")
        await hand.press("tab")
        assert hand.form_screen.query(PathCandidates)
        await hand.press(key)
        assert not hand.form_screen.query(PathCandidates)


async def test_tab_on_the_way_through_changes_nothing(folder: Path) -> None:
    async with form_on(f'{SAMPLE}ca_file = "ce"\n', folder) as hand:
        await ca_file(hand)
        await hand.press("tab")
        assert hand.row("Server Name").startswith(">")
        assert "modified" not in hand.lines[0]


async def test_a_password_kept_in_a_file_is_named_so_too(folder: Path) -> None:
    async with form_on(SAMPLE, folder, size=(80, 25)) as hand:
        await hand.go_to("Kept in")
        await hand.press("f", "up")
        await hand.type("certs/cl")
        await hand.press("tab")
        assert "certs/client.pem" in hand.row("SMTP Password")
        await hand.press("down", "t", "up")
        await hand.type("ce")
        await hand.press("tab")
        assert "••" in hand.row("SMTP Password")


async def test_a_dialog_that_asks_for_a_file_completes_too(folder: Path) -> None:
    async with form_on(SAMPLE, folder, size=(80, 25)) as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press("f6", "o")
        await hand.until(lambda: "File  " in hand.screen)
        await hand.press("ctrl+u")
        await hand.type(f"{folder}/certs/c")
        await hand.press("tab")
        assert "ca-old.pem" in hand.screen
        await hand.type("l")
        await hand.press("tab")
        assert "certs/client.pem" in hand.screen


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (140, 40)])
async def test_the_list_covers_rows_of_the_form_and_nothing_else(
    folder: Path, size: tuple[int, int]
) -> None:
    for number in range(30):
        (folder / "certs" / f"client-{number}.pem").touch()
    async with form_on(SAMPLE, folder, size=size) as hand:
        await ca_file(hand)
        await hand.go_to("Client Key")
        await hand.type("certs/client")
        form = hand.form_screen.form.region
        below = hand.lines[form.bottom]
        await hand.press("tab")
        assert "client-0.pem" in hand.screen
        assert hand.lines[form.bottom] == below
        assert hand.row("Client Key").startswith(">")
