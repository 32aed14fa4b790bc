"""Send the envelope and message with MAIL, RCPT and DATA (RFC 5321, section 3.3).

LMTP differs at the end: each recipient that was accepted gets a reply of its own (RFC 2033,
section 4.2).
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from smtp_tui.smtp.client import PipelineRejection, SMTPClient
from smtp_tui.smtp.events import (
    Cause,
    CheckAborted,
    MessageQueued,
    RecipientReply,
    Stage,
    WarningId,
    refused,
)
from smtp_tui.smtp.message import Envelope, MailRequest, dot_stuff, message_of
from smtp_tui.smtp.replies import EhloKeywords, Reply

# Seconds to wait for the next reply in a group; then the server is assumed to lose commands sent
# together.
GROUP_LIMIT = 1.0

_QUEUE_ID = (
    r"queued as <?([A-Za-z0-9.@_-]+)"  # Postfix
    r"|\bid[ =]<?([A-Za-z0-9.@_-]{6,})"  # Exim, Sendmail
    r"|^(?:2\.\d\.\d )?[Oo]k:? ([A-Za-z0-9._-]{8,})"  # Amazon SES
    r"|^(?:2\.\d\.\d )?([A-Za-z0-9]{8,}) Message accepted"  # OpenSMTPD, Sendmail
)


class _Transaction:
    """One envelope, and the replies to its recipients."""

    def __init__(
        self,
        client: SMTPClient,
        envelope: Envelope,
        offer: EhloKeywords,
        message: bytes | None,
        *,
        is_lmtp: bool,
    ) -> None:
        self.client = client
        self.is_lmtp = is_lmtp
        self.recipients = envelope.recipients
        # SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531).
        self.mail_command = f"MAIL FROM:<{envelope.sender.envelope}>"
        if message is not None and "SIZE" in offer:
            self.mail_command += f" SIZE={len(message)}"
        if message is not None and not message.isascii() and "8BITMIME" in offer:
            self.mail_command += " BODY=8BITMIME"
        if envelope.needs_smtputf8:
            self.mail_command += " SMTPUTF8"
        self.rcpt_commands = [
            f"RCPT TO:<{recipient.envelope}>" for recipient in envelope.recipients
        ]
        self.has_pipelining = "PIPELINING" in offer
        self.replies: list[Reply] = []
        self.final_places: set[int] = set()

    @property
    def refusals(self) -> list[Reply]:
        return [reply for reply in self.replies if reply.category != 2]

    def add_recipient_reply(self, reply: Reply) -> None:
        """Record and report the reply to the next recipient."""
        recipient = self.recipients[len(self.replies)].address
        self.replies.append(reply)
        shown, seconds = self.client.redactor.reply(reply), self.client.now()
        self.client.emit(RecipientReply(seconds=seconds, recipient=recipient, reply=shown))

    def add_final_reply(self, place: int, reply: Reply) -> None:
        """Record and report the reply to a recipient after the message."""
        self.replies[place] = reply
        self.final_places.add(place)
        shown, seconds = self.client.redactor.reply(reply), self.client.now()
        recipient = self.recipients[place].address
        self.client.emit(
            RecipientReply(seconds=seconds, recipient=recipient, reply=shown, is_final=True)
        )

    def require_a_recipient(self) -> None:
        """Raise CheckAborted if every recipient was rejected."""
        if len(self.refusals) == len(self.replies):
            self.client.command = "RCPT"
            raise refused(self.refusals[0])


async def deliver(
    client: SMTPClient,
    offer: EhloKeywords,
    mail: MailRequest,
    envelope: Envelope,
    *,
    is_lmtp: bool = False,
) -> None:
    """Send the envelope, and the message if there is one; CheckAborted if rejected.

    If some recipients are rejected, the others get the message before the check aborts.
    """
    client.enter_stage(Stage.ENVELOPE)
    if envelope.needs_smtputf8 and "SMTPUTF8" not in offer:
        raise CheckAborted(Cause.SMTPUTF8_NOT_OFFERED, "the server does not offer SMTPUTF8")
    message = None if mail.body is None else message_of(mail, envelope, offer)
    limit = offer.size_limit
    if message is not None and limit and len(message) > limit:
        client.stage = Stage.MESSAGE
        text = f"the message has {len(message)} bytes, and the server accepts at most {limit}"
        raise CheckAborted(Cause.MESSAGE_TOO_LARGE, text)
    transaction = _Transaction(client, envelope, offer, message, is_lmtp=is_lmtp)
    if message is None:
        await _send_one_by_one(transaction)
        client.command = "RSET"
        await client.send_and_read("RSET")
    else:
        reply = await _send_up_to_data(transaction)
        await _send_message(transaction, reply, message)
    if transaction.refusals:
        if transaction.replies.index(transaction.refusals[0]) not in transaction.final_places:
            client.stage, client.command = Stage.ENVELOPE, "RCPT"
        raise CheckAborted(Cause.RECIPIENT_REFUSED, reply=transaction.refusals[0])


async def _send_one_by_one(transaction: _Transaction) -> None:
    client = transaction.client
    reply = await client.send_and_read(transaction.mail_command)
    if reply.category != 2:
        raise refused(reply)
    for command in transaction.rcpt_commands:
        transaction.add_recipient_reply(await client.send_and_read(command))
    transaction.require_a_recipient()


async def _send_up_to_data(transaction: _Transaction) -> Reply:
    """Return the reply to DATA; takes one round trip if PIPELINING is offered (RFC 2920)."""
    client = transaction.client
    if transaction.has_pipelining:
        reply = await _send_group(transaction)
        if reply is not None:
            return reply
        client.note(
            "the server loses grouped commands; smtp-tui repeats them one by one",
            WarningId.PIPELINING_SUSPECT,
        )
        transaction.replies.clear()
        await client.send_and_read("RSET")
    await _send_one_by_one(transaction)
    client.enter_stage(Stage.MESSAGE)
    return await client.send_and_read("DATA")


async def _send_group(transaction: _Transaction) -> Reply | None:
    """Send MAIL, RCPT and DATA in one group; None if a reply is missing.

    The first negative reply is the verdict, whatever follows: a server may answer the rest of the
    group with 503, and then close with 421.
    """
    client = transaction.client
    commands = [transaction.mail_command, *transaction.rcpt_commands, "DATA"]
    await client.send_group(commands)
    replies: list[Reply] = []
    try:
        await _read_group(client, commands, replies)
    except TimeoutError:
        if not replies or replies[0].category == 2:
            client.stage, client.group_refusal = Stage.ENVELOPE, None
            return None
    except CheckAborted:
        if client.group_refusal is None:
            raise
    client.group_refusal = None
    return await _evaluate_group(transaction, replies)


async def _read_group(client: SMTPClient, commands: list[str], replies: list[Reply]) -> None:
    """Append a group's replies to `replies`; TimeoutError if one is missing."""
    for command in commands:
        client.command = command.partition(" ")[0]
        client.stage = Stage.MESSAGE if command == "DATA" else Stage.ENVELOPE
        async with asyncio.timeout(GROUP_LIMIT if replies else None):
            reply = await client.read_reply()
        replies.append(reply)
        is_refusal = reply.category != 2 and command != "DATA"
        if is_refusal and client.group_refusal is None:
            client.group_refusal = PipelineRejection(client.command, reply)


async def _evaluate_group(transaction: _Transaction, replies: list[Reply]) -> Reply:
    """Return the reply to DATA; CheckAborted with the first refusal if no message can follow."""
    client = transaction.client
    count = len(transaction.rcpt_commands)
    sender, recipients = replies[0], replies[1 : count + 1]
    data = replies[count + 1] if len(replies) > count + 1 else None
    is_go_ahead = data is not None and data.code == 354
    if is_go_ahead and (sender.category != 2 or all(reply.category != 2 for reply in recipients)):
        # No recipient is left, but the server waits: end with an empty message (RFC 2920, 3.1).
        with suppress(CheckAborted):
            await client.send_data(b".\r\n")
            if not transaction.is_lmtp:  # which has no reply without a recipient
                await client.read_reply()
    client.stage, client.command = Stage.ENVELOPE, "MAIL"
    if sender.category != 2:
        raise refused(sender)
    for reply in recipients:
        transaction.add_recipient_reply(reply)
    transaction.require_a_recipient()
    if data is None or (transaction.refusals and not is_go_ahead):
        client.command = "RCPT"
        raise refused(transaction.refusals[0])
    client.enter_stage(Stage.MESSAGE)
    client.command = "DATA"
    return data


async def _send_message(transaction: _Transaction, go_ahead: Reply, message: bytes) -> None:
    client = transaction.client
    if go_ahead.code != 354:
        raise refused(go_ahead)
    client.command = "the message"
    await client.send_data(
        dot_stuff(message), f"[message of {len(message)} bytes and the final dot]"
    )
    if transaction.is_lmtp:
        reply = await _final_replies(transaction)
    else:
        reply = await _reply_to_message(client, "no reply after the message was sent")
    if reply.category != 2:
        raise refused(reply)
    match = re.search(_QUEUE_ID, client.redactor.reply(reply).text)
    queue_id = next((group for group in match.groups() if group), None) if match else None
    client.emit(MessageQueued(seconds=client.now(), queue_id=queue_id))


async def _reply_to_message(client: SMTPClient, lack: str) -> Reply:
    """Return the next reply to the message; `lack` says in a note that there is none."""
    try:
        return await client.read_reply()
    except (CheckAborted, asyncio.CancelledError) as error:  # the timeout cancels
        if not (isinstance(error, CheckAborted) and error.reply):
            client.note(f"{lack}: it may or may not arrive", WarningId.DELIVERY_UNKNOWN)
        raise


async def _final_replies(transaction: _Transaction) -> Reply:
    """Read a reply for each accepted recipient; return the first that accepts, else the first."""
    places = [place for place, reply in enumerate(transaction.replies) if reply.category == 2]
    for place in places:
        recipient = transaction.recipients[place].address
        lack = f"no reply for {recipient} after the message was sent"
        transaction.add_final_reply(place, await _reply_to_message(transaction.client, lack))
    final = [transaction.replies[place] for place in places]
    return next((reply for reply in final if reply.category == 2), final[0])
