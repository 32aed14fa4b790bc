"""The call for the form: on what it opens, and where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui import launch
from smtp_tui.cli.commands import Invocation
from smtp_tui.config.document import Document
from tests.cli.program import COMMAND, Outcome, environment, run_program
from tests.table import table
from tests.terminal import on_terminal

Call = Callable[..., Outcome]
Toml = Callable[[str], Path]
Opened = list[tuple[Document, str | None]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    """What the form was opened on, in place of opening it."""
    seen: Opened = []

    def note(document: Document, table: str | None, call: Invocation, **_recording: object) -> int:
        seen.append((document, table))
        return 0

    monkeypatch.setattr(launch, "has_terminal", lambda: True)
    monkeypatch.setattr(launch, "_open_form", note)
    return seen


@pytest.mark.parametrize(
    ("text", "words", "table"),
    [
        ('[smtp]\nhost = "a"\n', (), "smtp"),
        ('[mail]\nhost = "a"\nport = 1\n', (), "mail"),
        ('[mail]\nhost = "a"\nport = 1\n', ("--table", "mail"), "mail"),
        ('[a]\nhost = "a"\nport = 1\n[b]\nhost = "b"\nport = 2\n', (), None),
        ('[a]\nhost = "a"\nport = 1\n[b]\nhost = "b"\nport = 2\n', ("--table", "b"), "b"),
        ("x = 1\n", (), "smtp"),
    ],
)
def test_the_table(
    call: Call, toml: Toml, opened: Opened, text: str, words: tuple[str, ...], table: str | None
) -> None:
    file = toml(text)
    assert call(str(file), *words).status == 0
    ((document, found),) = opened
    assert (document.path, document.exists, found) == (file, True, table)


def test_a_new_file(call: Call, tmp_path: Path, opened: Opened) -> None:
    assert call(str(tmp_path / "new.toml"), "--table", "mail").status == 0
    ((document, table),) = opened
    assert (document.exists, table) == (False, "mail")


def test_the_usual_file(
    call: Call, tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_TUI_CONFIG", str(tmp_path / "usual.toml"))
    assert call().status == 0
    assert opened[0][0].path == tmp_path / "usual.toml"


def test_a_file_that_will_not_do(call: Call, toml: Toml, opened: Opened) -> None:
    assert call(str(toml("[smtp\n"))).status == 3
    assert call(str(toml("x = 1\n")), "--table", "mail").status == 3
    assert call(str(toml("").parent)).status == 3
    assert not opened


@pytest.mark.parametrize(("term", "shown"), [("dumb", "dumb"), ("", "not set")])
def test_on_a_terminal_that_cannot_move_its_cursor_it_asks_line_by_line(
    tmp_path: Path, term: str, shown: str
) -> None:
    command = [*COMMAND, str(tmp_path / "mail.toml")]
    with on_terminal(command, environment(TERM=term), (120, 24)) as terminal:
        terminal.wait_for(
            f"TERM is {shown}, so smtp-tui asks line by line, as with --linear.",
            "1 SMTP Host [required]:",
        )
        terminal.press("\x04")
        assert terminal.wait_for_end() == 0
    with on_terminal([*command, "--linear"], environment(TERM=term), (120, 24)) as terminal:
        terminal.wait_for("1 SMTP Host [required]:")
        assert "TERM is" not in terminal.text
        terminal.press("\x04")
        assert terminal.wait_for_end() == 0


@table("words", [(), ("--linear",)])
@table("term", ["dumb", "xterm"])
def test_without_a_terminal_it_names_the_check(term: str, words: tuple[str, ...]) -> None:
    outcome = run_program("mail.toml", *words, env=environment(TERM=term))
    assert outcome == Outcome(
        2, "", "smtp-tui: the form needs a terminal; smtp-tui check mail.toml does not\n"
    )
