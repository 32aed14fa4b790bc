"""The program as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from tests.events import ids_in, validate

# A warning in the program, of a file left open too, goes to its standard error and fails the test.
COMMAND = (sys.executable, "-W", "error", "-m", "smtp_tui")

# The program, whose dialogue breaks in the middle with the password in the exception.
DEFECT = """
import sys
from smtp_tui.checks import run

async def check(settings, secret, **more):
    hidden = secret
    raise RuntimeError(f"cannot send {secret}")
    yield

run.check = check
from smtp_tui.program import main
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Outcome:
    """What a call came to."""

    status: int
    out: str
    err: str

    def __post_init__(self) -> None:
        """Hold every JSON line that was printed to the schema."""
        for line in self.out.splitlines():
            validate(line)
            assert not ids_in(line), line

    @property
    def verdict(self) -> dict[str, Any]:
        """The last line as an object."""
        content: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        assert content["event"] == "verdict"
        return content


def environment(**more: str) -> dict[str, str]:
    """The environment of the tests, which has a private home, and more."""
    return {**os.environ, **more}


def run_program(
    *arguments: str, stdin: bytes | None = None, detached: bool = False, **more: Any
) -> Outcome:
    """Run a call to its end; `detached` takes the terminal away, `more` goes to subprocess."""
    finished = subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        timeout=60,
        start_new_session=detached,
        check=False,
        **more,
    )
    return Outcome(
        finished.returncode,
        finished.stdout.decode("utf-8", "surrogateescape"),
        finished.stderr.decode("utf-8", "surrogateescape"),
    )
