"""Programs that run with mail variables of the tests' choice, and end with them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

SECRET = "wonder$land-7f3a"
OTHER_SECRET = "looking-glass-91c2"
VARIABLES = {
    "SMTP_ADDRESS": "mail.example.org",
    "SMTP_PORT": "25",
    "SMTP_USERNAME": "drift-tests@example.org",
    "SMTP_PASSWORD": SECRET,
    "MAILER_SENDER_EMAIL": "app@example.org",
}


@contextmanager
def program(
    variables: Mapping[str, str] | Mapping[bytes, bytes] | None = None,
    *arguments: str,
    folder: Path | None = None,
    keeps: Sequence[int] = (),
) -> Iterator[int]:
    """Run a program that only waits, and yield its number; `keeps` are open files it inherits."""
    # The words after `read` are its arguments, which it ignores.
    running = subprocess.Popen(
        ["/bin/sh", "-c", "read line", "application", *arguments],
        env=VARIABLES if variables is None else variables,
        stdin=subprocess.PIPE,
        cwd=folder,
        pass_fds=keeps,
    )
    try:
        wait_for_exec(running.pid)
        yield running.pid
    finally:
        running.kill()
        running.communicate()


def wait_for_exec(pid: int) -> None:
    """Wait until a child runs its own program: until then it has this one's variables."""
    own = Path(f"/proc/{os.getpid()}/cmdline").read_bytes()
    while Path(f"/proc/{pid}/cmdline").read_bytes() in (own, b""):
        os.sched_yield()


def env_text(variables: Mapping[str, str]) -> str:
    """The variables as an `.env` file that every reader reads alike."""
    return "".join(f"{name}={value}\n" for name, value in variables.items())
