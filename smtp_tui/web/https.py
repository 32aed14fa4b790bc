"""One request over HTTPS, with a verified certificate and bounded size, time and redirects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field

from smtp_tui.records import record
from smtp_tui.smtp.addresses import THIS_MACHINE, Network

FindAddresses = Callable[[str], Awaitable[Sequence[str]]]
"""Looks up a host, where the system's own resolver is not to be asked."""


class WebError(Exception):
    """No reply, or one that is not valid HTTP; the message says why in a few words."""


@record(kw_only=True)
class HttpReply:
    """A complete reply; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


async def request(
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    authorization: str = "",
    limit: float = 10.0,
    network: Network = THIS_MACHINE,
    find: FindAddresses | None = None,
    ca_file: str | None = None,
) -> HttpReply:
    """GET an HTTPS URL, or POST a form to it; WebError if there is no reply.

    A GET follows a few redirects, a POST none. `ca_file` replaces the system's authorities.
    """
    raise NotImplementedError
