"""A file of ten thousand lines: opened, changed, proved and saved; compared and merged."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from smtp_tui.config.diff import diff_lines, merged_with_disk
from smtp_tui.config.document import Document
from tests.benchmarks.results import Result

LINES, TIMES = 10_000, 5
# Seconds; whoever presses the key that saves waits no longer.
BOUND = 1.0

_SETTINGS = """\
[smtp]
host = "mail.example.org"  # the relay
port = 587
username = "tickets@example.org"
password = "wonder land"
"""
_SERVICE = """
[service.number{number}]
# What this one does, in a few words.
name = "service {number}"  # a note
ports = [{number}, 2, 3]
limits = {{ cpu = 2, memory = "512M" }}
text = "words for number {number}"
"""


def results() -> Iterator[Result]:
    """The whole way of an edit, and what is done where somebody else has saved meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.toml"
        path.write_text(_text())
        yield _result("opening, changing and saving", lambda port: _saving(path, port))
        yield _result("showing a difference", lambda port: _showing(path, port))
        yield _result("merging with another's change", lambda port: _merging(path, port))


def _text() -> str:
    pieces = [_SETTINGS]
    lines = _SETTINGS.count("\n")
    while lines < LINES:
        pieces.append(_SERVICE.format(number=len(pieces)))
        lines += _SERVICE.count("\n")
    return "".join(pieces)


def _save(path: Path, port: int) -> None:
    document = Document.open(path)
    table = document.default_table()
    document.save(table, {"port": port, "domain": f"host{port}.example.org"})


def _saving(path: Path, port: int) -> Callable[[], None]:
    return lambda: _save(path, port)


def _showing(path: Path, port: int) -> Callable[[], None]:
    document = Document.open(path)
    new = document.changed(document.default_table(), {"port": port + 1000})

    def show() -> None:
        assert diff_lines(document.text, new, path.name)

    return show


def _merging(path: Path, port: int) -> Callable[[], None]:
    document = Document.open(path)
    _save(path, port + 2000)

    def merge() -> None:
        changes = merged_with_disk(document, "smtp", {"username": f"user{port}"}).changes
        document.reload()
        document.save("smtp", changes)

    return merge


def _result(what: str, prepared: Callable[[int], Callable[[], None]]) -> Result:
    times = []
    for port in range(1, TIMES + 1):
        call = prepared(port)
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    seconds = min(times)  # the rest is what else the machine did
    figures = f"{seconds * 1000:.0f} ms in {LINES} lines"
    return Result(what, figures, seconds / BOUND, at_most=1.0)
