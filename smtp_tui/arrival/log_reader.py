"""Read the new lines of a mail log: a file that may be rotated meanwhile, or the journal."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

LONGEST_LINE = 16 * 1024
_CHUNK = 1 << 20
_MOST_OPEN = 4
_MAIL_FACILITY = "2"  # RFC 5424, section 6.2.1


class LogReader(Protocol):
    """An open log."""

    @property
    def name(self) -> str:
        """Its name for messages."""

    def new_lines(self) -> list[str]:
        """Return the lines since the last call, without waiting for more; OSError if it fails."""

    def close(self) -> None:
        """Close it."""


class _LineBuffer:
    """Joins pieces of lines; a line is cut at LONGEST_LINE."""

    def __init__(self) -> None:
        self._rest = b""

    def lines(self, data: bytes) -> Iterator[bytes]:
        """Yield the whole lines."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:LONGEST_LINE]
        yield from (line[:LONGEST_LINE] for line in lines)


class _OpenFile:
    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        status = os.fstat(file.fileno())
        self.identity = status.st_dev, status.st_ino
        self.buffer = _LineBuffer()


class LogFile:
    """A log file, from where it ends now; a file that takes its place is read from its start."""

    def __init__(self, path: Path) -> None:
        """Open the file; OSError if that is impossible or it is no regular file."""
        self._path = path
        # Not blocking: a pipe without a writer would wait for one.
        file = open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0)
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise OSError(f"{path} is not a regular file")
        file.seek(0, os.SEEK_END)
        self._files = [_OpenFile(file)]

    @property
    def name(self) -> str:
        """Its path."""
        return str(self._path)

    def new_lines(self) -> list[str]:
        """Return the lines since the last call."""
        with suppress(FileNotFoundError):  # between the two steps of a rotation
            self._take_successor()
        lines = []
        for opened in self._files:
            file = opened.file
            # logrotate's copytruncate: the same file begins anew.
            if os.fstat(file.fileno()).st_size < file.tell():
                file.seek(0)
            lines += opened.buffer.lines(file.read(_CHUNK))
        return [line.decode("utf-8", "backslashreplace") for line in lines]

    def _take_successor(self) -> None:
        status = os.stat(self._path)
        if self._files[-1].identity == (status.st_dev, status.st_ino):
            return
        # The server may write to the old file until it is told, so it stays open.
        self._files.append(_OpenFile(open(self._path, "rb", buffering=0)))
        if len(self._files) > _MOST_OPEN:
            self._files.pop(0).file.close()

    def close(self) -> None:
        """Close all files."""
        for opened in self._files:
            opened.file.close()


class Journal:
    """The messages of the facility mail in systemd's journal, from now on."""

    name = "the journal"

    def __init__(self, program: str) -> None:
        """Start journalctl; OSError if it cannot be run."""
        self._buffer = _LineBuffer()
        self._process = subprocess.Popen(
            (
                *(program, "--follow", "--no-tail", "--quiet", "--output=json"),
                "--output-fields=MESSAGE,SYSLOG_IDENTIFIER,SYSLOG_PID,_PID",
                f"--since=@{int(time.time()) - 1}",
                f"SYSLOG_FACILITY={_MAIL_FACILITY}",
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout.fileno()
        os.set_blocking(self._output, False)

    def new_lines(self) -> list[str]:
        """Return the lines since the last call; OSError if journalctl ended."""
        data = b""
        with suppress(BlockingIOError):
            while part := os.read(self._output, _CHUNK):
                data += part
                if len(data) > _CHUNK:
                    break
            else:
                raise OSError("journalctl ended")
        lines = (_journal_line(line) for line in self._buffer.lines(data))
        return [line for line in lines if line]

    def close(self) -> None:
        """End journalctl."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def _journal_line(data: bytes) -> str:
    """Return an entry as syslog would write it; empty if it is not one."""
    try:
        entry = json.loads(data)
        message = entry["MESSAGE"]
        if isinstance(message, list):  # bytes that are not UTF-8, or control characters
            message = bytes(message).decode("utf-8", "backslashreplace")
        pid = entry.get("SYSLOG_PID") or entry.get("_PID") or "0"
        return f"{entry['SYSLOG_IDENTIFIER']}[{pid}]: {message}"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
