"""The mail server that a keyring entry is named for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from smtp_tui.settings.parsers import ascii_name

_OWN = "smtp-tui "
# An application's id, like org.example.Mailer, looks like a hostname; one of these does not.
_MAIL_HOST = re.compile(r"(smtp|mail|mx|relay|imap|submission)[a-z0-9-]*(\.[a-z0-9-]+){2,}\.?")


def other_host(service: str, *hosts: str | None) -> str | None:
    """Return the host that an entry's service names; None if it is one of `hosts`, or none.

    The entries that this program makes name their host, as do URLs of mail servers and hostnames
    like smtp.example.org. Of any other service nothing is known.
    """
    named = _host_in(service)
    return None if named is None or _is_one_of(named, hosts) else named


def is_named_for(service: str, host: str) -> bool:
    """Tell whether an entry's service names this host, and not another or none."""
    named = _host_in(service)
    return named is not None and _is_one_of(named, [host])


def _is_one_of(named: str, hosts: Iterable[str | None]) -> bool:
    return _folded(named) in {_folded(host) for host in hosts if host}


def _host_in(service: str) -> str | None:
    if service.startswith(_OWN):
        return service.removeprefix(_OWN).strip() or None
    if re.match(r"smtps?://", service, re.IGNORECASE):
        try:
            return urlsplit(service).hostname
        except ValueError:
            return None
    return service if _MAIL_HOST.fullmatch(service.casefold()) else None


def _folded(host: str) -> str:
    bare = host.strip().removeprefix("[").removesuffix("]").removesuffix(".")
    try:
        return ascii_name(bare).casefold()
    except ValueError:
        return bare.casefold()
