"""The server, the way to it, and the names that are said to it."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.diagnosis.given import Given, Link
from smtp_tui.diagnosis.meanings.parts import Meaning, Part
from smtp_tui.providers.known import provider_of
from smtp_tui.settings.mailbox import parse_mailbox
from smtp_tui.settings.parsers import is_address


def _host(given: Given) -> Iterator[Part]:
    host = given["host"]
    if not host:
        yield Part("missing")
        return
    provider = None if given.is_near else provider_of(host)
    if provider is not None:
        yield Part("provider", {"provider": provider.name})
        yield from (Part("as-it-is", {"text": note}) for note in provider.notes[:1])
    else:
        yield Part("local" if given.is_local else "address" if is_address(host) else "name")
    if given.link in (Link.TLS, Link.PERHAPS) and given.verifies:
        yield Part("shown", {"name": given["server_name"] or host})


def _port(given: Given) -> Iterator[Part]:
    if given.link is Link.TLS:
        yield Part(given["encryption"].value)
    elif given.link is not None:
        yield Part(given.link.value)


def _encryption(given: Given) -> Iterator[Part]:
    yield from _port(given)


def _starttls_auto(given: Given) -> Iterator[Part]:
    if given.link is Link.TLS:
        yield Part("idle", {"encryption": given["encryption"].value})
    elif given.link is not None:
        yield Part(given.link.value)


def _domain(given: Given) -> Iterator[Part]:
    domain = given["domain"]
    yield Part("said", {"domain": domain}) if domain else Part("found")


def _sender(given: Given) -> Iterator[Part]:
    sender = given["from"]
    if not sender:
        yield Part("found")
        return
    envelope = parse_mailbox(sender).envelope
    yield Part("said" if "from" in given.present else "made", {"sender": envelope})


def _timeout(given: Given) -> Iterator[Part]:
    yield Part("limit", {"timeout": f"{given['timeout']:g}"})


def _address_family(given: Given) -> Iterator[Part]:
    yield Part(given["address_family"].value)


def _source_address(given: Given) -> Iterator[Part]:
    source = given["source_address"]
    yield Part("left-from", {"source": source}) if source else Part("chosen")


OF: dict[str, Meaning] = {
    "host": _host,
    "port": _port,
    "domain": _domain,
    "encryption": _encryption,
    "starttls_auto": _starttls_auto,
    "from": _sender,
    "timeout": _timeout,
    "address_family": _address_family,
    "source_address": _source_address,
}
