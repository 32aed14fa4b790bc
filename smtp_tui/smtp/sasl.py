"""SASL mechanisms (RFC 4422) as generators: they yield responses and are sent challenges.

The first value yielded is the initial response, or None where the server speaks first. A mechanism
that is sent a challenge after its last word ends, which the caller takes for a malformed exchange.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from smtp_tui.smtp.replies import Reply

Exchange = Generator["Response | None", bytes, None]

# RFC 7677 asks for 4096 at least; a hostile server must not keep the processor busy for minutes.
ITERATIONS_LIMIT = 2_000_000


class ChallengeError(ValueError):
    """A challenge that the mechanism cannot have sent."""


@dataclass(frozen=True, slots=True)
class Response:
    """What goes to the server, and the description that stands for it wherever it is shown."""

    data: bytes = field(repr=False)
    shown: str
    is_secret: bool = True
    server_proved: bool = False


@dataclass(frozen=True, slots=True)
class Login:
    """Whom to log in as, and the host and port that OAUTHBEARER binds to."""

    username: str
    secret: str = field(repr=False)
    host: str = ""
    port: int = 0


def plain(login: Login) -> Exchange:
    """PLAIN (RFC 4616): user name and password in one response."""
    data = b"\0" + login.username.encode() + b"\0" + login.secret.encode()
    yield Response(data, f"[user name {login.username} and password]")


def login(login: Login) -> Exchange:
    """LOGIN (no RFC; draft-murchison-sasl-login): user name, then password, each when asked."""
    yield None
    yield Response(login.username.encode(), f"[user name {login.username}]", is_secret=False)
    yield Response(login.secret.encode(), "[password]")


def cram_md5(login: Login) -> Exchange:
    """CRAM-MD5 (RFC 2195): a keyed digest of the server's challenge."""
    challenge = yield None
    if not challenge:
        raise ChallengeError("the challenge is empty")
    digest = hmac.new(login.secret.encode(), challenge, "md5").hexdigest()
    data = f"{login.username} {digest}".encode()
    yield Response(data, f"[user name {login.username} and digest of challenge and password]")


def _scram(name: str) -> Callable[[Login], Exchange]:
    def exchange(login: Login) -> Exchange:
        """SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password."""
        from scramp import ScramClient, ScramException  # seldom needed, and slow to load

        try:
            client = ScramClient([name], login.username, login.secret)
            challenge = yield Response(
                client.get_client_first().encode(), f"[user name {login.username} and nonce]"
            )
            _limit_iterations(challenge)
            client.set_server_first(challenge.decode())
            final = yield Response(client.get_client_final().encode(), "[proof of the password]")
            client.set_server_final(final.decode())
        except (ScramException, UnicodeDecodeError) as error:
            raise ChallengeError(str(error)) from None
        yield Response(b"", "[empty response]", is_secret=False, server_proved=True)

    return exchange


def _limit_iterations(challenge: bytes) -> None:
    for part in challenge.split(b","):
        if part.startswith(b"i=") and (
            not part[2:].isdigit() or len(part) > 12 or int(part[2:]) > ITERATIONS_LIMIT
        ):
            raise ChallengeError(f"it asks for more than {ITERATIONS_LIMIT} iterations")


def xoauth2(login: Login) -> Exchange:
    """XOAUTH2 (Google's and Microsoft's): an access token; an error comes as a challenge."""
    data = f"user={login.username}\1auth=Bearer {login.secret}\1\1".encode()
    yield Response(data, f"[user name {login.username} and access token]")
    yield Response(b"", "[empty response, to get the error]", is_secret=False)


def oauthbearer(login: Login) -> Exchange:
    """OAUTHBEARER (RFC 7628): an access token; an error comes as a challenge."""
    name = login.username.replace("=", "=3D").replace(",", "=2C")
    where = f"\1host={login.host}\1port={login.port}"
    data = f"n,a={name},{where}\1auth=Bearer {login.secret}\1\1".encode()
    yield Response(data, f"[user name {login.username} and access token]")
    yield Response(b"\1", "[acknowledgement, to get the error]", is_secret=False)


def external(login: Login) -> Exchange:
    """EXTERNAL (RFC 4422, appendix A): the client certificate speaks."""
    shown = f"[identity {login.username}]" if login.username else "[identity of the certificate]"
    yield Response(login.username.encode(), shown, is_secret=False)


def decode_challenge(reply: Reply) -> bytes | None:
    """Return the challenge in a 334 reply, or None where it is no base64 (RFC 4954, section 4)."""
    if len(reply.lines) != 1:
        return None
    try:
        return b64decode(reply.lines[0].strip(), validate=True)
    except binascii.Error:
        return None


MECHANISMS: dict[str, Callable[[Login], Exchange]] = {
    "SCRAM-SHA-256": _scram("SCRAM-SHA-256"),
    "SCRAM-SHA-1": _scram("SCRAM-SHA-1"),
    "PLAIN": plain,
    "LOGIN": login,
    "CRAM-MD5": cram_md5,
    "XOAUTH2": xoauth2,
    "OAUTHBEARER": oauthbearer,
    "EXTERNAL": external,
}
# They hand the secret over as it is: whoever reads the link has it.
GIVES_SECRET_AWAY = frozenset({"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"})
# The server proves itself at the end; success without that proof is none.
PROVES_SERVER = frozenset({"SCRAM-SHA-256", "SCRAM-SHA-1"})
AUTO_ENCRYPTED = ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5")
AUTO_OPEN = ("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5")
