"""Run another program for its output: docker, podman or systemctl."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence

from smtp_tui.config.errors import one_line, reason
from smtp_tui.places.errors import PlaceError

# Seconds to wait for a program.
TIMEOUT = 10.0
MOST_OUTPUT = 8 << 20
# In English, without colours or a pager: the output is parsed.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0", "NO_COLOR": "1"}


# What `run_program` does; tests put another in its place.
Run = Callable[[Sequence[str]], str]


class ProgramError(PlaceError):
    """A program cannot be run, failed or did not answer in time."""


class ProgramMissing(ProgramError):
    """A program is not installed."""


def run_program(argv: Sequence[str], seconds: float = TIMEOUT) -> str:
    """Return a program's output, bounded; ProgramError if it fails or takes too long."""
    try:
        return asyncio.run(_output(argv, seconds))
    except FileNotFoundError:
        raise ProgramMissing(f"{argv[0]} is not installed") from None
    except OSError as error:
        raise ProgramError(f"{argv[0]} cannot be run: {reason(error)}") from None


async def _output(argv: Sequence[str], seconds: float) -> str:
    process = await asyncio.create_subprocess_exec(
        *argv,
        env={**os.environ, **_ENVIRONMENT},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            output, complaint = await asyncio.gather(_read(process.stdout), _read(process.stderr))
            await process.wait()
    except TimeoutError:
        raise ProgramError(f"{argv[0]} did not answer within {seconds:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        said = complaint.decode("utf-8", "surrogateescape").splitlines()
        # podman logs warnings there too.
        text = "\n".join(line for line in said if "level=warning" not in line).strip()
        raise ProgramError(f"{argv[0]} failed: {one_line(text)}")
    return output.decode("utf-8", "surrogateescape")


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    """Read to the end, but keep only the first MOST_OUTPUT bytes: a full pipe stops the program."""
    kept = bytearray()
    while stream and (part := await stream.read(1 << 16)):
        kept += part[: MOST_OUTPUT - len(kept)]
    return bytes(kept)
