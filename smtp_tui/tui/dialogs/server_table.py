"""The table of servers that a search has found, best first, and the details of a row.

Data from servers and DNS is hostile: it must pass through `escape_controls`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from textual.message import Message

from smtp_tui.diagnosis.causes import label
from smtp_tui.discovery import steps as discovery
from smtp_tui.discovery.steps import OK, ProbeResult, details, names_of, took_words
from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.messages import text, texts_of
from smtp_tui.tui.model.settings_changes import DiscoveredServerRow, DiscoveredServers
from smtp_tui.tui.style import BAD, CAUTION, DIM, GOOD, PLAIN, STRONG, Span, truncate
from smtp_tui.tui.widgets.list import ListView, column_widths, fit_cells
from smtp_tui.tui.widgets.text_page import TextBlock, item, plain

NOTHING = "-"
_HEADS = ("host", "port", "encryption", "TLS", "certificate", "logins", "time")
_SHORT_HEADS = ("host", "port", "encr.", "TLS", "certificate", "logins", "time")
_SILENT_HEADS = "ports, and why they did not answer"
_LEAST = (12, 4, 4, 3, 7, 6, 5)
_PORT, _TIME = 1, 6
_SIGN = 2
_WIDE = 100


def format_details(
    row: DiscoveredServerRow | None, results: DiscoveredServers, takes: str
) -> list[TextBlock]:
    """Return the details of a row; `takes` says what Enter would change in the form."""
    blocks: list[TextBlock] = []
    if row is not None and row.probe is not None:
        blocks = [
            plain(takes, STRONG),
            plain(row.probe.reason, gap=False),
            *map(item, _notes(row, row.probe, results)),
            *(item(f"{fact[:1].upper()}{fact[1:]}", DIM) for fact in details(row.probe)),
        ]
    elif row is not None:
        nothing = text("discover", "cannot-take", cause=label(row.cause or ""))
        blocks = [plain(nothing, STRONG), plain(_remedy_for(row.cause), gap=False)]
    elif results.result is not None:
        blocks = [plain(_remedy_for(results.result.cause))]
    findings = [item(finding.text, DIM) for finding in results.findings]
    heading = [plain(text("discover", "said"), STRONG)] if findings and blocks else []
    return [*blocks, *heading, *findings]


def _notes(
    row: DiscoveredServerRow, probe: ProbeResult, results: DiscoveredServers
) -> dict[str, None]:
    """Return the notes on a row without duplicates; the best choice has those of the result."""
    notes = dict.fromkeys(probe.notes)
    other = row.also
    if other and other.cause and other.cause != probe.cause:
        family = "IPv6" if ":" in other.address else "IPv4"
        notes[discovery.text("notes", "one-family", family=family, cause=label(other.cause))] = None
    result = results.result
    is_best = result is not None and result.values == probe.values
    return notes | dict.fromkeys(result.notes if result and is_best else ())


def _remedy_for(cause: str | None) -> str:
    """Return what to do about a failed search or a silent port, for its cause."""
    known = texts_of("search-fixes")
    return known.get(cause or "", known["other"]).format(presets=key_of("presets"))


def row_sign(row: DiscoveredServerRow) -> Span:
    """Return the sign of a row: works, works unencrypted, fails, or silent."""
    if row.probe is None:
        return NOTHING, DIM
    if row.cause is not None:
        return "!", BAD
    return ("+", GOOD) if row.probe.is_encrypted else ("?", CAUTION)


def row_cells(row: DiscoveredServerRow) -> tuple[str, ...]:
    """Return the texts of a row's columns, escaped."""
    probe, host = row.probe, escape_controls(row.host)
    if probe is None:
        return (host, " ".join(row.ports), "", "", "", "", "")
    version = certificate = NOTHING
    if probe.is_encrypted:
        version = (probe.version or NOTHING).removeprefix("TLSv")
        certificate = "valid"
        if probe.trusted != OK:
            certificate = label(probe.trusted or NOTHING).removeprefix("certificate ")
    logins = escape_controls(names_of(probe.mechanisms))
    encryption = str(probe.encryption)
    return (host, row.ports[0], encryption, version, certificate, logins, took_words(probe))


class DiscoveredServerTable(ListView[DiscoveredServerRow]):
    """The list of servers, best first: a row for each port that answered, then the silent ones."""

    class Chosen(Message):
        """Another row was chosen."""

    class LeftAbove(Message):
        """The admin moved up from the first row."""

    # Behind the sign.
    name_span = 1
    _is_moved = False

    @property
    def is_marked(self) -> bool:
        """Whether the chosen row is marked: only with the focus."""
        return self.has_focus

    @property
    def has_servers(self) -> bool:
        """Whether there is a reachable server; if so, the first row has one."""
        return bool(self.rows) and self.rows[0].probe is not None

    def update(self, rows: Sequence[DiscoveredServerRow]) -> None:
        """Show rows, keeping the admin's choice if there is one."""
        # Better servers may appear above: keep the admin's choice.
        kept = self.chosen.key if self._is_moved and self.chosen else None
        keys = [row.key for row in rows]
        self.show(rows, keys.index(kept) if kept in keys else 0)

    def clear(self) -> None:
        """Remove all rows."""
        self._is_moved = False
        self.update(())

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show or hide the cursor."""
        super().watch_has_focus(has_focus)
        self.repaint()

    def heading(self, width: int) -> list[Span]:
        """Return the column names."""
        heads, widths, gap = self._columns(width)
        names = fit_cells(heads, widths, gap, right=(_PORT, _TIME))
        if not self.has_servers:
            names = [names[0], _SILENT_HEADS]
        return [(f"{' ' * _SIGN}{''.join(names)}", DIM)]

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield sign and columns of each row; for silent ports, host, ports and cause."""
        _, widths, gap = self._columns(width)
        for row in self.rows:
            sign, style = row_sign(row)
            probe = row.probe
            if probe is None:
                host = fit_cells(row_cells(row)[:1], widths[:1], gap)
                silent = f"{host[0]}{' '.join(row.ports)}  {label(row.cause or '')}"
                yield ([(f"{sign} {truncate(silent, width - _SIGN)}", DIM)],)
                continue
            encryption = PLAIN if probe.is_encrypted else CAUTION
            certificate = PLAIN if probe.trusted == OK else BAD if probe.trusted else DIM
            styles = (STRONG, PLAIN, encryption, PLAIN, certificate, PLAIN, DIM)
            texts = fit_cells(row_cells(row), widths, gap, right=(_PORT, _TIME))
            yield ([(f"{sign} ", style), *zip(texts, styles, strict=True)],)

    def action_go(self, by: int) -> None:
        """Move the cursor by rows; leave the table above its first row."""
        before = self.index
        if by == -1 and before == 0:
            self.post_message(self.LeftAbove())
            return
        super().action_go(by)
        self._is_moved = True
        if self.index != before:
            self.post_message(self.Chosen())

    def _columns(self, width: int) -> tuple[tuple[str, ...], tuple[int, ...], int]:
        """Return the column names and widths, and the gap between columns."""
        heads = _HEADS if width >= _WIDE else _SHORT_HEADS
        # Ports and causes of silent hosts span columns: only the host counts for the widths.
        rows = [
            row_cells(row) if row.probe else (row_cells(row)[0], *[""] * 6) for row in self.rows
        ]
        return heads, *column_widths([heads, *rows], width - _SIGN, _LEAST)
