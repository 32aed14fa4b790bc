"""Parse the address of a proxy."""

from __future__ import annotations

import re

from smtp_tui.records import record
from smtp_tui.settings import parsers

# The ports that proxies of these kinds usually have.
_PORTS = {"socks5": 1080, "http": 3128}
# With curl's `socks5h` the proxy looks names up, as it always does here.
_SAME = {"socks5h": "socks5", "socks": "socks5"}
# Compiled on demand: few settings have a proxy.
_URL = r"(?P<scheme>[A-Za-z][\w+.-]*)://(?P<host>\[[^\]]*\]|[^:/\[\]]*)(?::(?P<port>[0-9]+))?/?"


@record
class ProxyAddress:
    """A SOCKS5 proxy, or an HTTP proxy that connects with CONNECT."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Return the URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def proxy(value: object) -> ProxyAddress:
    """A proxy as `socks5://host:port` or `http://host:port`; ValueError if it is none."""
    written = parsers.text(value).strip()
    if "@" in written:
        raise ValueError("contains a login, and smtp-tui does not log in to proxies")
    match = re.fullmatch(_URL, written)
    if match is None:
        raise ValueError(
            f"{parsers.shown(written)} is not a proxy; write socks5://host:1080 or http://host:3128"
        )
    scheme = match["scheme"].casefold()
    scheme = _SAME.get(scheme, scheme)
    if scheme not in _PORTS:
        kinds = "socks5:// and http://"
        raise ValueError(f"{parsers.shown(scheme)} is not a kind of proxy here; use {kinds}")
    try:
        host = parsers.host(match["host"])
        port = parsers.port(match["port"] or _PORTS[scheme])
    except ValueError as error:
        raise ValueError(f"the proxy's address: {error}") from None
    return ProxyAddress(scheme, host, port)
