"""Find the differences between a check from a place and the same check from this machine.

Only what was measured on both sides becomes a difference.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import shlex
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from smtp_tui.diagnosis.causes import texts_of
from smtp_tui.diagnosis.comparison import DIFFERENCES, Difference, difference
from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.places.errors import PlaceError
from smtp_tui.places.facts import (
    NetworkFacts,
    hosts_entries,
    is_listening,
    network_facts,
)
from smtp_tui.places.network import lacks_route
from smtp_tui.places.place import Place, PlaceKind
from smtp_tui.places.process import ProcessHandle
from smtp_tui.places.resolver import ResolverFiles, own_resolver_files
from smtp_tui.records import record
from smtp_tui.safe_text import abridged
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import is_address
from smtp_tui.smtp.events import Cause, Finished, Stage
from smtp_tui.smtp.tls import verifies_chain

_ORDER = tuple(Stage)
_SHOWN = 4
_DNS_PORT = 53
# resolv.conf(5): libc asks the first three, and this machine if there is none.
_NAME_SERVERS_ASKED, _DEFAULT_NAME_SERVER = 3, "127.0.0.1"
# Docker's own name server: packets to port 53 of this address are sent to another port.
_DOCKER_RESOLVER = "127.0.0.11"
_LOOKUP_FAILED = {
    Cause.HOST_NOT_FOUND: "place-name-unknown",
    Cause.RESOLVER_FAILED: "place-resolver-failed",
}
# Where a check fails that got the wrong address.
_AFTER_LOOKUP = (Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.TLS)
_CONNECT_FAILED = {
    Cause.NETWORK_UNREACHABLE: "place-unreachable",
    Cause.CONNECT_TIMEOUT: "place-connect-timeout",
    Cause.CONNECTION_REFUSED: "place-connect-refused",
    Cause.CONNECT_DENIED_LOCALLY: "place-connect-denied",
}
# By the outcome of the probe of the port; each was an ICMP error.
_REJECTED = {"refused": "place-connect-refused", "denied": "place-connect-denied"}
_NOT_TRUSTED = (
    Cause.CERTIFICATE_SELF_SIGNED,
    Cause.CERTIFICATE_UNKNOWN_ISSUER,
    Cause.CERTIFICATE_INCOMPLETE_CHAIN,
)


@record(kw_only=True)
class FoundDifference:
    """A difference by its id, with what was measured on both sides."""

    id: str
    here: str = ""
    there: str = ""
    explains: bool = True


@record(kw_only=True)
class BothSides:
    """The verdicts of a check from a place and from here, and the settings of both.

    `certifi` is the verdict from the place with the authorities of Python's certifi, if it has one.
    """

    place: Place
    settings: Settings
    there: Verdict
    here: Verdict
    certifi: Verdict | None = None

    @property
    def seen_there(self) -> CheckSummary:
        """The facts of the check from the place."""
        return self.there.facts or CheckSummary()

    @property
    def seen_here(self) -> CheckSummary:
        """The facts of the check from here."""
        return self.here.facts or CheckSummary()

    def fails_only_there(self, *stages: Stage) -> bool:
        """Whether the check from the place fails at one of the stages, which it passes here."""
        if self.there.ok or self.there.stage not in stages:
            return False
        return self.here.ok or _ORDER.index(self.here.stage) > _ORDER.index(self.there.stage)


def differences(
    sides: BothSides, found_before: Sequence[FoundDifference] = ()
) -> tuple[Difference, ...]:
    """Return the differences, those that explain the place's failure first."""
    found = [*found_before]
    if sides.there.cause != Cause.PLACE_LOST:  # else nothing was measured there
        found += [*_of_lookup(sides), *_of_connection(sides)]
        found += [*_of_ehlo(sides), *_of_certificate(sides)]
    host, address = sides.settings.host, sides.seen_here.address
    told = [described(each, sides.place, host, address) for each in found]
    return tuple(sorted(told, key=lambda each: not each.explains))


def described(
    found: FoundDifference, place: Place, host: str = "", address: str | None = None
) -> Difference:
    """Return a difference with its texts and its command; here, `address` of `host` answered."""
    container, trust = place.container, place.trust
    kinds: list[str] = []
    if container:
        kinds = ["compose", "container"] if container.service else ["container"]
    elif place.kind is PlaceKind.UNIT:
        kinds = ["unit"]
    names = {
        "place": place.title,
        "host": host,
        "here": found.here,
        "there": found.there,
        "engine": place.engine,
        "runtime": trust.runtime,
        "variable": "NODE_EXTRA_CA_CERTS" if "Node" in trust.runtime else "SSL_CERT_FILE",
        "count": str(trust.count),
    }
    address = found.there if is_address(found.there) else address
    return replace(
        difference(found.id, kinds, names),
        command=_command(texts_of(DIFFERENCES)[found.id].get("command"), place, address),
        explains=found.explains,
    )


def _command(kind: str | None, place: Place, address: str | None) -> str:
    """Return the exact command of a kind; empty if there is none for this place."""
    container = place.container
    match kind:
        case "route" if address:
            return f"nsenter --net=/proc/{place.pid}/ns/net ip route get {shlex.quote(address)}"
        case "own-rules":
            return f"nsenter --net=/proc/{place.pid}/ns/net nft list ruleset"
        case "rules":
            return "nft list ruleset"
        case "apply" | "restart" if container and container.unit:
            return f"systemctl restart {shlex.quote(container.unit)}"
        case "apply" if container:
            return container.recreate_command
        case "restart" if container:
            return container.restart_command
        case "apply" | "restart" if place.kind is PlaceKind.UNIT:
            return f"systemctl restart {shlex.quote(place.name)}"
        case _:
            return ""


def _of_lookup(sides: BothSides) -> Iterator[FoundDifference]:
    host = sides.settings.host
    if is_address(host):
        return
    theirs, ours = sides.place.resolver, own_resolver_files()
    here, there = sides.seen_here.resolved, sides.seen_there.resolved
    is_failure = bool(here) and sides.there.cause in _LOOKUP_FAILED
    is_other = bool(here) and bool(there) and set(here).isdisjoint(there)
    # The same name servers may well answer with other addresses each time.
    asks_others = theirs.nameservers != ours.nameservers
    if is_failure or is_other:
        identity, shown = "", asked(theirs) if is_failure else _listed(there)
        if _is_from(ours, host, here) and not hosts_entries(theirs.files.get("hosts", ""), host):
            identity, shown = "place-hosts-missing", asked(theirs)
        elif is_failure:
            identity = _failed_lookup(sides)
        elif _is_from(theirs, host, there):
            identity = "place-hosts-entry"
        elif asks_others:
            identity = "place-addresses-differ"
        if identity:
            misleads = is_failure or sides.fails_only_there(*_AFTER_LOOKUP)
            yield FoundDifference(id=identity, here=_listed(here), there=shown, explains=misleads)
            return
    if asks_others and not _is_from(theirs, host, there):
        yield FoundDifference(
            id="place-resolver", here=asked(ours), there=asked(theirs), explains=False
        )


def _is_from(resolver: ResolverFiles, host: str, addresses: Sequence[str]) -> bool:
    """Whether the addresses of a host are those in the hosts file."""
    entries = hosts_entries(resolver.files.get("hosts", ""), host)
    return bool(entries) and set(addresses) <= set(entries)


def _failed_lookup(sides: BothSides) -> str:
    if sides.there.cause == Cause.RESOLVER_FAILED:
        if _asks_nobody(sides.place):
            return "place-loopback-resolver"
        if _asks_unreachable(sides.place):
            return "place-resolver-no-route"
    return _LOOKUP_FAILED[Cause(str(sides.there.cause))]


def asked(resolver: ResolverFiles) -> str:
    """Return the name servers that libc asks, and for which domains it tries a short name."""
    if "dns" not in resolver.files.get("nsswitch.conf", "dns"):
        return "none, as its nsswitch.conf says"
    servers = ", ".join(resolver.nameservers[:_NAME_SERVERS_ASKED]) or _DEFAULT_NAME_SERVER
    return f"{servers} (search {' '.join(resolver.search)})" if resolver.search else servers


def _name_servers(place: Place) -> tuple[str, ...]:
    return place.resolver.nameservers[:_NAME_SERVERS_ASKED] or (_DEFAULT_NAME_SERVER,)


def _asks_unreachable(place: Place) -> bool:
    """Whether the kernel has no route from its network to any of its name servers."""
    servers = _name_servers(place)
    if not has_own_network(place):
        return False
    return all(lacks_route(place.network, server, _DNS_PORT) for server in servers)


def _asks_nobody(place: Place) -> bool:
    """Whether all its name servers are loopback addresses of its own, without a listener."""
    return all(
        _is_loopback(server)
        and server != _DOCKER_RESOLVER
        and has_own_network(place)
        and not is_listening(place.process, _DNS_PORT)
        for server in _name_servers(place)
    )


def _of_connection(sides: BothSides) -> Iterator[FoundDifference]:
    here, there = sides.seen_here, sides.seen_there
    if here.connected is None or here.address is None:
        return
    theirs, ours = _network_of(sides.place), _own_network()
    tried = tuple(there.tried) or there.resolved
    is_cut_off = bool(tried) and sides.fails_only_there(Stage.CONNECT)
    if is_cut_off and theirs and all(map(_is_loopback, (*tried, here.address))):
        yield FoundDifference(id="place-own-loopback", here=here.address, there=_listed(tried))
        return
    if is_cut_off and theirs and not theirs.interfaces:
        yield FoundDifference(id="place-no-network")
        return
    if ours and theirs and ours.ipv6_addresses and not theirs.ipv6_addresses:
        explains = is_cut_off and all(":" in address for address in tried)
        if ":" in here.address:
            yield FoundDifference(id="place-no-ipv6", here=here.address, explains=explains)
        if explains:
            return
    if is_cut_off and here.address in tried and sides.there.cause in _CONNECT_FAILED:
        identity = _CONNECT_FAILED[Cause(str(sides.there.cause))]
        if identity == "place-unreachable" and _lacks_route(theirs, here.address, there.finished):
            identity = "place-no-route"
        identity = _REJECTED.get(_rejection(sides), identity)
        yield FoundDifference(id=identity, here=here.address, there=here.address)


def _rejection(sides: BothSides) -> str:
    """Return what rejects the connection with an ICMP error, as the probes of the ports saw it."""
    egress = sides.there.egress
    for found in egress.addresses if egress else ():
        for reply in found.ports:
            if (found.address, reply.port) == (sides.seen_here.address, sides.settings.port):
                return reply.outcome if reply.sender else ""
    return ""


def _lacks_route(network: NetworkFacts | None, address: str, end: Finished | None) -> bool:
    """Whether the network itself has no route there: a router can say the same of its own."""
    if network is None or end is None or os.strerror(errno.ENETUNREACH) not in end.detail:
        return False
    return not (network.has_ipv6_default if ":" in address else network.has_ipv4_default)


def _of_ehlo(sides: BothSides) -> Iterator[FoundDifference]:
    here, there = sides.seen_here.greeted_as, sides.seen_there.greeted_as
    if sides.settings.domain or not (here and there) or here == there:
        return
    if _names_host(here) and not _names_host(there):
        explains = sides.fails_only_there(Stage.EHLO)
        yield FoundDifference(id="place-ehlo-name", here=here, there=there, explains=explains)


def _names_host(command: str) -> bool:
    """Whether an EHLO command has a fully qualified hostname."""
    name = command.partition(" ")[2]
    return "." in name and not name.startswith("[")


def _of_certificate(sides: BothSides) -> Iterator[FoundDifference]:
    ours, theirs = sides.seen_here.chain[:1], sides.seen_there.chain[:1]
    if not (ours and theirs):
        return
    is_rejected = sides.fails_only_there(Stage.TLS)
    if ours[0].sha256 != theirs[0].sha256:
        yield FoundDifference(
            id="place-other-certificate",
            here=ours[0].subject,
            there=f"{theirs[0].subject} by {theirs[0].issuer or 'an unnamed issuer'}",
            explains=is_rejected,
        )
        return
    trust, settings = sides.place.trust, sides.settings
    if not verifies_chain(settings) or settings.ca_file or trust.pem is None:
        return
    paths = _listed(trust.paths)
    if is_rejected and sides.there.cause in _NOT_TRUSTED:
        if trust.unreadable:
            yield FoundDifference(
                id="place-ca-unreadable",
                here=sides.place.user,
                there=_listed(trust.unreadable),
            )
            return
        identity = "place-ca-missing" if trust.count else "place-ca-empty"
        yield FoundDifference(id=identity, here=_own_bundle(), there=paths)
    elif sides.here.cause in _NOT_TRUSTED and sides.seen_there.established:
        yield FoundDifference(id="place-ca-other", there=paths, explains=False)
    yield from _of_libraries(sides)


def _of_libraries(sides: BothSides) -> Iterator[FoundDifference]:
    """Yield that Python's two sets of authorities disagree about this certificate."""
    certifi, other = sides.certifi, sides.place.trust.other
    if certifi is None or other is None:
        return
    own = sides.seen_there.established is not None
    if own and certifi.cause in _NOT_TRUSTED:
        text = f"{sides.place.trust.runtime} accepts this certificate, certifi does not"
    elif certifi.ok and sides.there.cause in _NOT_TRUSTED:
        text = f"certifi accepts this certificate, {sides.place.trust.runtime} does not"
    else:
        return
    yield FoundDifference(id="place-ca-library", there=text, explains=not own)


def _own_bundle() -> str:
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.openssl_cafile


def _own_network() -> NetworkFacts | None:
    with suppress(PlaceError), ProcessHandle(os.getpid()) as process:
        return network_facts(process)
    return None


def _network_of(place: Place) -> NetworkFacts | None:
    """Return what is known of its network; None if it is this machine's."""
    return network_facts(place.process) if has_own_network(place) else None


def has_own_network(place: Place) -> bool:
    """Whether a place is in another network than this machine's; False if that is unknown."""
    try:
        return not place.process.shares("net")
    except PlaceError:
        return False


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _listed(texts: Sequence[str]) -> str:
    return abridged(texts, _SHOWN)
