"""SASL mechanisms (RFC 4422) as generators that yield responses and receive challenges.

The first value yielded is the initial response, or None if the server sends first. A mechanism that
receives a challenge after its last response ends, and its caller reports a malformed exchange. It
raises MechanismUnusable before its first response, ChallengeError after it.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Generator
from dataclasses import field
from functools import partial
from os import urandom

from smtp_tui.records import record
from smtp_tui.safe_text import MASK, mask_credentials
from smtp_tui.smtp.redaction import as_bytes
from smtp_tui.smtp.replies import Reply
from smtp_tui.smtp.saslprep import NotPreparable, saslprep

# A hostile server must not keep the processor busy for long. This many iterations take half a
# second on a common machine, and do not block the event loop.
ITERATIONS_LIMIT = 2_000_000
# Anyone who records the exchange can try passwords against the proof. RFC 5802 and RFC 7677 require
# at least this many iterations; Dovecot and Cyrus SASL use no fewer.
ITERATIONS_LEAST = 4096
# Our limit, not the RFCs'. Dovecot and Cyrus SASL send 16 bytes, mox 12.
SALT_LEAST = 12
# Python's ssl has no channel binding of TLS 1.3 (tls-exporter, RFC 9266), so we have no -PLUS. "y"
# would claim that we have it, and a server that has it too would end the login as an attack.
NO_BINDING = b"n,,"
# A nonce is printable ASCII without commas. Extensions that we do not know are ignored, as RFC 5802
# wants it, but none of them has the name of an attribute that RFC 5802 defines.
EXTENSIONS = rb"(?:,(?![anmrcsipve]=)[a-zA-Z]=[^,\0]+)*"
SERVER_FIRST = re.compile(rb"r=([!-+\--~]+),s=([^,]+),i=(0|[1-9][0-9]*)" + EXTENSIONS)
SERVER_FINAL = re.compile(rb"v=([^,]+)" + EXTENSIONS)
# Whoever lacks this extension must end the exchange, wherever it stands (RFC 5802, section 5.1).
MANDATORY_EXTENSION = re.compile(rb"(?:^|,)m=")


class ChallengeError(ValueError):
    """A challenge that is invalid in the mechanism."""


class MechanismUnusable(ValueError):
    """The mechanism cannot send this username or password, or this machine lacks it."""


@record
class ClientResponse:
    """A response to the server, and the description to show in its place.

    `proof` is the part of it that passwords could be tried against.
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
        """The initial response in AUTH, `=` if empty (RFC 4954, section 4)."""
        return self.as_line or b"="


@record
class Credentials:
    """The username and secret to log in with, and the host and port for OAUTHBEARER."""

    username: str
    secret: str = field(repr=False)
    host: str = ""
    port: int = 0

    @property
    def shown(self) -> str:
        """The username to show, masked: it may be the secret, or hold one as a URL does."""
        is_both = bool(self.secret) and self.username == self.secret
        return MASK if is_both else mask_credentials(self.username)


Exchange = Generator[ClientResponse | None, bytes, None]

# The response to an error sent as a challenge; the negative reply comes after it.
TO_GET_ERROR = ClientResponse(b"", "[empty response, to get the error]", is_secret=False)


def plain(credentials: Credentials) -> Exchange:
    """PLAIN (RFC 4616): username and password in one response."""
    user, secret = as_bytes(credentials.username), as_bytes(credentials.secret)
    if b"\0" in user + secret:
        raise MechanismUnusable("PLAIN cannot send a NUL byte, and the password contains one")
    yield ClientResponse(
        b"\0" + user + b"\0" + secret, f"[username {credentials.shown} and password]"
    )


def login(credentials: Credentials) -> Exchange:
    """LOGIN (no RFC; draft-murchison-sasl-login): username, then password, each on request."""
    yield None
    shown = f"[username {credentials.shown}]"
    yield ClientResponse(as_bytes(credentials.username), shown, is_secret=False)
    yield ClientResponse(as_bytes(credentials.secret), "[password]")


def cram_md5(credentials: Credentials) -> Exchange:
    """CRAM-MD5 (RFC 2195): a keyed digest of the server's challenge."""
    try:
        keyed = hmac.new(as_bytes(credentials.secret), digestmod="md5")
    except ValueError:
        text = "CRAM-MD5 needs MD5, which this machine forbids (FIPS mode)"
        raise MechanismUnusable(text) from None
    challenge = yield None
    if not challenge:
        raise ChallengeError("the challenge is empty")
    keyed.update(challenge)
    digest = keyed.hexdigest().encode()
    shown = f"[username {credentials.shown} and digest of challenge and password]"
    yield ClientResponse(as_bytes(credentials.username) + b" " + digest, shown, proof=digest)


def new_nonce() -> str:
    """Return 32 random bytes in hexadecimal. Importing `secrets`, which does this, takes 2 ms."""
    return urandom(32).hex()


def scram(name: str, credentials: Credentials) -> Exchange:
    """SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password."""
    try:
        user = saslprep(credentials.username, unassigned=True)
        secret = saslprep(credentials.secret, unassigned=False).encode()
        ours = new_nonce()
        first = f"n={user.replace('=', '=3D').replace(',', '=2C')},r={ours}".encode()
    except (NotPreparable, UnicodeEncodeError):  # the latter quotes the text, maybe the password
        raise MechanismUnusable(f"{name} cannot send this username or password") from None
    challenge = yield ClientResponse(
        NO_BINDING + first, f"[username {credentials.shown} and nonce]"
    )
    # A server's error (RFC 5802, section 7), which mox sends as a challenge before its 535.
    if challenge.startswith(b"e="):
        yield TO_GET_ERROR
        return
    both, salt, iterations = _server_first(challenge, ours.encode())
    digest = name.removeprefix("SCRAM-").replace("-", "").lower()
    salted = hashlib.pbkdf2_hmac(digest, secret, salt, iterations)
    unproved = b"c=" + b64encode(NO_BINDING) + b",r=" + both
    signed = b",".join((first, challenge, unproved))
    client_key = hmac.digest(salted, b"Client Key", digest)
    signature = hmac.digest(hashlib.new(digest, client_key).digest(), signed, digest)
    proof = b64encode(bytes(x ^ y for x, y in zip(client_key, signature, strict=True)))
    challenge = yield ClientResponse(
        unproved + b",p=" + proof, "[proof of the password]", proof=proof
    )
    if challenge.startswith(b"e="):
        yield TO_GET_ERROR
        return
    servers = hmac.digest(hmac.digest(salted, b"Server Key", digest), signed, digest)
    final = SERVER_FINAL.fullmatch(challenge)
    if not final or not hmac.compare_digest(final[1], b64encode(servers)):
        raise ChallengeError("the server did not prove that it knows the password")
    yield ClientResponse(b"", "[empty response]", is_secret=False, server_proved=True)


def _server_first(challenge: bytes, ours: bytes) -> tuple[bytes, bytes, int]:
    """Return both nonces, salt and iterations of a server-first-message (RFC 5802, section 7)."""
    failure = "the challenge is not valid SCRAM"
    try:
        challenge.decode()
    except UnicodeDecodeError:
        raise ChallengeError(f"{failure} (it is not UTF-8)") from None
    if MANDATORY_EXTENSION.search(challenge):
        raise ChallengeError("the server requires an extension of SCRAM that smtp-tui lacks (m=)")
    parts = SERVER_FIRST.fullmatch(challenge)
    if not parts:
        lacks_count = not re.search(rb",i=[0-9]+(?:,|$)", challenge)
        why = "has no" if lacks_count else "is not a nonce, a salt and an"
        raise ChallengeError(f"{failure} (it {why} iteration count)")
    both, salt, iterations = parts.groups()
    try:
        decoded = b64decode(salt, validate=True)
    except binascii.Error:
        raise ChallengeError(f"{failure} (Invalid base 64 encoding)") from None
    _require_costly_to_crack(decoded, iterations)
    if not both.startswith(ours) or both == ours:
        raise ChallengeError(f"{failure} (Client nonce doesn't match)")
    return both, decoded, int(iterations)


def _require_costly_to_crack(salt: bytes, iterations: bytes) -> None:
    """Raise ChallengeError if the proof costs us too much, or is easy to crack."""
    # Python itself refuses to read a number of more than 4,300 digits.
    if len(iterations) > len(str(ITERATIONS_LIMIT)) or int(iterations) > ITERATIONS_LIMIT:
        raise ChallengeError(
            f"the server asks for more than {ITERATIONS_LIMIT} iterations, the most that "
            "smtp-tui computes"
        )
    if int(iterations) < ITERATIONS_LEAST:
        raise ChallengeError(
            f"the server asks for only {int(iterations)} iterations; RFC 5802 and RFC 7677 require "
            f"{ITERATIONS_LEAST}, and smtp-tui sends no proof that is easier to crack (another "
            "program may)"
        )
    if len(salt) < SALT_LEAST:
        raise ChallengeError(
            f"the server's salt has {len(salt)} bytes; smtp-tui requires {SALT_LEAST} or more, but"
            " RFC 5802 sets no limit (another program may log in)"
        )


def xoauth2(credentials: Credentials) -> Exchange:
    """XOAUTH2 (Google and Microsoft): an access token; an error comes as a challenge."""
    user, token = as_bytes(credentials.username), _token(credentials)
    data = b"user=" + user + b"\1auth=Bearer " + token + b"\1\1"
    yield ClientResponse(data, f"[username {credentials.shown} and access token]")
    yield TO_GET_ERROR


def oauthbearer(credentials: Credentials) -> Exchange:
    """OAUTHBEARER (RFC 7628): an access token; an error comes as a challenge."""
    name = credentials.username.replace("=", "=3D").replace(",", "=2C")
    where = f"\1host={credentials.host}\1port={credentials.port}"
    data = as_bytes(f"n,a={name},{where}") + b"\1auth=Bearer " + _token(credentials) + b"\1\1"
    yield ClientResponse(data, f"[username {credentials.shown} and access token]")
    yield ClientResponse(b"\1", "[acknowledgement, to get the error]", is_secret=False)


def _token(credentials: Credentials) -> bytes:
    token = as_bytes(credentials.secret)
    if not all(0x20 < byte < 0x7F for byte in token):
        text = "an access token is printable ASCII without spaces; the password is not"
        raise MechanismUnusable(text)
    return token


def external(credentials: Credentials) -> Exchange:
    """EXTERNAL (RFC 4422, appendix A): the client certificate authenticates."""
    shown = (
        f"[identity {credentials.shown}]"
        if credentials.username
        else "[identity of the certificate]"
    )
    yield ClientResponse(as_bytes(credentials.username), shown, is_secret=False)


def decode_challenge(reply: Reply) -> bytes | None:
    """Return the challenge in a 334 reply, or None if it is not base64 (RFC 4954, section 4)."""
    if len(reply.lines) != 1:
        return None
    try:
        return b64decode(reply.lines[0].strip(), validate=True)
    except binascii.Error:
        return None


MECHANISMS: dict[str, Callable[[Credentials], Exchange]] = {
    "SCRAM-SHA-256": partial(scram, "SCRAM-SHA-256"),
    "SCRAM-SHA-1": partial(scram, "SCRAM-SHA-1"),
    "PLAIN": plain,
    "LOGIN": login,
    "CRAM-MD5": cram_md5,
    "XOAUTH2": xoauth2,
    "OAUTHBEARER": oauthbearer,
    "EXTERNAL": external,
}
# These send the secret itself: anyone who reads the connection gets it.
GIVES_SECRET_AWAY = frozenset({"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"})
# The server proves itself at the end; a success without that proof does not count.
PROVES_SERVER = frozenset({"SCRAM-SHA-256", "SCRAM-SHA-1"})
