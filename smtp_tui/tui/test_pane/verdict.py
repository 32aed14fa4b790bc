"""Show the verdict of a check in a panel: what happened, what to do, then the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.style import Style
from textual.events import Click

from smtp_tui.diagnosis.causes import label
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.model.verdict_text import VerdictLine, VerdictText
from smtp_tui.tui.style import BAD, CAUTION, DIM, GOOD, OURS, PLAIN, STRONG, Span
from smtp_tui.tui.widgets.line import press_key_at
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, flow, inline, item, labelled, plain

_CLAUSE_END = re.compile(r"[.:;,] | \(")
# A clause that leaves most of the line empty says too little.
_SHORTEST_CLAUSE = 0.4


def verdict_blocks(text: VerdictText, extra: TextBlock | None = None) -> list[TextBlock]:
    """Return a verdict in full; `extra` is a line about the sender's domain."""
    return [
        TextBlock(_happened(text, text.happened)),
        *([_action(text)] if text.action else ()),
        *([extra] if extra else ()),
        *map(_line, text.more),
    ]


def warning_blocks(verdict: Verdict) -> list[TextBlock]:
    """Return an explanation of each warning."""
    titles = [label(warning) for warning in verdict.warnings]
    pairs = zip(titles, verdict.warning_texts, strict=True)
    return [labelled(title[:1].upper() + title[1:], text, CAUTION) for title, text in pairs]


def cut_at_clause(text: str, width: int) -> str:
    """Return the clauses of a sentence that fit in a width, else its whole first clause."""
    if cell_len(text) <= width:
        return text
    clauses = [text[: match.start()] for match in _CLAUSE_END.finditer(text)]
    clauses = [clause for clause in clauses if clause.count("(") == clause.count(")")]
    fitting = [clause for clause in clauses if cell_len(clause) < width]
    if fitting and cell_len(fitting[-1]) >= width * _SHORTEST_CLAUSE:
        return f"{fitting[-1]}."
    longer = [clause for clause in clauses if cell_len(clause) >= width]
    return f"{longer[0]}." if longer else text


def _happened(text: VerdictText, happened: str) -> tuple[Span, Span]:
    style = GOOD if text.outcome.startswith("PASSED") else BAD
    if text.is_stale:
        return (f"{text.outcome}: ", DIM), (happened, DIM)
    return (f"{text.outcome}: ", style), (happened, PLAIN)


def _action(text: VerdictText, *, with_others: bool = True) -> TextBlock:
    key = [(f"{text.key} ", STRONG)] if text.key else []
    others: list[Span] = []
    if text.others and with_others:
        others_key, _, what = text.others.partition(" ")
        others = [(" ", PLAIN), (f"{others_key} ", STRONG), (what, PLAIN)]
    action = [(text.action, GOOD)] if text.is_saved else inline(text.action)
    return TextBlock((*key, *action, *others), gap=False)


def _line(line: VerdictLine) -> TextBlock:
    if line.label:
        return labelled(line.label, line.text, CAUTION if line.is_warning else STRONG)
    if line.is_warning:
        return plain(line.text, CAUTION, gap=False)
    return TextBlock(tuple(inline(line.text)), gap=False)


class VerdictPanel(TextPage):
    """A panel with the verdict, or what the check waits for."""

    def __init__(self, *, id: str) -> None:
        super().__init__(indent=1, more=key_of("explain"), id=id)
        self.text: VerdictText | None = None
        self._extra: TextBlock | None = None
        # What a tap does or has found, or a recording.
        self.tap_blocks: tuple[TextBlock, ...] = ()

    def lines(self, width: int) -> list[list[Span]]:
        """Return the lines for a width; a verdict begins with one line of what happened."""
        if self.text is None:
            return super().lines(width)
        if self._flowed is None or self._flowed[0] != width:
            # A blank cell on either side.
            self._flowed = width, self._verdict_lines(self.text, width - 2 * self._indent)
        return self._flowed[1]

    def begin(self) -> None:
        """Clear the verdict for a new check."""
        self.text = self._extra = None
        self.tap_blocks = ()

    def show_wait(self, awaited: str, seconds: float, limit: float) -> None:
        """Show what the check waits for, how long so far and the limit."""
        text = f"Waiting for {awaited}, {seconds:.0f} s of {limit:g}."
        self.show([TextBlock(((text, OURS), ("   Esc stops", DIM)))])

    def show_verdict(self, text: VerdictText) -> None:
        """Show a verdict."""
        if text != self.text:
            self.text = text
            self._update_blocks()

    def fits(self, text: str) -> bool:
        """Whether a verdict is in view, with a row that takes a text."""
        return self.text is not None and cell_len(text) <= self.size.width - 2 * self._indent

    def on_click(self, event: Click) -> None:
        """Press the key that the second line names where it is clicked."""
        if self.text is not None and self.text.key and event.y == 1:
            spans = self.lines(self.size.width)[event.y]
            press_key_at(self.app, spans, event.x - self._indent)

    def hide(self) -> None:
        """Show nothing; `show_verdict` shows it again."""
        self.text = None
        self.show([])

    def show_extra(self, extra: TextBlock | None) -> None:
        """Show an extra line at a passed verdict; None removes it."""
        if (
            self.text is not None
            and self.text.outcome.startswith("PASSED")
            and extra != self._extra
        ):
            self._extra = extra
            self._update_blocks()

    def show_failure(self, text: str, style: Style) -> None:
        """Show why there is no verdict."""
        self.text = None
        self.show([plain(text, style)])

    def show_tap(
        self, lines: Sequence[str], differences: Iterable[str], *, stops: bool = False
    ) -> None:
        """Show what to do about a tap, and what its clients do differently."""
        self.text = None
        first, *others = lines
        hint = [("   Esc ends the tap.", DIM)] if stops else []
        blocks = [TextBlock(((first, OURS if stops else STRONG), *hint))]
        blocks += [plain(line, gap=False) for line in others]
        self.tap_blocks = (*blocks, *(item(text, sign="! ") for text in differences))
        self.show(self.tap_blocks)

    def show_recording(self, lines: Iterable[str]) -> None:
        """Show the lines of a recording, whose first one names it."""
        self.text = None
        title, happened, *others = lines
        outcome, colon, what = happened.partition(":")
        style = GOOD if outcome.startswith("PASSED") else BAD
        verdict = TextBlock(((outcome + colon, style), (what, PLAIN)), gap=False)
        more = (plain(line, gap=False) for line in others)
        self.tap_blocks = (plain(title, DIM), verdict, *more)
        self.show(self.tap_blocks)

    def _update_blocks(self) -> None:
        if self.text is not None:
            self.show(verdict_blocks(self.text, self._extra))

    def _verdict_lines(self, text: VerdictText, width: int) -> list[list[Span]]:
        room = width - sum(cell_len(part) for part, _ in _happened(text, ""))
        action = flow([_action(text)], width) if text.action else []
        if len(action) > 1:  # then the key of the other fixes is in the key hints only
            action = flow([_action(text, with_others=False)], width)
        # The facts about the sender's domain need every cell to fit in one line.
        extra = flow([self._extra], width + 1) if self._extra else []
        rest = flow([*map(_line, text.more)], width)
        fitting = (shown for shown in (text.happened, *text.shorter) if cell_len(shown) <= room)
        shown = next(fitting, cut_at_clause(text.happened, room))
        happened = flow([TextBlock(_happened(text, shown))], width)
        return [*happened, *action, *extra, *rest]
