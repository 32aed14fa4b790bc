"""SCRAM against servers that send anything: no proof is given away, no success is believed."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from contextlib import closing

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from smtp_tui.smtp import sasl
from smtp_tui.smtp.sasl import (
    ITERATIONS_LEAST,
    ITERATIONS_LIMIT,
    MECHANISMS,
    SALT_LEAST,
    ChallengeError,
    ClientResponse,
    Credentials,
    Exchange,
)

OURS = "abc"
SALT = b"s=W22ZaJ0SNY7soEsUEjb6gQ=="
USUAL = (b"r=abcd", SALT, b"i=4096")
BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
RESERVED = b"anmrcsipve"


@pytest.fixture(scope="module", autouse=True)
def hashes_at_once() -> object:
    """A hash of one iteration: it is compared with nothing here."""
    with pytest.MonkeyPatch.context() as patched:
        real = hashlib.pbkdf2_hmac

        def quick(digest: str, secret: bytes, salt: bytes, iterations: int) -> bytes:
            assert ITERATIONS_LEAST <= iterations <= ITERATIONS_LIMIT
            return real(digest, secret, salt, 1)

        patched.setattr(sasl, "new_nonce", lambda: OURS)
        patched.setattr(hashlib, "pbkdf2_hmac", quick)
        yield


def begun() -> Exchange:
    """An exchange after its first response."""
    exchange = MECHANISMS["SCRAM-SHA-256"](Credentials("user", "pencil"))
    next(exchange)
    return exchange


def is_whole(challenge: bytes) -> bool:
    """Whether the challenge is as RFC 5802, section 7, writes it; read attribute by attribute."""
    try:
        challenge.decode()
    except UnicodeDecodeError:
        return False
    parts = challenge.split(b",")
    if [part[:2] for part in parts[:3]] != [b"r=", b"s=", b"i="]:
        return False
    nonce, salt, count = (part[2:] for part in parts[:3])
    if not all(0x21 <= byte <= 0x7E for byte in nonce):
        return False
    body = salt.rstrip(b"=")
    if len(salt) % 4 or len(salt) - len(body) > 2 or not set(body) <= BASE64:
        return False
    if not count.isdigit() or count.startswith(b"0") or len(count) > 7:
        return False
    if len(b64decode(salt)) < SALT_LEAST:
        return False
    if not nonce.startswith(OURS.encode()) or len(nonce) == len(OURS):
        return False
    if not ITERATIONS_LEAST <= int(count) <= ITERATIONS_LIMIT:
        return False
    return all(
        len(part) > 2
        and part[:1].isalpha()
        and part[1:2] == b"="
        and part[0] not in RESERVED
        and b"\0" not in part
        for part in parts[3:]
    )


PARTS = st.one_of(
    st.sampled_from(
        [
            *USUAL,
            b"",
            b"r=",
            b"r=abc",
            b"r=abd",
            b"r=abc\x7f",
            b"r=abcd ",
            b"r=abcd\xc3\xa9",
            b"s=",
            b"s====",
            b"s=QQ==",
            b"s=QSXCR+Q6sek8bf92",
            b"s=W22ZaJ0SNY7soEsUEjb6gQ",
            b"s=W22Z aJ0SNY7soEsUEjb6gQ==",
            b"s=W22ZaJ0SNY7soEsUEjb6gQ==\n",
            b"i=1",
            b"i=4095",
            b"i=04096",
            b"i=+4096",
            b"i=4_096",
            b"i=2000000",
            b"i=2000001",
            b"i=" + b"9" * 5000,
            b"m=x",
            b"x=1",
            b"x=",
            b"x=\0",
            b"x=a=b",
            b"v=AAAA",
            b"X",
        ]
    ),
    st.binary(max_size=6),
    st.builds(lambda more: b"r=abc" + more, st.binary(max_size=6)),
    st.builds(lambda number: b"i=%d" % number, st.integers(0, 10**8)),
)


@given(st.lists(PARTS, max_size=6), st.booleans())
@example([*USUAL], False)
@example([*USUAL, b"x=a=b"], False)
@example([*USUAL, b"m=x"], False)
@example([*USUAL, b"i=1"], False)
@example([b"m=x", *USUAL], False)
@example([b"r=abcd", b"s=W22ZaJ0SNY7soEsUEjb6gQ==\n", b"i=4096"], False)
def test_a_proof_goes_to_whole_challenges_alone(parts: list[bytes], begins_well: bool) -> None:
    challenge = b",".join([*USUAL, *parts] if begins_well else parts)
    assume(not challenge.startswith(b"e="))
    with closing(begun()) as exchange:
        if is_whole(challenge):
            response = exchange.send(challenge)
            assert response
            assert response.proof
            assert not response.server_proved
        else:
            with pytest.raises(ChallengeError):
                exchange.send(challenge)


def final_of(challenge: bytes) -> tuple[Exchange, ClientResponse | None]:
    """An exchange that awaits the server's proof, and its answer to the challenge."""
    exchange = begun()
    exchange.send(b",".join(USUAL))
    return exchange, exchange.send(challenge)


@given(st.one_of(st.binary(max_size=80), st.binary(max_size=40).map(lambda rest: b"v=" + rest)))
@example(b"")
@example(b"v=")
@example(b"v=" + b"A" * 43 + b"=")
@example(b"x" * 100_000)
def test_no_other_proof_of_the_server_counts(challenge: bytes) -> None:
    assume(not challenge.startswith(b"e="))
    with pytest.raises(ChallengeError, match="did not prove"):
        final_of(challenge)


@given(st.binary(max_size=40))
def test_an_error_never_counts_as_a_proof(rest: bytes) -> None:
    for challenges in ([b"e=" + rest], [b",".join(USUAL), b"e=" + rest]):
        with closing(begun()) as exchange:
            answers = [exchange.send(challenge) for challenge in challenges]
            assert answers[-1]
            assert (answers[-1].data, answers[-1].server_proved) == (b"", False)
            with pytest.raises(StopIteration):
                exchange.send(b"v=AAAA")
