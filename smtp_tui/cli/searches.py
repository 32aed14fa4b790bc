"""The words of a search for settings: findings, the choice, and a table of what answered."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from smtp_tui.checks.shell import quoted
from smtp_tui.discovery.steps import OK, Finding, Knock, Knocking, Result
from smtp_tui.smtp.escaping import visible

WIDTH = 80
_MARK = "certificate-"


def finding_lines(finding: Finding) -> list[str]:
    """The lines of something that was found out."""
    return _wrapped(finding.text, "  ", "    ")


def knocking_line(knocking: Knocking) -> str:
    """The line that tells how many ports are tried."""
    ports = "port" if knocking.ports == 1 else "ports"
    return f"  Trying {knocking.ports} {ports} …"


def result_lines(result: Result) -> Iterator[str]:
    """Yield the choice, its reason, and what to do with it."""
    values = result.values
    if not values:
        yield from _wrapped(f"NOTHING FOUND ({result.cause}): {result.reason}", "", "  ")
    else:
        head = "FOUND" if result.ok else "NOTHING THAT WOULD PASS; the nearest is"
        place = f"{values['host']} port {values['port']}, encryption {values['encryption']}"
        yield from _wrapped(f"{head} {place}", "", "  ")
        yield from _wrapped(f"Why: {result.reason}", "  ", "    ")
    for note in result.notes:
        yield from _wrapped(f"Note: {note}", "  ", "    ")
    if values:
        pairs = " ".join(quoted(f"{key}={value}") for key, value in values.items())
        *some, last = _wrapped(f"Take it: smtp-tui set FILE {pairs}", "  ", "    ")
        yield from (f"{line} \\" for line in some)
        yield last


def knock_lines(knocks: Iterable[Knock]) -> Iterator[str]:
    """Yield a table for each host: what its ports do, with what they offer below."""
    by_host: dict[str, list[Knock]] = {}
    for knock in sorted(knocks, key=lambda one: (one.port, ":" in one.address)):
        by_host.setdefault(knock.host, []).append(knock)
    for host, rows in sorted(by_host.items(), key=lambda one: (not _answers(one[1]), one[0])):
        addresses = dict.fromkeys(row.address for row in rows)
        yield ""
        yield from _wrapped(f"{host} ({', '.join(addresses)})", "", "  ")
        if not _answers(rows):
            yield from _silent(rows)
            continue
        yield _row("port", "IP", "plain", "STARTTLS", "TLS at once", "time")
        for row in rows:
            yield _row(*_cells(row))
        yield from _told_below(rows)


def _answers(rows: list[Knock]) -> bool:
    return any(row.is_reached for row in rows)


def _silent(rows: list[Knock]) -> Iterator[str]:
    by_cause: dict[str, list[str]] = {}
    for row in rows:
        ports = by_cause.setdefault(row.cause or "", [])
        if str(row.port) not in ports:
            ports.append(str(row.port))
    for cause, ports in by_cause.items():
        yield from _wrapped(f"{cause}: port {', '.join(ports)}", "  ", "    ")


def _row(*cells: str) -> str:
    port, family, plain, starttls, tls, took = cells
    return f"  {port:>5} {family:<2} {plain:<9} {starttls:<22} {tls:<22} {took:>7}".rstrip()


def _cells(knock: Knock) -> tuple[str, ...]:
    family = "v6" if ":" in knock.address else "v4"
    port, took = str(knock.port), f"{1000 * knock.took:.0f} ms"
    if not knock.is_reached:
        return port, family, "-", _cut(knock.cause or ""), "", took
    plain = {True: "yes", False: "no", None: "-"}[knock.plain]
    return port, family, plain, _starttls(knock), _tls(knock), took


def _starttls(knock: Knock) -> str:
    if knock.starttls is None:
        return "-"
    if knock.starttls:
        return _link(knock)
    return _cut(knock.cause) if knock.cause else "not offered"


def _tls(knock: Knock) -> str:
    return "-" if not knock.tls else _link(knock)


def _link(knock: Knock) -> str:
    if knock.trusted not in (None, OK):
        return _cut((knock.trusted or "").removeprefix(_MARK))
    return f"{knock.version} {'valid' if knock.cause is None else _cut(knock.cause, 14)}"


def _cut(text: str, most: int = 22) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _told_below(rows: list[Knock]) -> Iterator[str]:
    """Say of the ports that answered how they greet, what they offer, and for how long."""
    ports: dict[str, list[str]] = {}
    for row in filter(lambda one: one.is_reached, rows):
        for text in _details(row):
            known = ports.setdefault(text, [])
            if str(row.port) not in known:
                known.append(str(row.port))
    for text, known in ports.items():
        yield from _wrapped(f"{', '.join(known)}: {text}", "  ", "    ")


def _details(knock: Knock) -> Iterator[str]:
    if knock.greeting:
        yield f"greets as {_cut(knock.greeting.splitlines()[0], 200)}"
    before, after = knock.before, knock.after
    if before is not None and after is not None:
        yield f"logins before TLS: {_names(before)}; after: {_names(after)}"
    elif before is not None or after is not None:
        yield f"logins: {_names(before if after is None else after)}"
    if knock.certificate and knock.certificate.is_readable:
        names = ", ".join(knock.certificate.names[:4]) or "nobody named"
        yield f"certificate for {names}, {_days(knock.certificate.days_left())}"
    if knock.also:
        yield f"also {', '.join(knock.also)}"


def _days(left: int) -> str:
    return f"{left} days left" if left >= 0 else f"expired {-left} days ago"


def _names(mechanisms: tuple[str, ...] | None) -> str:
    return " ".join(mechanisms or ()) or "none"


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        visible(text),
        WIDTH - 2,  # a backslash may follow
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=True,
        break_on_hyphens=False,
    )
