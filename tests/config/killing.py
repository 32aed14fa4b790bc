"""Saves a file over and over in children of its own, and kills each of them (SIGKILL) on the way.

`python -m tests.config.killing FILE lines|moments COUNT` prints what was found as JSON. It has one
thread alone, so that it may fork; what it forks has all modules loaded and is quick to die.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import stat
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from smtp_tui.config import atomic_write
from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.document import Document
from smtp_tui.config.toml_edit import edit

WATCHED = {
    str(module.__file__) for module in (atomic_write, atomic_write, atomic_write, atomic_write)
}
LOADED = (edit, edit)
SHORT, LONG = "a.example", f"{'b' * 60}.example"
BACKUP = WriteOptions(backup=True)


def other(host: str) -> str:
    return LONG if host == SHORT else SHORT


def save(path: Path) -> None:
    document = Document.open(path)
    document.save("smtp", {"host": other(document.values("smtp")["host"])}, options=BACKUP)


def killed_at_line(path: Path, number: int) -> bool:
    """Let a child die before it runs this line of the code that writes; False if it ended first."""
    child = os.fork()
    if child == 0:
        seen = 0

        def trace(frame: FrameType, event: str, _arg: Any) -> Any:
            nonlocal seen
            if frame.f_code.co_filename not in WATCHED:
                return None
            if event == "line":
                seen += 1
                if seen == number:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        save(path)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def killed_at_moment(path: Path, seconds: float) -> None:
    """Let a child save without end, and kill it from outside."""
    begun, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            while True:
                save(path)
                os.write(tell, b".")
        finally:
            os._exit(1)
    os.close(tell)
    os.read(begun, 1)
    select.select([], [], [], seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(begun)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def main(path: Path, how: str, count: int) -> dict[str, Any]:
    """Kill, and look at what is left each time."""
    text = path.read_text()
    wholes = {text, text.replace(SHORT, LONG)}
    assert len(wholes) == 2
    mode, found = stat.S_IMODE(path.stat().st_mode), Counter[str]()
    chance = random.Random(1)
    for number in range(1, count + 1):
        if how == "moments":
            killed_at_moment(path, chance.uniform(0, 0.004))
        elif not killed_at_line(path, number):
            break
        found["kills"] += 1
        found["damaged"] += path.read_text() not in wholes
        found["other mode"] += stat.S_IMODE(path.stat().st_mode) != mode
        left = [one for one in path.parent.iterdir() if one.name.startswith(".")]
        found["left behind"] += len(left)
        found["most left"] = max(found["most left"], len(left))
        found["too readable"] += sum(stat.S_IMODE(one.stat().st_mode) & ~mode != 0 for one in left)
    save(path)
    names = sorted(one.name for one in path.parent.iterdir())
    return {**found, "names": names, "in the end": path.read_text() in wholes}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
