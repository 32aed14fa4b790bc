"""Find a domain's mail servers as a sending server does: MX, addresses and TLSA, all from DNS."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_address

from smtp_tui.discovery.dane import TlsaRecord, parse
from smtp_tui.discovery.dns import DnsAnswerState, Resolver, gather_all
from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.validate import parse_settings

PORT = 25
# Mail servers of one domain, and addresses of one server. Large providers have 16 in all.
MOST_HOSTS, MOST_ADDRESSES = 20, 16


class MxProblem(StrEnum):
    """Why a mail server cannot be tried; the texts are in `checks/senders.toml`."""

    ADDRESS = "mx-is-address"
    NAME = "mx-not-a-name"
    NO_ADDRESS = "mx-no-address"
    UNANSWERED = "mx-unanswered"


class TlsaLookup(StrEnum):
    """What DNS says about a server's TLSA records."""

    NONE = "none"
    SECURE = "secure"
    INSECURE = "insecure"
    FAILED = "failed"  # a sender that follows DANE must wait (RFC 7672, section 2.1.1)


@record(kw_only=True)
class MailExchange:
    """One mail server: its addresses, its TLSA records, or why there is nothing to try.

    `alias` is the name that it is an alias for, against RFC 2181. `is_secure` says that the
    resolver validated its MX record and its addresses.
    """

    host: str
    preference: int
    addresses: tuple[str, ...] = ()
    alias: str | None = None
    is_secure: bool = False
    lookup: TlsaLookup = TlsaLookup.NONE
    tlsa: tuple[TlsaRecord, ...] = ()
    problem: MxProblem | None = None

    @property
    def follows_dane(self) -> bool:
        """Whether a sender that follows DANE demands TLS of it."""
        return self.is_secure and self.lookup in (TlsaLookup.SECURE, TlsaLookup.FAILED)


@record(kw_only=True)
class ExchangesAnswer:
    """A domain's mail servers, the preferred first; `state` is that of the question for them.

    `is_implicit` if the domain itself is its mail server, `is_null` if it takes no mail (RFC 7505).
    `validates` says whether the resolver confirms DNSSEC signatures at all.
    """

    state: DnsAnswerState
    hosts: tuple[MailExchange, ...] = ()
    is_implicit: bool = False
    is_null: bool = False
    is_secure: bool = False
    validates: bool = False
    left_out: int = 0


async def exchanges_of(domain: str, resolver: Resolver) -> ExchangesAnswer:
    """Return the mail servers of a domain (RFC 5321, section 5.1)."""
    answer, root = await gather_all(resolver.ask(domain, "MX"), resolver.ask(".", "NS"))
    validates = answer.secure or root.secure
    if answer.state in (DnsAnswerState.NO_NAME, DnsAnswerState.FAILED):
        return ExchangesAnswer(state=answer.state, validates=validates)
    pairs = sorted((int(rank), name) for rank, name in map(str.split, answer.records))
    found = [(rank, name.removesuffix(".").lower()) for rank, name in pairs]
    if [name for _, name in found] == [""]:
        return ExchangesAnswer(state=answer.state, is_null=True, validates=validates)
    is_implicit = not found
    found = [(rank, name) for rank, name in found if name] or [(0, domain)]
    hosts = await gather_all(
        *(
            _exchange(name, rank, resolver, is_secure=answer.secure)
            for rank, name in found[:MOST_HOSTS]
        )
    )
    return ExchangesAnswer(
        state=answer.state,
        hosts=tuple(hosts),
        is_implicit=is_implicit,
        is_secure=answer.secure,
        validates=validates or any(host.is_secure for host in hosts),
        left_out=max(0, len(found) - MOST_HOSTS),
    )


async def _exchange(
    name: str, preference: int, resolver: Resolver, *, is_secure: bool
) -> MailExchange:
    if parsers.is_address(name):
        return MailExchange(host=name, preference=preference, problem=MxProblem.ADDRESS)
    if parse_settings({"host": name}).settings is None:
        return MailExchange(host=name, preference=preference, problem=MxProblem.NAME)
    four, six, alias, tlsa = await gather_all(
        resolver.ask(name, "A"),
        resolver.ask(name, "AAAA"),
        resolver.ask(name, "CNAME"),
        resolver.ask(f"_{PORT}._tcp.{name}", "TLSA"),
    )
    found = [text for answer in (four, six) for text in sorted(answer.records)]
    problem = None
    if not found:
        failed = DnsAnswerState.FAILED in (four.state, six.state)
        problem = MxProblem.UNANSWERED if failed else MxProblem.NO_ADDRESS
    lookup = TlsaLookup.NONE
    if tlsa.records:
        lookup = TlsaLookup.SECURE if tlsa.secure else TlsaLookup.INSECURE
    elif tlsa.state is DnsAnswerState.FAILED:
        lookup = TlsaLookup.FAILED
    secure_addresses = all(answer.secure for answer in (four, six) if answer.records)
    return MailExchange(
        host=name,
        preference=preference,
        addresses=tuple(str(ip_address(text)) for text in found[:MOST_ADDRESSES]),
        alias=next((text.removesuffix(".") for text in alias.records), None),
        is_secure=is_secure and bool(found) and secure_addresses,
        lookup=lookup,
        tlsa=tuple(parse(text, secure=tlsa.secure) for text in sorted(tlsa.records)),
        problem=problem,
    )
