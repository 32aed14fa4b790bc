"""Prove that a message arrived: search a mailbox for its token, then read what came with it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from smtp_tui.arrival.authentication_results import Receiver
from smtp_tui.arrival.headers import LARGEST_MESSAGE
from smtp_tui.arrival.mailbox import Folder, Found, MailboxAddress, MailboxError, MailboxSession
from smtp_tui.arrival.message_report import read_headers
from smtp_tui.config.errors import PasswordError
from smtp_tui.config.password_store import fetch_password
from smtp_tui.diagnosis.delivery import ArrivalProof
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.domain import dmarc_record
from smtp_tui.discovery.facts import Unanswered
from smtp_tui.oauth.providers import may_read_mail
from smtp_tui.oauth.renewal import renewed
from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.password_sources import OAuthSource, PasswordSource
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.message import PROOF_FIELD
from smtp_tui.smtp.tls import TlsContextError, client_context
from smtp_tui.threads import in_daemon_thread

T = TypeVar("T")

WITHIN = 120.0
# Seconds after the server accepted the message; then a look every PAUSE seconds.
_FIRST_LOOKS = (0.3, 0.6, 1.0, 2.0, 4.0)
PAUSE = 5.0
_OPENING_LIMIT = 30.0
# Seconds that a look may take at least, also the one at the end of the time.
_LEAST_LOOK = 3.0
# Seconds for the DNS queries about a message that was found.
_READING_LIMIT = 15.0
_GONE = "Look whether the IMAP server still runs, and then look into the mailbox by hand."
_NO_SCOPE = "its sign-in has no scope for IMAP; smtp-tui login --imap signs in with it"


@record(kw_only=True)
class ProofRequest:
    """Where to look for the message, and how long.

    `secret` is the password itself, instead of `source`. `authserv_id` is the receiving server's
    name in Authentication-Results, if the admin knows it.
    """

    address: MailboxAddress
    source: PasswordSource | None = None
    secret: str | None = field(default=None, repr=False)
    base: Path = Path()
    within: float = WITHIN
    authserv_id: str | None = None
    removes: bool = False
    resolver: Resolver = field(default_factory=Resolver)


@record(kw_only=True)
class Look:
    """One look into the mailbox ended; `folder` is where it found the message."""

    number: int = 0
    searched: tuple[str, ...] = ()
    folder: str = ""
    trouble: str = ""


async def open_mailbox(
    request: ProofRequest, ca_file: str | None, *, limit: float = _OPENING_LIMIT
) -> MailboxSession:
    """Return the mailbox, logged in within `limit` seconds; MailboxError. Whoever calls closes it.

    `ca_file` is that of the SMTP settings: a private CA signs the IMAP server's certificate too.
    """
    address = request.address
    secret, lacks_scope = await _secret(request)
    values = {"host": address.host, "port": address.port, "ca_file": ca_file}
    own = parse_settings({key: value for key, value in values.items() if value}).settings
    if own is None:
        raise MailboxError(f"{address.host} is not a usable host", is_final=True)
    try:
        context = await in_daemon_thread(partial(client_context, own), _OPENING_LIMIT)
    except (TlsContextError, TimeoutError) as error:
        raise MailboxError(str(error) or "the CA file was not read", is_final=True) from None
    is_token = isinstance(request.source, OAuthSource)
    mailbox = MailboxSession(address, context, secret, is_token=is_token)
    try:
        await _call(mailbox, mailbox.folders, min(limit, _OPENING_LIMIT))
    except MailboxError as error:
        hint = f"; {_NO_SCOPE}" if lacks_scope and error.is_final else ""
        raise MailboxError(f"{error}{hint}", is_final=error.is_final, cure=error.cure) from None
    return mailbox


async def _secret(request: ProofRequest) -> tuple[str, bool]:
    """Return the password or access token, and whether that lacks IMAP's scope; MailboxError."""
    address, source = request.address, request.source
    try:
        if isinstance(source, OAuthSource):
            found = await renewed(
                source,
                username=address.user,
                host=address.host,
                base=request.base,
                environ=os.environ,
                limit=_OPENING_LIMIT,
            )
            return found.token.value, not may_read_mail(found.sign_in)
        if source is not None:
            fetched = await fetch_password(
                source,
                account=address.user,
                base=request.base,
                environ=os.environ,
                limit=_OPENING_LIMIT,
            )
            return fetched, False
    except PasswordError as error:
        raise MailboxError(str(error), is_final=True) from None
    if request.secret is None:
        raise MailboxError(f"no password is known for {address}", is_final=True)
    return request.secret, False


async def prove(
    mailbox: MailboxSession,
    request: ProofRequest,
    token: str,
    *,
    accepted: float,
    recipients: Iterable[str] = (),
    pause: float = PAUSE,
) -> AsyncGenerator[Look | ArrivalProof, None]:
    """Yield each look, the proof last; MailboxError if the mailbox can no longer be searched.

    `accepted` is the monotonic time at which the server accepted the message. Wrap it in
    `contextlib.aclosing`.
    """
    async with aclosing(_looks(mailbox, request, token, accepted, pause)) as looks:
        async for look in looks:
            if isinstance(look, Look):
                yield look
                continue
            found, proof = look
            if found:
                # What follows asks DNS, which may take long.
                yield Look(folder=found.folder.shown)
                receiver = await _receiver(request, recipients)
                proof = await _read(found, proof, receiver, request.resolver)
                proof = await _removed(mailbox, found, proof, request)
            yield proof


async def _looks(
    mailbox: MailboxSession, request: ProofRequest, token: str, accepted: float, pause: float
) -> AsyncGenerator[Look | tuple[Found | None, ArrivalProof], None]:
    """Look until the message is found or the time is over."""
    end = accepted + request.within
    before, trouble, fails_since = accepted, "", datetime.now().astimezone()
    searched: dict[str, None] = {}
    number = 0
    for due in _due_times(accepted, end, pause):
        await _until(due)
        number, began = number + 1, time.monotonic()
        left = max(_LEAST_LOOK, end - began)
        try:
            # Each time: a rule of the mailbox may make a folder for the message.
            folders = await _call(mailbox, mailbox.folders, left)
            # Rules of the mailbox may move the message anywhere, but searching all takes time.
            looks_far = began >= accepted + request.within / 2 or due >= end
            wanted = [folder for folder in folders if looks_far or folder.place != "other"]
            found = await _call(mailbox, partial(mailbox.find, token, wanted), left)
            searched |= dict.fromkeys(folder.shown for folder in wanted)
            trouble = ""
        except MailboxError as error:
            if error.is_final:
                raise
            fails_since = fails_since if trouble else datetime.now().astimezone()
            found, trouble = None, str(error)
        if found:
            seen = time.monotonic()
            yield found, _proof(request, found, seen - accepted, seen - before, tuple(searched))
            return
        yield Look(number=number, searched=tuple(searched), trouble=trouble)
        before = began
    if not searched:
        raise MailboxError(trouble or "the mailbox could not be searched")
    if trouble:
        text = f"since {fails_since:%H:%M:%S}, no search succeeded ({trouble})"
        raise MailboxError(text, cure=_GONE)
    yield (
        None,
        ArrivalProof(found=False, mailbox=str(request.address), searched=tuple(searched)),
    )


def _due_times(accepted: float, end: float, pause: float) -> Iterable[float]:
    """Yield the moments of the looks; the last one is the end itself."""
    due = accepted
    for after in _FIRST_LOOKS:
        due = accepted + after
        # The log may have been followed for a while first.
        if time.monotonic() < due + pause and due < end:
            yield due
    while (due := max(due + pause, time.monotonic())) < end:
        yield due
    yield end


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.monotonic()))


async def _call(mailbox: MailboxSession, call: Callable[[float], T], left: float) -> T:
    """Run one call of the mailbox in a thread; it cannot outlast the time."""
    try:
        return await in_daemon_thread(partial(call, left), left + 1.0)
    except TimeoutError:
        mailbox.close()
        raise MailboxError("the server did not reply in time") from None
    except OSError as error:
        raise MailboxError(str(error)) from None


def _proof(
    request: ProofRequest, found: Found, seconds: float, precision: float, searched: tuple[str, ...]
) -> ArrivalProof:
    folder: Folder = found.folder
    return ArrivalProof(
        found=True,
        mailbox=str(request.address),
        folder=folder.shown,
        place=folder.place,
        seconds=seconds,
        precision=precision,
        searched=searched,
    )


async def _receiver(request: ProofRequest, recipients: Iterable[str]) -> Receiver:
    """Return what is known of the receiving side: its hosts and their domains."""
    if request.authserv_id:
        return Receiver(ids=(request.authserv_id,))
    hosts = [request.address.host]
    domains = {address.rpartition("@")[2].casefold() for address in recipients}
    for domain in sorted(domains)[:2]:
        hosts += (await request.resolver.exchanges(domain))[1][:4]
    owners = []
    for host in dict.fromkeys(name.casefold() for name in hosts if name):
        if not parsers.is_address(host) and "." in host:
            try:
                owner, policy = await dmarc_record(host, request.resolver)
            except (Unanswered, ValueError):
                continue
            owners += [owner] if policy else []
    return Receiver(hosts=tuple(hosts), domains=tuple(dict.fromkeys(owners)))


async def _read(
    found: Found, proof: ArrivalProof, receiver: Receiver, resolver: Resolver
) -> ArrivalProof:
    """Add what the header and the signatures show."""
    own = PROOF_FIELD.casefold()
    is_whole = len(found.message) < LARGEST_MESSAGE
    try:
        async with asyncio.timeout(_READING_LIMIT):
            report = await read_headers(
                found.message, receiver, resolver, own=own, is_whole=is_whole
            )
    except TimeoutError:
        report = await read_headers(found.message, receiver, None, own=own, is_whole=is_whole)
    return replace(
        proof,
        hops=report.hops,
        results=report.results,
        disbelieved=report.disbelieved,
        dkim=report.dkim,
        domain=report.domain,
        aligned=report.aligned,
        aligned_by=report.aligned_by,
        notes=(*proof.notes, *report.notes),
    )


async def _removed(
    mailbox: MailboxSession, found: Found, proof: ArrivalProof, request: ProofRequest
) -> ArrivalProof:
    if not request.removes:
        return proof
    try:
        if await _call(mailbox, partial(mailbox.remove, found), 10.0):
            return replace(proof, removed=True)
        why = "its server cannot remove a single message (UIDPLUS)"
    except MailboxError as error:
        why = str(error)
    return replace(proof, notes=(*proof.notes, f"The message is still in the mailbox: {why}."))
