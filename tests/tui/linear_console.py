"""A session of the form line by line, with answers given in advance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from smtp_tui.checks.recording import Recording
from smtp_tui.config.document import Document
from smtp_tui.config.preferences import Preferences
from smtp_tui.survey.notice import DriftNotice
from smtp_tui.tui.linear.console import Console
from smtp_tui.tui.linear.session import run_linear
from smtp_tui.tui.model import drift as drift_model
from smtp_tui.tui.model.check_request import Runner
from tests.tui.driving import SAMPLE, FakeCheck

# What is typed: a line, Ctrl+C or Ctrl+D, or something that happens in the meantime.
Answer = str | type[BaseException] | Callable[[], object]
CTRL_C, CTRL_D = KeyboardInterrupt, EOFError
NO_MORE_ANSWERS = 99


@dataclass
class Script(Console):
    """Types the answers; remembers what was written, and which prompts echoed nothing."""

    answers: Sequence[Answer]
    written: list[str] = field(default_factory=list)
    unechoed: list[str] = field(default_factory=list)
    columns: int = 79

    def __post_init__(self) -> None:
        self._rest = iter(self.answers)

    @property
    def width(self) -> int:
        return self.columns

    @property
    def text(self) -> str:
        """All that was written so far, what was typed included."""
        return "".join(self.written)

    def write(self, text: str) -> None:
        self.written.append(text)

    def read(self, prompt: str, *, is_secret: bool) -> str:
        self.write(prompt)
        for answer in self._rest:
            if isinstance(answer, str):
                (self.unechoed if is_secret else self.written).append(answer)
                self.write("\n")
                return answer
            if isinstance(answer, type):
                raise answer
            answer()
        raise SystemExit(NO_MORE_ANSWERS)


@dataclass
class Ended:
    """How a session ended, and what it wrote and left."""

    status: int
    console: Script
    file: Path
    reports: list[str]

    @property
    def text(self) -> str:
        """All that stands on the terminal."""
        return self.console.text

    @property
    def plain(self) -> str:
        """The same as one line, for texts that are wrapped."""
        return " ".join(self.text.split())

    @property
    def saved(self) -> str:
        """The file's text."""
        return self.file.read_text("utf-8")


def answered(
    folder: Path,
    *answers: Answer,
    text: str | None = SAMPLE,
    runner: Runner | None = None,
    table: str | None = "smtp",
    is_demo: bool = False,
    columns: int = 79,
    preferences: Preferences | None = None,
    dialect: str | None = None,
    drift: Callable[[Path, str | None], DriftNotice] | None = None,
    recording: Recording | None = None,
) -> Ended:
    """Run a session on a file; text None: the file is as it is, or absent.

    `drift` stands in for the look at what runs on this machine, which finds nothing.
    """
    file = folder / "mail.toml"
    if text is not None:
        file.write_text(text, "utf-8")
    document = Document.open(file, dialect) if file.exists() else Document.new(file)
    table = document.default_table() if dialect else table
    console, reports = Script(answers, columns=columns), list[str]()
    with patch.object(drift_model, "find_notice", drift or (lambda *_: DriftNotice())):
        status = run_linear(
            document,
            table,
            preferences or Preferences(),
            notice="",
            is_demo=is_demo,
            report=reports.append,
            runner=runner or FakeCheck(),
            console=console,
            recording=recording,
        )
    return Ended(status, console, file, reports)
