"""A file of another program, and the files beside it that hold a part of its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from smtp_tui.config.errors import DocumentError, NoFileError
from smtp_tui.config.reading import read
from smtp_tui.config.wording import one_line
from smtp_tui.interchange.importing import companions
from smtp_tui.records import record


@record
class TextFile:
    """A file's name and text, and the texts beside it; `problems` tells of those not readable."""

    name: str
    content: str = field(repr=False)
    beside: Mapping[str, str] = field(default_factory=dict, repr=False)
    problems: tuple[str, ...] = ()


def read_file(path: Path, format: str | None = None) -> TextFile:
    """Read a file and what belongs to it; DocumentError where it is none, or no text."""
    content = decoded(read(path), one_line(path))
    beside, problems = {}, []
    for name in companions(content, format):
        try:
            beside[name] = read(path.with_name(name)).decode("utf-8", "replace")
        except NoFileError:
            continue
        except DocumentError as error:
            problems.append(str(error))
    return TextFile(path.name, content, beside, tuple(problems))


def decoded(data: bytes, shown: str) -> str:
    """Return the text; DocumentError names the line that is none. `shown` names where it is."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError(f"{shown}: line {line} is not UTF-8; save it as UTF-8") from None
