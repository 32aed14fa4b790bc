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
from typing import Protocol

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
    def __init__(self, path: Path) -> None:
        # Not blocking: a pipe without a writer would wait for one.
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self.status = os.fstat(self._descriptor)
        self.position = 0
        self._buffer = _LineBuffer()

    def new_lines(self) -> Iterator[bytes]:
        # logrotate's copytruncate: the same file begins again.
        if os.fstat(self._descriptor).st_size < self.position:
            self.position = 0
        data = os.pread(self._descriptor, _CHUNK, self.position)
        self.position += len(data)
        return self._buffer.lines(data)

    def close(self) -> None:
        os.close(self._descriptor)


class LogFile:
    """A log file, from where it ends now; a file that takes its place is read from its start."""

    def __init__(self, path: Path) -> None:
        """Open the file; OSError if that is impossible or it is no regular file."""
        self._path = path
        opened = _OpenFile(path)
        if not stat.S_ISREG(opened.status.st_mode):
            opened.close()
            raise OSError(f"{path} is not a regular file")
        opened.position = opened.status.st_size
        self._files = [opened]

    @property
    def name(self) -> str:
        """Its path."""
        return str(self._path)

    def new_lines(self) -> list[str]:
        """Return the lines since the last call."""
        with suppress(FileNotFoundError):  # between the two steps of a rotation
            self._open_successor()
        lines = (line for opened in self._files for line in opened.new_lines())
        return [line.decode("utf-8", "backslashreplace") for line in lines]

    def _open_successor(self) -> None:
        if os.path.samestat(self._files[-1].status, self._path.stat()):
            return
        # The server may write to the old file until it is told, so that one stays open.
        self._files.append(_OpenFile(self._path))
        if len(self._files) > _MOST_OPEN:
            self._files.pop(0).close()

    def close(self) -> None:
        """Close all files."""
        for opened in self._files:
            opened.close()


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
