"""Whatever a server sends, and whenever: a check ends in time, with a verdict."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smtp_tui.smtp import auth, client
from tests.smtp.playing import USER, play
from tests.smtp.scripted import Peer, Step

LIKELY = [
    b"220 mail ESMTP\r\n",
    b"220-mail\r\n",
    b"250 ok\r\n",
    b"250-mail\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256\r\n",
    b"250-mail\r\n250 AUTH CRAM-MD5\r\n",
    b"334 \r\n",
    b"334 PDEuMkBleGFtcGxlPg==\r\n",
    b"334 cj14LHM9ZUE9PSxpPTQwOTY=\r\n",
    b"235 ok\r\n",
    b"421 bye\r\n",
    b"500 what\r\n",
    b"501 no\r\n",
    b"504 no\r\n",
    b"535 no\r\n",
    b"\x15\x03\x03\x00\x02\x02\x28",
    b"\x16\x03\x03\x00\x01\x02",
    b"\r\n",
    b"2",
    b"",
]
PIECES = st.lists(st.sampled_from(LIKELY) | st.binary(max_size=40), max_size=8)


def answering(pieces: list[bytes], *, closes: bool) -> Step:
    """Say a piece, and one more whenever the client has said something."""

    async def step(peer: Peer) -> None:
        for piece in pieces:
            await peer.send(piece)
            await peer.take_any()
        if closes:
            peer.finish()
        await peer.be_left()

    return step


@pytest.mark.integration
@given(
    pieces=PIECES,
    closes=st.booleans(),
    encryption=st.sampled_from(["none", "tls", "ssl"]),
    authentication=st.sampled_from(["auto", "plain", "login", "cram-md5", "scram-sha-256"]),
)
@settings(
    # The private home, which every test has, may be shared by the examples.
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_server(
    pieces: list[bytes], closes: bool, encryption: str, authentication: str
) -> None:
    values = {"encryption": encryption, "authentication": authentication, "username": USER}
    asyncio.run(_played(answering(pieces, closes=closes), values))


async def _played(step: Step, values: dict[str, str]) -> None:
    limits = client.QUIT_LIMIT, auth.CANCEL_LIMIT
    client.QUIT_LIMIT = auth.CANCEL_LIMIT = 0.01
    try:
        played = await play((step,), timeout=0.03, **values)  # type: ignore[arg-type]
    finally:
        client.QUIT_LIMIT, auth.CANCEL_LIMIT = limits
    assert played.verdict.summary
