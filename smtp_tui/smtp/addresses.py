"""From a host to its addresses, in the order to try them (RFC 8305, section 4)."""

from __future__ import annotations

import errno
import ipaddress
import socket

from smtp_tui.records import record
from smtp_tui.settings.choices import AddressFamily
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import ascii_name, is_address
from smtp_tui.smtp.events import Cause
from smtp_tui.threads import in_daemon_thread

MOST_ADDRESSES = 64
"""A name may have thousands; a check that tried them all would have no time for any."""

SocketAddress = tuple[str, int] | tuple[str, int, int, int]


class AddressError(Exception):
    """The host cannot be resolved or reached."""

    def __init__(self, fault: Cause, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


@record
class Endpoint:
    """One address to try."""

    family: socket.AddressFamily
    where: SocketAddress

    @property
    def address(self) -> str:
        """The address alone, with its zone where it has one."""
        return self.where[0]


def is_public(address: str) -> bool:
    """Whether an address is one that the whole Internet knows, and no network's own."""
    return ipaddress.ip_address(address.partition("%")[0]).is_global


async def resolve(settings: Settings) -> list[Endpoint]:
    """Return the host's addresses in the order to try; AddressError when there are none."""
    host = settings.host
    families = {
        AddressFamily.ANY: socket.AF_UNSPEC,
        AddressFamily.IPV4: socket.AF_INET,
        AddressFamily.IPV6: socket.AF_INET6,
    }
    family = families[settings.address_family]
    if settings.source_address and family is socket.AF_UNSPEC:
        source = ipaddress.ip_address(settings.source_address)
        family = socket.AF_INET if source.version == 4 else socket.AF_INET6

    def look_up() -> list[Endpoint]:
        # As bytes: for text, Python loads its tables of international names.
        found = socket.getaddrinfo(
            ascii_name(host).encode("ascii"), settings.port, family=family, type=socket.SOCK_STREAM
        )
        return [Endpoint(kind, _with_text(where)) for kind, _, _, _, where in found]

    try:
        # An address needs no resolver, and so no thread.
        targets = look_up() if is_address(host) else await in_daemon_thread(look_up)
    except (OSError, ValueError) as error:
        raise _resolve_error(host, error, family) from None
    if not targets:
        raise AddressError(Cause.HOST_NOT_FOUND, f"{host} has no address")
    return _interleaved(list(dict.fromkeys(targets)))[:MOST_ADDRESSES]


def _with_text(where: tuple[object, ...]) -> SocketAddress:
    match where:
        case (str(host), int(port)):
            return host, port
        case (str(host), int(port), int(flow), int(scope)):
            return host, port, flow, scope
        case _:
            raise OSError(errno.EAFNOSUPPORT, "the resolver returned an address of an unknown kind")


def _resolve_error(host: str, error: Exception, family: socket.AddressFamily) -> AddressError:
    absent = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
    absent.add(getattr(socket, "EAI_ADDRFAMILY", socket.EAI_NONAME))
    if isinstance(error, socket.gaierror) and error.errno in absent:
        kind = {socket.AF_INET: "IPv4 ", socket.AF_INET6: "IPv6 "}.get(family, "")
        return AddressError(Cause.HOST_NOT_FOUND, f"{host} has no {kind}address")
    words = error.strerror if isinstance(error, OSError) else str(error)
    return AddressError(Cause.RESOLVER_FAILED, f"looking up {host}: {words}")


def _interleaved(targets: list[Endpoint]) -> list[Endpoint]:
    """Alternate between the families, the resolver's first choice first (RFC 8305, section 4)."""
    first = [target for target in targets if target.family == targets[0].family]
    other = [target for target in targets if target.family != targets[0].family]
    mixed = [target for pair in zip(first, other, strict=False) for target in pair]
    shorter = min(len(first), len(other))
    return mixed + first[shorter:] + other[shorter:]
