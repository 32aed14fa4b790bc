"""The look at a domain's mail servers in words: a table, notes on each server, and the outcome."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

from smtp_tui.checks.senders import OK, MtaSummary, MxSide, Outcome, Sender
from smtp_tui.diagnosis.causes import label
from smtp_tui.discovery import dane
from smtp_tui.discovery.dane import Breaks, TlsaResult, TlsaState
from smtp_tui.discovery.dns import DnsAnswerState
from smtp_tui.discovery.exchanges import MailExchange, TlsaLookup
from smtp_tui.discovery.mta_sts import StsFailure, StsPolicy
from smtp_tui.records import record
from smtp_tui.safe_text import abridged, escape_controls, shortened

_HEAD = ("", "TLS", "certificate", "plain", "DANE", "MTA-STS")
_LEAST_FIRST = 15
_COLUMNS = (8, 12, 11, 11, 8)
_NAMES_SHOWN = 6
_NOTHING = "-"


@record(kw_only=True)
class SenderNote:
    """A sentence on a server or a domain; `sign` is `+`, `!`, `i` or `?`.

    `paste` is a line to copy, which must not be wrapped.
    """

    sign: str
    text: str
    paste: str = ""


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("senders.toml").read_text(encoding="utf-8"))


def _text(table: str, id_: str, **names: object) -> str:
    shown = {key: escape_controls(shortened(str(value))) for key, value in names.items()}
    return _texts()[table][id_].format_map(shown)


def by_exchange(summary: MtaSummary) -> Iterator[tuple[MailExchange, list[MxSide]]]:
    """Yield each mail server with its addresses."""
    for exchange, sides in groupby(summary.sides, key=lambda side: side.exchange):
        yield exchange, list(sides)


def cells_of(side: MxSide) -> tuple[str, ...]:
    """Return the cells of an address in the table."""
    tls = side.verdict.tls.version if side.verdict and side.verdict.tls else None
    senders = [side.outcome(sender) for sender in Sender]
    shown = [_NOTHING if outcome is Outcome.UNKNOWN else outcome.value for outcome in senders]
    return side.address or "", tls or _NOTHING, certificate_word(side), *shown


def table_head(summary: MtaSummary, width: int) -> str:
    """Return the heads of the table's columns, for lines of `width`."""
    return _row(_HEAD, _first_column(summary, width))


def table_rows(side: MxSide, summary: MtaSummary, width: int) -> Iterator[str]:
    """Yield an address with its cells; one that is too long for its column has its own line."""
    address, *cells = cells_of(side)
    if not address:
        return
    first = _first_column(summary, width)
    if len(address) + 2 > first:
        yield f"  {address}"
        address = ""
    yield _row((f"  {address}", *cells), first)


def _first_column(summary: MtaSummary, width: int) -> int:
    longest = max((len(side.address or "") + 3 for side in summary.sides), default=0)
    first = max(_LEAST_FIRST, longest)
    return first if first + sum(_COLUMNS) + len(_COLUMNS) <= width else _LEAST_FIRST


def _row(cells: Sequence[str], first: int) -> str:
    widths = first, *_COLUMNS
    # A space parts the cells, even where one is too long for its column.
    return " ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


def address_sentence(side: MxSide) -> str:
    """Return what the table says of an address, for a terminal that shows no columns."""
    address, tls, certificate, *outcomes = cells_of(side)
    shown = [_text("lines", "unknown") if cell == _NOTHING else cell for cell in outcomes]
    names = dict(zip(("plain", "dane", "sts"), shown, strict=True))
    id_ = "unencrypted" if tls == _NOTHING else "address"
    return _text("lines", id_, address=address, tls=tls, certificate=certificate, **names)


def certificate_word(side: MxSide) -> str:
    """Return what is the matter with the certificate, in two words."""
    if side.certificate is None:
        return _NOTHING
    word: str = _texts()["certificates"].get(side.certificate, label(side.certificate))
    return word


def side_notes(exchange: MailExchange, sides: list[MxSide]) -> Iterator[SenderNote]:
    """Yield what an admin must know about a server, each sentence once."""
    if exchange.problem:
        yield SenderNote(sign="!", text=_text("servers", exchange.problem))
        return
    if exchange.alias:
        yield SenderNote(sign="!", text=_text("servers", "alias", alias=exchange.alias))
    for side in sides:
        yield from _address_notes(side)
    if sides and sides[0].sts_allows is False:
        yield SenderNote(sign="!", text=_text("servers", "sts-name"))
    yield from _tlsa_notes(exchange, sides)


def _address_notes(side: MxSide) -> Iterator[SenderNote]:
    at, verdict = f"{side.address}: ", side.verdict
    if side.is_out_of_reach:
        family = "IPv6" if ":" in (side.address or "") else "IPv4"
        yield SenderNote(sign="?", text=at + _text("servers", "out-of-reach", family=family))
    elif verdict is None:
        yield SenderNote(sign="?", text=at + _text("servers", "late"))
    elif not verdict.ok:
        named = f"{side.address} port " in verdict.summary
        yield SenderNote(sign="!", text=verdict.summary if named else f"{at}{verdict.summary}")
    elif side.certificate is None:
        yield SenderNote(sign="!", text=at + _text("servers", "no-tls"))
    elif side.certificate != OK:
        word = certificate_word(side)
        text = _text("servers", "unverified", certificate=word)
        yield SenderNote(sign="!" if side.policy else "i", text=at + text)


def _tlsa_notes(exchange: MailExchange, sides: list[MxSide]) -> Iterator[SenderNote]:
    """Yield a note for each record and result, with the addresses that it is about."""
    if exchange.lookup is TlsaLookup.FAILED:
        yield SenderNote(sign="!", text=_text("servers", "tlsa-failed"))
    with_chain = [side for side in sides if side.tlsa]
    for at in range(len(exchange.tlsa)) if with_chain else ():
        results: dict[tuple[str, str], list[str]] = {}
        for side in with_chain:
            key = _tlsa_judgement(side.tlsa[at], side)
            results.setdefault(key, []).append(side.address or "")
        for (sign, text), addresses in results.items():
            where = f" ({', '.join(addresses)})" if len(results) > 1 else ""
            name = escape_controls(exchange.tlsa[at].short)
            yield SenderNote(sign=sign, text=f"TLSA {name}{where}: {text}")
    yield from _to_publish(exchange, with_chain or sides)


def _tlsa_judgement(result: TlsaResult, side: MxSide) -> tuple[str, str]:
    """Return the sign and the text of a record at an address."""
    if result.state is TlsaState.MISMATCH and any(other.is_good for other in side.tlsa):
        # A key's record is published before the key is used (RFC 7671, section 8.1).
        return "i", dane.note("spare")
    good = result.state is TlsaState.MATCH and result.record.breaks is not Breaks.EACH_RENEWAL
    return "+" if good and result.record.secure else "!", result.text


def _to_publish(exchange: MailExchange, sides: list[MxSide]) -> Iterator[SenderNote]:
    """Yield the record that matches, unless one like it is published."""
    is_wanted = exchange.is_secure or bool(exchange.tlsa)
    lines = list(dict.fromkeys(side.right_record for side in sides if side.right_record))
    for line in lines:
        digits = line.rpartition(" ")[2]
        published = any(
            (tlsa.usage, tlsa.selector, tlsa.matching, tlsa.data.hex()) == (3, 1, 1, digits)
            for tlsa in exchange.tlsa
        )
        # Without an answer, a record like it may be published.
        if is_wanted and not published and exchange.lookup is not TlsaLookup.FAILED:
            addresses = [side.address or "" for side in sides if side.right_record == line]
            where = f" at {', '.join(addresses)}" if len(lines) > 1 else ""
            text = f"The record that matches the server's key{where}:"
            if not exchange.tlsa:
                text = f"{_text('servers', 'tlsa-none')} {text}"
            yield SenderNote(sign="i", text=text, paste=line)


def domain_notes(summary: MtaSummary) -> Iterator[SenderNote]:
    """Yield what concerns the domain as a whole."""
    answer, domain = summary.answer, summary.domain
    match answer.state:
        case DnsAnswerState.NO_NAME:
            yield SenderNote(sign="!", text=_text("domain", "no-name", domain=domain))
            return
        case DnsAnswerState.FAILED:
            yield SenderNote(sign="?", text=_text("domain", "failed", domain=domain))
            return
        case _ if answer.is_null:
            yield SenderNote(sign="!", text=_text("domain", "null", domain=domain))
            return
        case _:
            pass
    if answer.is_implicit:
        yield SenderNote(sign="i", text=_text("domain", "implicit", domain=domain))
    if not answer.validates:
        yield SenderNote(sign="?", text=dane.note("unproved"))
    elif not answer.is_secure:
        yield SenderNote(sign="i", text=_text("domain", "insecure", domain=domain))
    if answer.left_out:
        yield SenderNote(sign="?", text=_text("domain", "left-out", count=answer.left_out))
    yield _policy_note(summary)


def _policy_note(summary: MtaSummary) -> SenderNote:
    match summary.policy:
        case None:
            text = _text("domain", "policy-none", domain=summary.domain)
            return SenderNote(sign="i", text=text)
        case StsFailure() as failure:
            sign = "?" if failure.id == "dns" else "!"
            return SenderNote(sign=sign, text=escape_controls(shortened(failure.text)))
        case StsPolicy() as policy:
            names = abridged(policy.mx, _NAMES_SHOWN) or "no host"
            text = _text("domain", "policy", id=policy.id, mode=policy.mode, names=names)
            if not policy.is_enforced:
                off = "policy-off" if policy.mode == "none" else "policy-testing"
                text = f"{text} {_text('domain', off)}"
            return SenderNote(sign="+" if policy.is_enforced else "i", text=text)


def verdict_text(summary: MtaSummary) -> str:
    """Return the outcome in one sentence."""
    id_, untried = "some", []
    if summary.ok:
        untried = [side.address for side in summary.sides if side.address and side.is_out_of_reach]
        id_ = "ok-tried" if untried else "ok"
    elif summary.answer.state is DnsAnswerState.FAILED:
        id_ = "unknown"
    elif not any(side.verdict for side in summary.sides):
        id_ = "late" if summary.late else "not-asked"
    elif not summary.is_reached:
        id_ = "none"
    elif all(side.is_good for side in summary.sides if not side.is_out_of_reach):
        id_ = "late" if summary.late else "policy"
    names = abridged(untried, _NAMES_SHOWN)
    return _text("verdicts", id_, domain=summary.domain, untried=names)
