"""The AUTH exchange itself (RFC 4954, section 4): challenges, responses, and how it may break."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from smtp_tui.records import record
from smtp_tui.smtp.dialogue import Dialogue
from smtp_tui.smtp.events import Fault
from smtp_tui.smtp.replies import Reply
from smtp_tui.smtp.responses import ChallengeError, Exchange, Login, Response
from smtp_tui.smtp.sasl import MECHANISMS, PROVES_SERVER, decode_challenge
from smtp_tui.smtp.stop import Stop
from smtp_tui.threads import in_daemon_thread

# No mechanism asks more than three times.
CHALLENGES_LIMIT = 8
# The longest command with its CR and LF (RFC 5321, section 4.5.3.1.4). An initial response that
# does not fit waits for the challenge (RFC 4954, section 4); Postfix enforces it at 2048.
COMMAND_LIMIT = 512
# Seconds that a cancelled exchange waits for its 501.
CANCEL_LIMIT = 1.0


@record
class Outcome:
    """The last reply of an attempt; `answers_auth` when no response of ours came before it."""

    reply: Reply
    answers_auth: bool

    @property
    def is_unknown_mechanism(self) -> bool:
        """Whether the server does not do the mechanism, which is no attempt of the password."""
        return self.answers_auth and self.reply.code == 504


async def attempt(dialogue: Dialogue, mechanism: str, login: Login) -> Outcome:
    """Try to log in with one mechanism, once.

    Raises Unusable before anything is sent, and Stop when the exchange breaks.
    """
    exchange = MECHANISMS[mechanism](login)
    initial = next(exchange)
    fits = initial and len(f"AUTH {mechanism} \r\n") + len(initial.as_argument) <= COMMAND_LIMIT
    reply = await dialogue.say_auth(mechanism, initial if fits else None)
    if fits and reply.code == 501:
        dialogue.note("trying again without an initial response")
        fits = False
        reply = await dialogue.say_auth(mechanism, None)
    answers_auth = reply.code != 334
    if initial and not fits and not answers_auth:
        reply = await dialogue.respond(initial)
    return Outcome(await _converse(dialogue, mechanism, exchange, reply), answers_auth)


async def _converse(dialogue: Dialogue, mechanism: str, exchange: Exchange, reply: Reply) -> Reply:
    response = None
    for _ in range(CHALLENGES_LIMIT):
        if reply.code != 334:
            break
        response = await _answer(dialogue, mechanism, exchange, reply)
        reply = await dialogue.respond(response)
    else:
        raise await _cancelled(dialogue, "the server sends challenge after challenge")
    proved = response is not None and response.server_proved
    if reply.code == 235 and mechanism in PROVES_SERVER and not proved:
        text = "the server accepted the login without proving that it knows the password"
        raise Stop(Fault.AUTH_CHALLENGE_MALFORMED, text, reply=reply)
    return reply


async def _answer(dialogue: Dialogue, mechanism: str, exchange: Exchange, reply: Reply) -> Response:
    challenge = decode_challenge(reply)
    if challenge is None:
        raise await _cancelled(dialogue, "the challenge is not base64")
    try:
        if mechanism in PROVES_SERVER:  # their many rounds of hashing would hold up the loop
            try:
                response = await in_daemon_thread(partial(_next, exchange, challenge))
            except OSError:  # without a thread, the loop has to wait
                response = _next(exchange, challenge)
        else:
            response = _next(exchange, challenge)
    except ChallengeError as error:
        raise await _cancelled(dialogue, str(error)) from None
    if response is None:
        raise await _cancelled(dialogue, "the server sends more challenges than the mechanism has")
    return response


def _next(exchange: Exchange, challenge: bytes) -> Response | None:
    """Return the mechanism's response to a challenge; None where it has no more to say."""
    try:
        return exchange.send(challenge)
    except StopIteration:
        return None


async def _cancelled(dialogue: Dialogue, why: str) -> Stop:
    """Cancel the exchange as RFC 4954, section 4, has it, and say why.

    Whatever the server makes of that, the reason stays.
    """
    why = dialogue.redactor.text(why)  # it may repeat what stood in a challenge
    dialogue.note(f"cancelling the login: {why}")
    reply = None
    with suppress(TimeoutError, Stop):
        async with asyncio.timeout(CANCEL_LIMIT):
            reply = await dialogue.cancel_auth()
    return Stop(Fault.AUTH_CHALLENGE_MALFORMED, why, reply=reply)
