"""Run the program that prints a password, without a shell and never longer than allowed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from smtp_tui.config.errors import PasswordError, one_line, reason, shown_command
from smtp_tui.config.paths import is_folder

LARGEST = 64 * 1024
"""Bytes of output; no password is longer."""

_LARGEST_COMPLAINT = 4096
# A program left in the background may hold the pipes open after the command itself has ended.
_GRACE = 0.5
_REAPING = 1.0


class _Output(asyncio.SubprocessProtocol):
    """Collects what a process prints, and tells when it has ended."""

    def __init__(self) -> None:
        self.printed = bytearray()
        self.complaint = bytearray()
        self.too_much = False
        self.ended = asyncio.Event()
        self.exited = asyncio.Event()
        self.closed = asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep a little of both streams."""
        if fd == 2:
            self.complaint += data[: _LARGEST_COMPLAINT - len(self.complaint)]
        elif len(self.printed) + len(data) > LARGEST:
            self.too_much = True
            self.ended.set()
        else:
            self.printed += data

    def pipe_connection_lost(self, fd: int, _exc: Exception | None) -> None:
        """Note the end of the output."""
        if fd == 1:
            self.closed.set()

    def process_exited(self) -> None:
        """Note the end of the process."""
        self.exited.set()
        self.ended.set()


async def first_line(
    argv: Sequence[str], *, base: Path, environ: Mapping[str, str], limit: float
) -> bytes:
    """Return the first line a program prints, run in the folder `base` for `limit` seconds.

    PasswordError if it cannot be run, fails, is late, or prints too much; it and all it started
    are killed then.
    """
    transport, output = await _started(argv, base, environ)
    shown = shown_command(argv)
    finished = False
    try:
        async with asyncio.timeout(limit):
            await output.ended.wait()
        if output.exited.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE):
                    await output.closed.wait()
            finished = True
    except TimeoutError:
        raise PasswordError(
            f"the command {shown} was killed: it did not end within {limit:g} s; "
            "run it by hand and see what it waits for"
        ) from None
    finally:
        await _put_away(transport, output, kill=not finished)
    if output.too_much:
        raise PasswordError(
            f"the command {shown} was killed: it printed more than {LARGEST >> 10} KiB; "
            "make it print only the password"
        )
    if status := transport.get_returncode():
        raise _failed(shown, status, output)
    return bytes(output.printed).partition(b"\n")[0].removesuffix(b"\r")


async def _started(
    argv: Sequence[str], base: Path, environ: Mapping[str, str]
) -> tuple[asyncio.SubprocessTransport, _Output]:
    try:
        return await asyncio.get_running_loop().subprocess_exec(
            _Output,
            *argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A session of its own can be killed as a whole and cannot write over the form.
            start_new_session=True,
            cwd=_existing(base),
            env=dict(environ),
        )
    except OSError as error:
        raise PasswordError(
            f"the command {one_line(argv[0], 80)} cannot be run: {reason(error)}; write its full "
            "path and each argument as a string of its own, because no shell reads them"
        ) from None


def _existing(folder: Path) -> Path | None:
    return folder if is_folder(folder) else None


async def _put_away(transport: asyncio.SubprocessTransport, output: _Output, *, kill: bool) -> None:
    if kill:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(transport.get_pid(), signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_REAPING):
                await output.exited.wait()
    transport.close()


def _failed(shown: str, status: int, output: _Output) -> PasswordError:
    how = f"exit status {status}" if status > 0 else f"signal {-status}"
    complaint = _complaint(output)
    said = f", saying: {complaint}" if complaint else " without an error message"
    return PasswordError(f"the command {shown} failed with {how}{said}; run it by hand")


def _complaint(output: _Output) -> str:
    """Return the stderr as one line, without what stands on stdout: that may be the secret."""
    text = output.complaint.decode("utf-8", "replace")
    for line in map(str.strip, output.printed.decode("utf-8", "replace").splitlines()):
        if line and line in text:
            # Taken out of the middle of words, a short one would show by its absence.
            text = text.replace(line, "********") if len(line) > 3 else "********"
    return one_line(" ".join(text.split()), 200)
