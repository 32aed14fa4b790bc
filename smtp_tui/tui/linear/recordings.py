"""Show a recorded check, line by line."""

from __future__ import annotations

from smtp_tui.checks.recording import Recording, RecordingError
from smtp_tui.smtp.transcript import lines_of
from smtp_tui.tui.linear.console import Console
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.recording import lines_of_recording, open_recording

_INDENT = " " * 12


async def show_recording(console: Console, typed: str) -> None:
    """Show the recording at a path, which is asked for if it is empty."""
    if not typed:
        console.show(text("recording", "ask"))
        typed = (console.ask_within("File: ") or "").strip()
    if not typed:
        return
    try:
        write_recording(console, await open_recording(typed))
    except RecordingError as error:
        console.show(as_sentence(error))
    except TimeoutError:
        console.show(text("recording", "late"))


def write_recording(console: Console, recording: Recording) -> None:
    """Write the dialogue of a recording and its verdict, between two lines that name it."""
    title, *verdict = lines_of_recording(recording)
    console.show(title)
    for event in recording.events:
        for line in lines_of(event):
            console.show(line.text, f"{line.seconds:8.3f} {line.mark} ", _INDENT)
    for text_line in verdict:
        console.show(text_line)
    console.show(f"End of the {recording.title}.")
