"""The options of `--domain-check` about what receivers require of a sender."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from smtp_tui.arrival.headers import author_domain, header_fields
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.discover import resolver_of
from smtp_tui.cli.parser import UsageError, read_stdin
from smtp_tui.config.errors import one_line, reason
from smtp_tui.discovery.domain import DomainCheck
from smtp_tui.discovery.sender_report import SenderCheck
from smtp_tui.lazy import load
from smtp_tui.settings import parsers
from smtp_tui.smtp.addresses import is_public

_MOST_ADDRESSES = 16
# Bytes; a signature covers the whole message.
_LARGEST = 1 << 20


def sender_check(call: Invocation) -> SenderCheck:
    """Return the check that the options ask for; UsageError if they are wrong."""
    options = call.options
    resolver = resolver_of(options.resolver)
    addresses = tuple(dict.fromkeys(map(_address, options.sending_address)))
    if len(addresses) > _MOST_ADDRESSES:
        raise UsageError(f"--sending-address may be given {_MOST_ADDRESSES} times at most")
    if options.blocklists and not addresses:
        raise UsageError("--blocklists needs --sending-address ADDR")
    read = None
    if options.message is not None:
        evidence = load("arrival.demand_evidence:message_evidence")
        read = partial(evidence, _arrived(_message(options.message)), resolver)
    return SenderCheck(
        domain=DomainCheck(resolver, options.dkim, fetches=True, addresses=addresses),
        addresses=addresses,
        read_message=read,
        asks_lists=options.blocklists,
    )


def _address(text: str) -> str:
    if not parsers.is_address(text):
        raise UsageError("--sending-address needs an IP address")
    if not is_public(text):
        raise UsageError(
            f"--sending-address {text} is private; name the address that receivers see"
        )
    return text


def _arrived(message: bytes) -> bytes:
    """Return a message that arrived; UsageError if it is a bounce, or no message."""
    if load("arrival.bounce:read_bounce")(message):
        raise UsageError(
            "--message needs a message that arrived, and this is a bounce; "
            "smtp-tui explain --message explains it"
        )
    if not author_domain(header_fields(message)):
        raise UsageError(
            "--message needs a message that arrived, with its whole header; this text has no From"
        )
    return message


def _message(place: str) -> bytes:
    if place == "-":
        if sys.stdin.isatty():
            raise UsageError("--message needs a FILE, or a message on standard input")
        return read_stdin("the message", _LARGEST)
    try:
        with Path(place).open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{one_line(place)} cannot be read: {reason(error)}") from None
    if len(data) > _LARGEST:
        raise UsageError(f"{one_line(place)} is larger than {_LARGEST >> 20} MiB")
    return data
