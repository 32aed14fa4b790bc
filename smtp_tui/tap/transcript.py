"""Format a tap's events as log lines, escaped as those of a check."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.safe_text import escape_controls
from smtp_tui.smtp.transcript import TranscriptLine, TranscriptMark, lines_of
from smtp_tui.tap.events import Changed, ClientEnded, Differs, Direction, TapEvent


def tap_lines(event: TapEvent) -> Iterator[TranscriptLine]:
    """Yield the log lines of an event; the application's lines count as sent."""
    own = event.event
    match own:
        case Changed():
            verb = "adds" if own.is_added else "removes"
            sign = "->" if own.direction is Direction.TO_SERVER else "<-"
            first, *others = own.text.split("\n")
            more = f" and {len(others)} more lines" if others else ""
            text = f"the tap {verb} {sign} {first}{more}"
            yield _line(own.seconds, TranscriptMark.FACT, text)
        case Differs(text=text):
            yield _line(own.seconds, TranscriptMark.WARNING, text)
        case ClientEnded():
            if own.detail:
                yield _line(own.seconds, TranscriptMark.WARNING, f"the tap ends: {own.detail}")
            for name, taken, given in (
                ("the application", own.from_application, own.to_server),
                ("the server", own.from_server, own.to_application),
            ):
                same = "unchanged" if taken == given else f"{given.size} passed on"
                text = f"from {name}: {taken.size} bytes, {same}"
                yield _line(own.seconds, TranscriptMark.FACT, text)
        case _:
            yield from lines_of(own)


def _line(seconds: float, mark: TranscriptMark, text: str) -> TranscriptLine:
    return TranscriptLine(seconds, mark, escape_controls(text))
