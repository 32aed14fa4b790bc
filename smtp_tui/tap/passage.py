"""Pass bytes on in both directions, and account for every byte that a tap changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from smtp_tui.smtp.events import Stage
from smtp_tui.tap.credentials import DialogueSecrets
from smtp_tui.tap.events import Changed, Direction, Reported

SHOWN = 2000  # characters of a line


class Wires(Protocol):
    """What the dialogue makes happen."""

    def to_server(self, data: bytes) -> None:
        """Send bytes to the server."""

    def to_application(self, data: bytes) -> None:
        """Send bytes to the application."""

    def secure_server(self) -> None:
        """Begin TLS with the server; `server_secured` is called when it stands."""

    def secure_application(self) -> None:
        """Begin TLS with the application."""

    def end_server(self) -> None:
        """Send nothing more to the server."""

    def stop(self, detail: str, stage: Stage | None = None) -> None:
        """End the session; `stage` is set if the server cannot be used as the settings say."""


class Passage:
    """The bytes of one dialogue; each one received is passed on, or reported as removed."""

    def __init__(
        self,
        wires: Wires,
        secrets: DialogueSecrets,
        report: Callable[[Reported], None],
        now: Callable[[], float],
    ) -> None:
        self._wires = wires
        self._secrets = secrets
        self._report = report
        self._now = now
        self._received = dict.fromkeys(Direction, 0)
        self._sent = dict.fromkeys(Direction, 0)

    def keep(self, direction: Direction, data: bytes) -> None:
        """Pass received bytes on unchanged."""
        self._received[direction] += len(data)
        self._write(direction, data)

    def add(self, direction: Direction, lines: bytes) -> None:
        """Send lines of the tap's own."""
        self._report_change(direction, lines, self._sent[direction], is_added=True)
        self._write(direction, lines)

    def remove(self, direction: Direction, lines: bytes) -> None:
        """Pass received lines on to nobody."""
        self._report_change(direction, lines, self._received[direction], is_added=False)
        self._received[direction] += len(lines)

    def _report_change(
        self, direction: Direction, lines: bytes, offset: int, *, is_added: bool
    ) -> None:
        text = lines.decode("utf-8", "backslashreplace").rstrip("\r\n").replace("\r\n", "\n")
        self._report(
            Changed(
                seconds=self._now(),
                direction=direction,
                is_added=is_added,
                offset=offset,
                size=len(lines),
                text=self._secrets.text(text)[:SHOWN],
            )
        )

    def _write(self, direction: Direction, data: bytes) -> None:
        self._sent[direction] += len(data)
        if direction is Direction.TO_SERVER:
            self._wires.to_server(data)
        else:
            self._wires.to_application(data)
