"""SASL mechanisms (RFC 4422) as generators: they yield responses and are sent challenges.

The first value yielded is the initial response, or None where the server speaks first. A mechanism
that is sent a challenge after its last word ends, which the caller takes for a malformed exchange.
Before its first word it may raise Unusable, after it ChallengeError.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import field
from typing import TYPE_CHECKING

from smtp_tui.records import record
from smtp_tui.smtp.redaction import as_bytes
from smtp_tui.smtp.replies import Reply

if TYPE_CHECKING:
    from scramp import ScramClient

Exchange = Generator["Response | None", bytes, None]

# A hostile server must not keep the processor busy for long. So many take half a second on a
# common machine, and a caller does not wait in the event loop.
ITERATIONS_LIMIT = 2_000_000
# Whoever hears the exchange can try passwords against the proof; RFC 5802 and RFC 7677 ask servers
# for so many at least, and Dovecot, Cyrus, GNU SASL and mox heed it.
ITERATIONS_LEAST = 4096
# The RFCs set no limit, but scramp does; the servers known send 12 bytes or 16.
SALT_LEAST = 12
# What the server says in SCRAM where it refuses: mox sends it before its 535, as a challenge.
SCRAM_ERROR = b"e="


class ChallengeError(ValueError):
    """A challenge that the mechanism cannot have sent."""


class Unusable(ValueError):
    """The mechanism cannot carry this user name or password, or this machine cannot do it."""


@record
class Response:
    """What goes to the server, and the description that stands for it wherever it is shown.

    `proof` is the part of it that a password could be tried against.
    """

    data: bytes = field(repr=False)
    shown: str
    is_secret: bool = True
    proof: bytes = field(default=b"", repr=False)
    server_proved: bool = False

    @property
    def as_line(self) -> bytes:
        """The response to a challenge, without its line end."""
        return b64encode(self.data)

    @property
    def as_argument(self) -> bytes:
        """The initial response in AUTH, where no data is a `=` (RFC 4954, section 4)."""
        return self.as_line or b"="


@record
class Login:
    """Whom to log in as, and the host and port that OAUTHBEARER binds to."""

    username: str
    secret: str = field(repr=False)
    host: str = ""
    port: int = 0


# The answer to an error that came as a challenge; the reply that refuses comes after it.
TO_GET_ERROR = Response(b"", "[empty response, to get the error]", is_secret=False)


def plain(login: Login) -> Exchange:
    """PLAIN (RFC 4616): user name and password in one response."""
    user, secret = as_bytes(login.username), as_bytes(login.secret)
    if b"\0" in user + secret:
        raise Unusable("PLAIN cannot carry a NUL byte, and the password holds one")
    yield Response(b"\0" + user + b"\0" + secret, f"[user name {login.username} and password]")


def login(login: Login) -> Exchange:
    """LOGIN (no RFC; draft-murchison-sasl-login): user name, then password, each when asked."""
    yield None
    shown = f"[user name {login.username}]"
    yield Response(as_bytes(login.username), shown, is_secret=False)
    yield Response(as_bytes(login.secret), "[password]")


def cram_md5(login: Login) -> Exchange:
    """CRAM-MD5 (RFC 2195): a keyed digest of the server's challenge."""
    try:
        keyed = hmac.new(as_bytes(login.secret), digestmod="md5")
    except ValueError:
        raise Unusable("CRAM-MD5 needs MD5, which this machine forbids (FIPS mode)") from None
    challenge = yield None
    if not challenge:
        raise ChallengeError("the challenge is empty")
    keyed.update(challenge)
    digest = keyed.hexdigest().encode()
    shown = f"[user name {login.username} and digest of challenge and password]"
    yield Response(as_bytes(login.username) + b" " + digest, shown, proof=digest)


def _scram(name: str) -> Callable[[Login], Exchange]:
    def exchange(login: Login) -> Exchange:
        """SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password."""
        client, first = _scram_begun(name, login)
        challenge = yield Response(first, f"[user name {login.username} and nonce]")
        if challenge.startswith(SCRAM_ERROR):
            yield TO_GET_ERROR
            return
        final = _scram_final(client, challenge)
        proof = final.rpartition(b",p=")[2]
        challenge = yield Response(final, "[proof of the password]", proof=proof)
        if challenge.startswith(SCRAM_ERROR):
            yield TO_GET_ERROR
            return
        with _scram_read("the server did not prove that it knows the password"):
            client.set_server_final(challenge.decode())
        yield Response(b"", "[empty response]", is_secret=False, server_proved=True)

    return exchange


def _scram_begun(name: str, login: Login) -> tuple[ScramClient, bytes]:
    from scramp import ScramClient, ScramException  # seldom needed, and slow to load

    try:
        client = ScramClient([name], login.username, login.secret)
        return client, client.get_client_first().encode()
    except (ScramException, UnicodeEncodeError) as error:
        text = f"{name} cannot carry this user name or password ({error})"
        raise Unusable(text) from None


def _scram_final(client: ScramClient, challenge: bytes) -> bytes:
    attributes = dict(part.split(b"=", 1) for part in challenge.split(b",") if b"=" in part)
    _check_iterations(attributes.get(b"i", b""))
    _check_salt(attributes.get(b"s", b""))
    with _scram_read("the challenge does not fit SCRAM"):
        client.set_server_first(challenge.decode())
        final: str = client.get_client_final()
        return final.encode()


@contextmanager
def _scram_read(failure: str) -> Iterator[None]:
    """Tell of a challenge that cannot be read as this failure, and why."""
    from scramp import ScramException

    try:
        yield
    except UnicodeDecodeError:
        raise ChallengeError(f"{failure} (it is not UTF-8)") from None
    except (ScramException, ValueError) as error:
        words = str(error.args[0]).rstrip(".")
        raise ChallengeError(f"{failure} ({words})") from None


def _check_iterations(count: bytes) -> None:
    if not count.isdigit():
        raise ChallengeError("the challenge does not fit SCRAM (it names no number of iterations)")
    if len(count) > 7 or int(count) > ITERATIONS_LIMIT:
        text = f"the server asks for more than {ITERATIONS_LIMIT} iterations"
        raise ChallengeError(f"{text}, which smtp-tui takes for an attack on the processor")
    if int(count) < ITERATIONS_LEAST:
        text = f"the server asks for {int(count)} iterations; RFC 5802 and RFC 7677 want"
        text = f"{text} {ITERATIONS_LEAST} at least, and smtp-tui gives no proof that is so cheap"
        raise ChallengeError(f"{text} to guess from (another program may)")


def _check_salt(salt: bytes) -> None:
    with suppress(binascii.Error):  # told of as scramp reads it
        length = len(b64decode(salt, validate=True))
        if 0 < length < SALT_LEAST:
            text = f"the server's salt has a length of {length}, and smtp-tui computes with"
            text = f"{text} {SALT_LEAST} bytes at least; RFC 5802 sets no limit"
            raise ChallengeError(f"{text} (another program may log in)")


def xoauth2(login: Login) -> Exchange:
    """XOAUTH2 (Google's and Microsoft's): an access token; an error comes as a challenge."""
    user, token = as_bytes(login.username), _token(login)
    data = b"user=" + user + b"\1auth=Bearer " + token + b"\1\1"
    yield Response(data, f"[user name {login.username} and access token]")
    yield TO_GET_ERROR


def oauthbearer(login: Login) -> Exchange:
    """OAUTHBEARER (RFC 7628): an access token; an error comes as a challenge."""
    name = login.username.replace("=", "=3D").replace(",", "=2C")
    where = f"\1host={login.host}\1port={login.port}"
    data = as_bytes(f"n,a={name},{where}") + b"\1auth=Bearer " + _token(login) + b"\1\1"
    yield Response(data, f"[user name {login.username} and access token]")
    yield Response(b"\1", "[acknowledgement, to get the error]", is_secret=False)


def _token(login: Login) -> bytes:
    token = as_bytes(login.secret)
    if not all(0x20 < byte < 0x7F for byte in token):
        raise Unusable("an access token is printable ASCII without spaces; the password is not")
    return token


def external(login: Login) -> Exchange:
    """EXTERNAL (RFC 4422, appendix A): the client certificate speaks."""
    shown = f"[identity {login.username}]" if login.username else "[identity of the certificate]"
    yield Response(as_bytes(login.username), shown, is_secret=False)


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
AUTO_ENCRYPTED = ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN")
AUTO_OPEN = ("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5")
