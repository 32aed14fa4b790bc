"""Conclude from the ports of an address whether an outgoing connection is blocked.

Another port that answers proves nothing: a server that drops the port itself looks the same. So
"blocked" needs a router on the path that connections to the other port get past, and connections to
this port do not (`smtp.port_probe`). What a hosting provider documents is no proof either: it may
have opened the port for this machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from smtp_tui.diagnosis.causes import listed, texts_of
from smtp_tui.providers import provider_of
from smtp_tui.providers.hosting import HostingProvider, hosting_provider
from smtp_tui.records import record
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.addresses import is_public
from smtp_tui.smtp.port_probe import PortOutcome, PortReply, ProbedAddress, RouterHop

NAME = "egress"
"""The experiment that tries the ports of an address."""
CAUSES = frozenset(
    {"connect-timeout", "connection-refused", "network-unreachable", "connect-denied-locally"}
)
"""The causes after which the ports are tried."""
# The kernel reports some ICMP errors of the address itself in the same way.
_OF_THIS_MACHINE = ("network-unreachable", "connect-denied-locally")
NAMES = (
    *("address", "port", "answered", "answering", "distance", "documented", "passing", "probed"),
    *("request", "router", "sender"),
)
_ASK = "Ask the hosting provider or the firewall's admin to open port {port}."
_OUTCOMES = {
    PortOutcome.OPEN: "open",
    PortOutcome.REFUSED: "refused",
    PortOutcome.REJECTED: "rejected",
    PortOutcome.DENIED: "rejected by this machine",
    PortOutcome.UNREACHABLE: "no route",
    PortOutcome.SILENT: "no answer",
}


class Conclusion(StrEnum):
    """What the ports of an address show about a port, the most telling first."""

    BLOCKED = "egress-blocked"
    REJECTED = "egress-rejected"
    DENIED = "egress-denied"
    UNCLEAR = "egress-unclear"
    NOTHING = "egress-nothing"
    UNREACHABLE = "egress-unreachable"
    NO_ROUTE = "egress-no-route"
    OPEN = "egress-open"


@record(kw_only=True)
class AddressEgress:
    """What the ports of one address show."""

    address: str
    conclusion: Conclusion
    ports: tuple[PortReply, ...]
    router: RouterHop | None = None


@record(kw_only=True)
class Egress:
    """What the ports of the host's addresses show: first the address with the most telling one.

    `provider` is the machine's hosting provider, if it is known.
    """

    addresses: tuple[AddressEgress, ...]
    provider: HostingProvider | None = None

    @property
    def conclusion(self) -> Conclusion:
        """The most telling conclusion."""
        return self.addresses[0].conclusion


def conclusion_of(probed: ProbedAddress) -> Conclusion:
    """Return what the ports of an address show about the check's own."""
    answered = probed.ports_that(PortOutcome.OPEN, PortOutcome.REFUSED)
    match probed.own.outcome:
        case PortOutcome.OPEN | PortOutcome.REFUSED:
            return Conclusion.OPEN
        case PortOutcome.REJECTED:
            return Conclusion.REJECTED
        case PortOutcome.DENIED:
            return Conclusion.DENIED
        case PortOutcome.UNREACHABLE:
            # A firewall may say this, too; a missing route makes all ports unreachable.
            if answered:
                return Conclusion.REJECTED
            return Conclusion.UNREACHABLE if probed.own.sender else Conclusion.NO_ROUTE
        case PortOutcome.SILENT:
            if probed.stopped_at:
                return Conclusion.BLOCKED
            return Conclusion.UNCLEAR if answered else Conclusion.NOTHING


def cause_of_port(cause: str, probes: Sequence[ProbedAddress]) -> str:
    """Return the cause, unless ICMP errors show that another machine rejects the connection.

    Linux reports some of them as if a rule of this machine had denied it.
    """
    rejecting = (PortOutcome.REFUSED, PortOutcome.REJECTED)
    by_others = all(each.own.outcome in rejecting and each.own.sender for each in probes)
    return "connection-refused" if cause == "connect-denied-locally" and by_others else cause


def text_of(probed: ProbedAddress) -> str:
    """Return an address's ports in one line, for the log."""
    by_outcome: dict[str, list[str]] = {}
    for reply in sorted(probed.replies, key=lambda reply: list(_OUTCOMES).index(reply.outcome)):
        by_outcome.setdefault(_outcome_text(reply), []).append(str(reply.port))
    ports = "; ".join(f"{', '.join(ports)} {text}" for text, ports in by_outcome.items())
    text = f"experiment: ports of {probed.address}: {ports}"
    if hop := probed.stopped_at:
        text += f"; port {probed.port} does not get past {hop.address}, {_distance(hop)} away"
    return text


def _outcome_text(reply: PortReply) -> str:
    text = _OUTCOMES[reply.outcome]
    link = {PortOutcome.REJECTED: "by", PortOutcome.UNREACHABLE: "from"}.get(reply.outcome)
    return f"{text} {link} {reply.sender}" if link and reply.sender else text


def egress_of(probes: Sequence[ProbedAddress]) -> Egress:
    """Return what the probes of one or more addresses show."""
    order = list(Conclusion)
    found = [
        AddressEgress(
            address=probed.address,
            conclusion=conclusion_of(probed),
            ports=probed.replies,
            router=probed.stopped_at,
        )
        for probed in probes
    ]
    found.sort(key=lambda address: order.index(address.conclusion))
    return Egress(addresses=tuple(found), provider=hosting_provider())


def egress_texts(
    settings: Settings,
    probes: Sequence[ProbedAddress],
    egress: Egress,
    cause: str,
    names: dict[str, str],
) -> dict[str, str]:
    """Return the texts that replace those of the cause, complete; none if it says as much.

    `names` are the variables of the cause's texts.
    """
    by_address = {probed.address: probed for probed in probes}
    first, *others = [by_address[found.address] for found in egress.addresses]
    variables = names | _variables(first, egress.provider)
    entry = texts_of("egress.toml")[egress.conclusion]
    is_refusal = first.own.outcome is PortOutcome.REFUSED
    if is_refusal and first.own.sender and cause in _OF_THIS_MACHINE:
        entry, is_refusal = entry["rejected"], False
    texts = {
        part: entry[part].format_map(variables).rstrip()
        for part in ("what", "why", "cure")
        if part in entry
    }
    # Without an ICMP error, no firewall but a policy denied it; the cause's texts are about that,
    # and about a port that refuses.
    is_policy = egress.conclusion is Conclusion.DENIED and not first.own.sender
    if "why" not in texts or is_policy or is_refusal:
        return {}
    additions = [*map(_addition, others), *_documented(settings, first, egress.provider)]
    return texts | {"why": " ".join((texts["why"], *additions))}


def _addition(probed: ProbedAddress) -> str:
    entry = texts_of("egress.toml")[conclusion_of(probed)]
    if probed.own.outcome is PortOutcome.REFUSED:
        entry = entry["rejected"]
    text: str = entry["addition"]
    return text.format_map(_variables(probed, None))


def _documented(
    settings: Settings, probed: ProbedAddress, hosting: HostingProvider | None
) -> list[str]:
    """Return what the hosting provider and the server's provider document about the port."""
    texts = []
    if _rule_applies(probed, hosting) and hosting:
        source = f"according to {hosting.source} (read {hosting.taken.isoformat()})"
        texts.append(f"This machine runs at {hosting.name}, which {hosting.rule}, {source}.")
    server = provider_of(settings.host)
    if server and any(way.port == probed.port for way in server.ways):
        texts.append(f"{server.name} documents port {probed.port} for this server.")
    return texts


def _rule_applies(probed: ProbedAddress, hosting: HostingProvider | None) -> bool:
    """Whether the provider documents a block of the port that may be in force.

    Rules are about public addresses; a port that the rule also names and that answers shows that
    the provider has lifted the block.
    """
    return (
        hosting is not None
        and hosting.rule is not None
        and probed.port in hosting.ports
        and is_public(probed.address)
        and not any(port in hosting.ports for port in probed.open_ports)
    )


def _variables(probed: ProbedAddress, hosting: HostingProvider | None) -> dict[str, str]:
    is_open, refused = probed.open_ports, probed.ports_that(PortOutcome.REFUSED)
    hop = probed.stopped_at
    request = hosting.request if _rule_applies(probed, hosting) and hosting else None
    names = dict.fromkeys(NAMES, "")
    names |= {
        "address": probed.address,
        "port": str(probed.port),
        "answered": f"answers on {_ports(is_open)}" if is_open else f"refuses {_ports(refused)}",
        "answering": f" It answers on {_ports(is_open)}." if is_open else "",
        "passing": str(probed.passing_port or ""),
        "probed": listed([str(reply.port) for reply in probed.replies], "and"),
        "documented": request or "",
        "request": f"{request or _ASK.format(port=probed.port)} ",
        "sender": probed.own.sender or "",
    }
    if hop:
        names |= {"router": hop.address, "distance": _distance(hop)}
    return names


def _ports(ports: Sequence[int]) -> str:
    word = "port" if len(ports) == 1 else "ports"
    return f"{word} {listed([str(port) for port in ports], 'and')}" if ports else ""


def _distance(hop: RouterHop) -> str:
    return "one hop" if hop.distance == 1 else f"{hop.distance} hops"
