"""SASL mechanisms: these challenges, these responses, and the vectors of the RFCs."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from typing import Any

import pytest

from smtp_tui.smtp import sasl
from smtp_tui.smtp.replies import Reply
from smtp_tui.smtp.sasl import (
    GIVES_SECRET_AWAY,
    ITERATIONS_LIMIT,
    MECHANISMS,
    PROVES_SERVER,
    ChallengeError,
    ClientResponse,
    Credentials,
    Exchange,
    MechanismUnusable,
    decode_challenge,
)
from tests.smtp import scram_server
from tests.smtp.playing import OPEN, USER, Played, play
from tests.smtp.scripted import Peer, Step
from tests.table import table

TIM = Credentials("tim", "tanstaaftanstaaf", "mail.example.test", 587)
TOKEN = Credentials("tim@example.test", "ya29.token", "mail.example.test", 587)


def begin(mechanism: str, login: Credentials) -> tuple[Exchange, ClientResponse | None]:
    """Start an exchange: it, and its initial response."""
    exchange = MECHANISMS[mechanism](login)
    return exchange, next(exchange)


def initial(mechanism: str, login: Credentials) -> bytes:
    """The data of the initial response."""
    _, response = begin(mechanism, login)
    assert response
    return response.data


def answer(exchange: Exchange, challenge: bytes) -> bytes:
    """The data of the response to a challenge."""
    response = exchange.send(challenge)
    assert response
    return response.data


def test_plain_of_rfc_4616() -> None:
    assert initial("PLAIN", TIM) == b"\0tim\0tanstaaftanstaaf"


def test_plain_is_utf_8() -> None:
    login = Credentials("björn", "grün €")
    assert initial("PLAIN", login) == b"\0bj\xc3\xb6rn\0gr\xc3\xbcn \xe2\x82\xac"


def test_plain_says_its_one_word() -> None:
    exchange, _ = begin("PLAIN", TIM)
    with pytest.raises(StopIteration):
        exchange.send(b"more?")


def test_plain_cannot_carry_nul() -> None:
    with pytest.raises(MechanismUnusable, match="NUL"):
        begin("PLAIN", Credentials("tim", "a\0b"))


@pytest.mark.parametrize("prompts", [(b"Username:", b"Password:"), (b"", b""), (b"\xff", b"x" * 9)])
def test_login_answers_whatever_it_is_asked(prompts: tuple[bytes, bytes]) -> None:
    exchange, nothing = begin("LOGIN", TIM)
    assert nothing is None
    assert [answer(exchange, prompt) for prompt in prompts] == [b"tim", b"tanstaaftanstaaf"]
    with pytest.raises(StopIteration):
        exchange.send(b"again?")


def test_cram_md5_of_rfc_2195() -> None:
    exchange, nothing = begin("CRAM-MD5", TIM)
    assert nothing is None
    response = exchange.send(b"<1896.697170952@postoffice.reston.mci.net>")
    assert response
    assert response.data == b"tim b913a602c7eda7a495b4e6e7334d3890"
    assert response.proof == b"b913a602c7eda7a495b4e6e7334d3890"


def test_cram_md5_needs_a_challenge() -> None:
    exchange, _ = begin("CRAM-MD5", TIM)
    with pytest.raises(ChallengeError):
        exchange.send(b"")


def test_cram_md5_where_md5_is_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise ValueError("[digital envelope routines] unsupported")

    monkeypatch.setattr(hmac, "new", forbidden)
    with pytest.raises(MechanismUnusable, match="FIPS"):
        begin("CRAM-MD5", TIM)


SCRAM_VECTORS = [
    (
        "SCRAM-SHA-1",  # RFC 5802, section 5
        "fyko+d2lbbFgONRv9qkxdawL",
        "fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
        "QSXCR+Q6sek8bf92",
        "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    ),
    (
        "SCRAM-SHA-256",  # RFC 7677, section 3
        "rOprNGfwEbeRWgbNEkqO",
        "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        "W22ZaJ0SNY7soEsUEjb6gQ==",
        "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ),
]


@pytest.mark.parametrize(
    ("name", "ours", "both", "salt", "proof", "signature"),
    SCRAM_VECTORS,
    ids=lambda text: text[:13],
)
def test_scram_of_the_rfcs(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    ours: str,
    both: str,
    salt: str,
    proof: str,
    signature: str,
) -> None:
    monkeypatch.setattr(sasl, "new_nonce", lambda: ours)
    exchange, first = begin(name, Credentials("user", "pencil"))
    assert first
    assert first.data == f"n,,n=user,r={ours}".encode()
    final = exchange.send(f"r={both},s={salt},i=4096".encode())
    assert final
    assert final.data == f"c=biws,r={both},p={proof}".encode()
    assert final.proof == proof.encode()
    assert not final.server_proved
    last = exchange.send(f"v={signature}".encode())
    assert last == ClientResponse(b"", "[empty response]", is_secret=False, server_proved=True)


def scram_after(challenge: bytes, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What SCRAM-SHA-256 makes of a first challenge."""
    monkeypatch.setattr(sasl, "new_nonce", lambda: "abc")
    exchange, _ = begin("SCRAM-SHA-256", Credentials("user", "pencil"))
    return exchange.send(challenge)


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b"hello",
        b"\xff\xfe",
        b"r=abc,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",  # the nonce was not lengthened
        b"r=xyz123,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",  # another nonce
        b"r=abcd,s=!!!,i=4096",
        b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==",
        b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=",
        b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-1",
        b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4e3",
        b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0",
        "r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=٤٠٩٦".encode(),
        b"m=ext,r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    ],
)
def test_scram_refuses_a_malformed_challenge(
    challenge: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ChallengeError):
        scram_after(challenge, monkeypatch)


@pytest.mark.parametrize("count", [str(ITERATIONS_LIMIT + 1), "4294967296", "9" * 5000])
def test_scram_refuses_to_hash_for_ever(count: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def hash_all_the_same(*_: object) -> None:
        raise AssertionError("it computes")

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", hash_all_the_same)
    challenge = f"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i={count}".encode()
    with pytest.raises(ChallengeError, match="iterations"):
        scram_after(challenge, monkeypatch)


@pytest.mark.parametrize(
    ("challenge", "words"),
    [
        (
            b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000",
            "only 1000 iterations; .* require 4096",
        ),
        (b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095", "asks for only 4095 iterations"),
        (b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0", "asks for only 0 iterations"),
        (b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=5000,i=1", "not a nonce, a salt and an iteration"),
        (b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=04096", "not a nonce, a salt and an iteration"),
        (b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,x=", "not a nonce, a salt and an iteration"),
        (b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,x=\0", "not a nonce, a salt and an iteration"),
        (b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,r=abcd", "not a nonce, a salt and an"),
        (b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,m=x", r"an extension .* lacks \(m=\)$"),
        (b"m=x,r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", r"an extension .* lacks \(m=\)$"),
        (b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-1", "has no iteration count"),
        (b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==", "has no iteration count"),
        (b"r=abcd,s=eHh4eHh4eHg=,i=4096", "salt has 8 bytes; .* requires 12 or more"),
        (b"r=abcd,s=!!!,i=4096", r"is not valid SCRAM \(Invalid base 64 encoding\)$"),
        (
            b"r=xyz,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            r"valid SCRAM \(Client nonce doesn't match\)$",
        ),
        (b"r=abcd\xff,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "not UTF-8"),
    ],
)
def test_scram_tells_what_is_off(
    challenge: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ChallengeError, match=words):
        scram_after(challenge, monkeypatch)


@pytest.mark.parametrize(
    "challenge",
    [
        b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"r=abcd,s=QSXCR+Q6sek8bf92,i=4096",  # 12 bytes
        "r=abcd,s=QSXCR+Q6sek8bf92,i=4096,x=a=é,Z=1".encode(),  # two extensions
    ],
)
def test_scram_takes_what_servers_send(challenge: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scram_after(challenge, monkeypatch).proof


@pytest.mark.parametrize(
    "final",
    [b"", b"v=AAAA", b"v=!", b"\xff", b"v=", b"v=" + b"A" * 43 + b"=,v=" + b"A" * 43 + b"="],
)
def test_scram_wants_the_servers_proof(final: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sasl, "new_nonce", lambda: "abc")
    exchange, _ = begin("SCRAM-SHA-256", Credentials("user", "pencil"))
    exchange.send(b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    with pytest.raises(ChallengeError, match="did not prove that it knows the password"):
        exchange.send(final)


@pytest.mark.parametrize(
    "challenges",
    [
        [b"e=unknown-user"],
        [b"e=" + b"x" * 9000],
        [b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", b"e=invalid-proof"],
    ],
)
def test_scram_hears_the_servers_error_out(
    challenges: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sasl, "new_nonce", lambda: "abc")
    exchange, _ = begin("SCRAM-SHA-256", Credentials("user", "pencil"))
    response = [exchange.send(challenge) for challenge in challenges][-1]
    assert response
    assert response.data == b""
    assert not response.server_proved
    with pytest.raises(StopIteration):
        exchange.send(b"v=AAAA")


def test_scram_escapes_the_user_name() -> None:
    assert initial("SCRAM-SHA-256", Credentials("a=b,c", "pencil")).startswith(b"n,,n=a=3Db=2Cc,r=")


@pytest.mark.parametrize(
    ("user", "secret"), [("user", "a\x07b"), ("user\x07", "b"), ("user", "\udcff")]
)
def test_scram_cannot_carry_what_saslprep_forbids(user: str, secret: str) -> None:
    with pytest.raises(MechanismUnusable):
        begin("SCRAM-SHA-1", Credentials(user, secret))


def test_xoauth2() -> None:
    exchange, first = begin("XOAUTH2", TOKEN)
    assert first
    assert first.data == b"user=tim@example.test\1auth=Bearer ya29.token\1\1"
    assert answer(exchange, b'{"status":"400"}') == b""


def test_oauthbearer_of_rfc_7628() -> None:
    exchange, first = begin("OAUTHBEARER", TOKEN)
    assert first
    where = b"\1host=mail.example.test\1port=587"
    assert first.data == b"n,a=tim@example.test," + where + b"\1auth=Bearer ya29.token\1\1"
    assert answer(exchange, b'{"status":"invalid_token"}') == b"\1"


def test_oauthbearer_escapes_the_user_name() -> None:
    assert initial("OAUTHBEARER", Credentials("a=b,c", "t")).startswith(b"n,a=a=3Db=2Cc,\1")


@table("mechanism", ["XOAUTH2", "OAUTHBEARER"])
@table("token", ["with space", "with\1one", "grün", "line\n"])
def test_a_token_cannot_forge_the_message(mechanism: str, token: str) -> None:
    with pytest.raises(MechanismUnusable):
        begin(mechanism, Credentials("tim", token))


@pytest.mark.parametrize(("user", "argument"), [("", b"="), ("tim", b"dGlt")])
def test_external(user: str, argument: bytes) -> None:
    _, response = begin("EXTERNAL", Credentials(user, ""))
    assert response
    assert response.as_argument == argument
    assert response.data == user.encode()


def test_undecodable_secrets_go_out_as_they_came() -> None:
    assert initial("PLAIN", Credentials("tim", "gr\udcfcn")) == b"\0tim\0gr\xfcn"


@table(
    ("lines", "challenge"),
    [
        ([b"VXNlcm5hbWU6"], b"Username:"),
        ([b""], b""),
        ([b"  VXNlcm5hbWU6 "], b"Username:"),
        ([b"VXNlcm5hbWU"], None),
        ([b"VXNl cm5hbWU6"], None),
        ([b"=AAA"], None),
        ([b"no base64!"], None),
        ([b"VXNl", b"cm5h"], None),
        ([b"\xff"], None),
    ],
)
def test_challenges_are_base64(lines: list[bytes], challenge: bytes | None) -> None:
    assert decode_challenge(Reply(334, tuple(lines))) == challenge


@table("mechanism", MECHANISMS)
def test_no_description_tells_the_secret(mechanism: str) -> None:
    login = Credentials("tim", "s3cret.token", "mail.example.test", 587)
    exchange, response = begin(mechanism, login)
    said = [response] if response else []
    if mechanism in ("LOGIN", "CRAM-MD5"):
        answer = exchange.send(b"challenge")
        said += [answer] if answer else []
    assert said
    assert not [one for one in said if "s3cret" in repr(one) or "s3cret" in repr(login)]
    if mechanism in GIVES_SECRET_AWAY - {"LOGIN"}:
        assert said[0].is_secret
    assert set(MECHANISMS) > PROVES_SERVER


SCRAM_OFFERED = f"{OPEN}S: 250 AUTH SCRAM-SHA-256"
SCRAM_MALFORMED = ("auth", "auth-challenge-malformed")


def asks_for(rest: str) -> Step:
    """Lengthen the client's nonce, and ask for what the rest of the challenge says."""

    async def step(peer: Peer) -> None:
        first = b64decode((await peer.line()).rpartition(" ")[2]).decode()
        await peer.send(scram_server.challenge(f"r={first.rpartition('r=')[2]}more,{rest}"))

    return step


async def scram_against(*script: str | Step) -> Played:
    """Check a server that offers SCRAM-SHA-256 and goes on so."""
    return await play((SCRAM_OFFERED, *script), username=USER, authentication="scram-sha-256")


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000", "the server asks for only 1000 iterations"),
        ("s=eHh4eHh4eHg=,i=4096", "the server's salt has 8 bytes"),
    ],
)
async def test_a_verdict_tells_why_scram_gave_no_proof(rest: str, words: str) -> None:
    played = await scram_against(asks_for(rest), "C: *\nS: 501 5.7.0 cancelled")
    assert (played.verdict.stage, played.verdict.cause) == SCRAM_MALFORMED
    assert words in played.verdict.summary
    assert "[proof of the password]" not in played.sent


async def test_a_wrong_password_that_scram_tells_of_is_rejected() -> None:
    strong = asks_for("s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    error = scram_server.challenge("e=invalid-proof").decode().strip()
    played = await scram_against(strong, f"C: …\nS: {error}\nC: \nS: 535 5.7.8 bad credentials")
    assert (played.verdict.stage, played.verdict.cause) == ("auth", "auth-rejected")
    assert played.sent.count("[proof of the password]") == 1


async def test_an_error_of_scram_is_no_success() -> None:
    strong = asks_for("s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    error = scram_server.challenge("e=other-error").decode().strip()
    played = await scram_against(strong, f"C: …\nS: {error}\nC: \nS: 235 2.7.0 come in")
    assert (played.verdict.stage, played.verdict.cause) == SCRAM_MALFORMED
    assert "without proving" in played.verdict.summary
