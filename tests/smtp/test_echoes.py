"""A server that says the secret back, in any form and any place: it shows nowhere.

`play` looks for the secret in every event, every line of the transcript and every line of JSON.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.smtp.pki import issue, server_context
from tests.smtp.playing import EHLO, OPEN, SECRET, USER, Played, play
from tests.smtp.scripted import Peer, Step
from tests.smtp.steps import finish, tls

Form = Callable[[str, str], bytes]
Place = Callable[[bytes], bytes]

OFFERED = f"{OPEN}S: 250 AUTH PLAIN CRAM-MD5 XOAUTH2"

# From the argument of AUTH and the secret to what is echoed.
FORMS: dict[str, Form] = {
    "as it came": lambda argument, _: argument.encode(),
    "decoded": lambda argument, _: b64decode(argument),
    "the secret": lambda _, secret: secret.encode(),
    "latin-1": lambda _, secret: secret.encode("latin-1"),
    "base64": lambda _, secret: b64encode(secret.encode()),
    "base64 one in": lambda _, secret: b64encode(b"x" + secret.encode() + b"yz"),
    "base64 two in": lambda _, secret: b64encode(b"xy" + secret.encode() + b"z"),
    "user:secret": lambda _, secret: b64encode(f"{USER}:{secret}".encode()),
    "hex": lambda _, secret: secret.encode().hex().upper().encode(),
    "URL": lambda _, secret: quote(secret).encode(),
}


def in_lines(size: int, begin: bytes) -> Place:
    """Break what is echoed over lines of so many bytes that begin with the code."""

    def place(echo: bytes) -> bytes:
        lines = [echo[start : start + size] for start in range(0, len(echo), size)]
        return b"".join(b"535-" + begin + line + b"\r\n" for line in lines) + b"535 end\r\n"

    return place


PLACES: dict[str, Place] = {
    "in a line": lambda echo: b"535 5.7.8 you said <" + echo + b">\r\n",
    "alone": lambda echo: b"535 " + echo + b"\r\n",
    "with 421": lambda echo: b"421 " + echo + b"\r\n",
    "with 235": lambda echo: b"235 " + echo + b"\r\n",
    "with another success": lambda echo: b"250 " + echo + b"\r\n",
    "in lines of four": in_lines(4, b""),
    "byte by byte": in_lines(1, b"5.7.8 "),
    "in a line of no reply": lambda echo: echo + b"\r\n",
    "in another code": lambda echo: b"535-x\r\n550 " + echo + b"\r\n",
    "in a line too long": lambda echo: b"535 " + echo * 2000,
    "as a challenge": lambda echo: b"334 " + b64encode(echo) + b"\r\n",
    "as no challenge": lambda echo: b"334 " + echo + b"\r\n",
    "unasked": lambda echo: b"235 ok\r\n250 " + echo + b"\r\n",
}


def echo(form: Form, place: Place, secret: str = SECRET) -> Step:
    """Say back what AUTH carried."""

    async def step(peer: Peer) -> None:
        argument = (await peer.line()).rpartition(" ")[2]
        await peer.send(place(form(argument, secret)))

    return step


async def echoed(form: str, place: str) -> Played:
    """A check of a server that echoes."""
    script = (OFFERED, echo(FORMS[form], PLACES[place]))
    return await play(script, username=USER, authentication="plain")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.usefixtures("short_waits")
async def test_an_echo_shows_nowhere(form: str, place: str) -> None:
    played = await echoed(form, place)
    if place in ("in a line", "alone", "with 421", "in lines of four", "byte by byte"):
        assert "[hidden]" in played.verdict.summary
    if place == "in a line":
        assert played.received[-2] == "535 5.7.8 you said <[hidden]>"


@pytest.mark.usefixtures("short_waits")
async def test_a_part_at_the_end_of_the_stream_shows_nothing_that_follows() -> None:
    async def step(peer: Peer) -> None:
        await peer.line()
        await peer.send(b"535 " + SECRET.encode() + b" and " + SECRET.encode()[:6])

    played = await play((OFFERED, step, finish), username=USER, authentication="plain")
    assert played.verdict.cause == "server-closed"
    assert "the reply breaks off: 535 [hidden]" in played.notes
    assert SECRET[:6] not in played.notes


@pytest.mark.parametrize("secret", ["7", "zq", "kéy"])
@pytest.mark.parametrize("form", ["as it came", "decoded", "the secret"])
@pytest.mark.usefixtures("short_waits")
async def test_a_short_secret_hides_the_whole_line(secret: str, form: str) -> None:
    script = (OFFERED, echo(FORMS[form], PLACES["in a line"], secret))
    played = await play(script, secret=secret, username=USER, authentication="plain", checked=False)
    code = "" if secret == "7" else "5.7.8 "  # which would show where the 7 stood
    assert f"535 {code}[hidden]" in played.received
    assert played.verdict.reply
    assert played.verdict.reply.text == f"{code}[hidden]"


async def test_a_short_secret_does_not_change_the_course() -> None:
    # The offer itself holds the secret: it is hidden, and used all the same.
    script = (f"{OFFERED}\nC: AUTH PLAIN …\nS: 235 ok",)
    played = await play(script, secret="AU", username=USER, authentication="plain", checked=False)
    assert played.verdict.ok
    assert "250 mail.example.test\n[hidden]" in played.received


async def test_a_digest_that_is_echoed_is_hidden() -> None:
    async def step(peer: Peer) -> None:
        response = b64decode(await peer.line())
        await peer.send(b"535 " + response.rpartition(b" ")[2] + b" is wrong\r\n")

    asked = f"{OFFERED}\nC: AUTH CRAM-MD5\nS: 334 PDEuMkBleGFtcGxlPg=="
    played = await play((asked, step), username=USER, authentication="cram-md5")
    assert played.verdict.reply
    assert played.verdict.reply.text == "[hidden] is wrong"


async def test_a_token_in_an_error_is_hidden() -> None:
    token = "ya29.A0AfH6SMBxyz-token"

    async def step(peer: Peer) -> None:
        await peer.line()
        error = b64encode(b'{"status":"401","token":"' + token.encode() + b'"}')
        await peer.send(b"334 " + error + b"\r\n")
        await peer.expect("")
        await peer.send(b"535 5.7.8 " + token.encode() + b"\r\n")

    played = await play((OFFERED, step), secret=token, username=USER, authentication="xoauth2")
    assert played.verdict.cause == "auth-rejected"
    assert played.received[2:4] == ["334 [hidden]", "535 5.7.8 [hidden]"]


async def test_an_honest_error_is_told_decoded() -> None:
    error = b64encode(b'{"status":"401"}').decode()
    script = (OFFERED, f"C: AUTH XOAUTH2 …\nS: 334 {error}\nC: \nS: 535 no")
    played = await play(script, secret="ya29.token", username=USER, authentication="xoauth2")
    decoded = [getattr(event, "decoded", None) for event in played.events]
    assert '{"status":"401"}' in decoded


@pytest.mark.parametrize("share", [57, 75, 95])
@pytest.mark.parametrize("form", ["as it came", "the secret", "base64", "hex"])
@pytest.mark.usefixtures("short_waits")
async def test_an_echo_that_is_cut_off_shows_nowhere(form: str, share: int) -> None:
    def cut(argument: str, secret: str) -> bytes:
        whole = FORMS[form](argument, secret)
        return whole[: -(-len(whole) * share // 100)]

    async def step(peer: Peer) -> None:
        argument = (await peer.line()).rpartition(" ")[2]
        await peer.send(b"535 5.7.8 you said <" + cut(argument, SECRET) + b">\r\n")

    played = await play((OFFERED, step), username=USER, authentication="plain")
    told = f"{played.text}\n{played.verdict}"
    assert "[hidden]" in played.received[-2]
    for whole in (SECRET, SECRET.encode().hex(), b64encode(f"\0{SECRET}".encode()).decode()):
        assert not [at for at in range(len(whole) - 9) if whole[at : at + 10] in told]


@pytest.mark.usefixtures("short_waits")
async def test_a_password_that_is_a_word_of_the_greeting_is_not_given_away() -> None:
    script = ("S: 220 mail.lab.test ESMTP", f"{EHLO}\nS: 250-mail.lab.test\nS: 250 AUTH PLAIN")
    accepts = "C: AUTH PLAIN …\nS: 235 ok"
    values: dict[str, Any] = {"username": USER, "authentication": "plain"}
    played = await play((*script, accepts), secret="mail", checked=False, **values)
    assert played.verdict.ok
    assert "[hidden].lab" not in played.text
    assert "220 [hidden]" in played.received


@pytest.mark.usefixtures("short_waits")
async def test_capabilities_that_changed_are_compared_after_redaction(tmp_path: Path) -> None:
    own = issue("127.0.0.1", "127.0.0.1")
    context = server_context(tmp_path, own)
    half = SECRET[:6], SECRET[6:]
    before = f"{OPEN}S: 250-STARTTLS\nS: 250 HELP\nC: STARTTLS\nS: 220 go"
    after = f"{EHLO}\nS: 250-x\nS: 250-{half[0]}\nS: 250-{half[1]}\nS: 250 AUTH CRAM-MD5"
    played = await play(
        (before, tls(context), after),
        encryption="tls",
        openssl_verify_mode="none",
        username=USER,
        authentication="plain",
    )
    assert "now [HIDDEN]" in played.notes
    assert half[0].upper() not in played.text.upper()
    assert half[1].upper() not in played.text.upper()


@pytest.mark.usefixtures("short_waits")
async def test_mechanisms_are_named_after_redaction() -> None:
    half = SECRET[:9], SECRET[9:]
    script = f"{OPEN}S: 250-AUTH CRAM-MD5 {half[0]}\nS: 250 {half[1]} x"
    played = await play((script,), username=USER, authentication="plain")
    assert played.verdict.cause == "auth-mechanism-not-offered"
    told = f"{played.text}{played.verdict}".upper()
    assert half[0].upper() not in told
