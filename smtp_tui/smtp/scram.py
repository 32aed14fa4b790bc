"""SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from scramp import ScramClient, ScramException

from smtp_tui.smtp.sasl import (
    TO_GET_ERROR,
    ChallengeError,
    ClientResponse,
    Credentials,
    Exchange,
    MechanismUnusable,
)

# A hostile server must not keep the processor busy for long. So many take half a second on a
# common machine, and a caller does not wait in the event loop.
ITERATIONS_LIMIT = 2_000_000
# Whoever hears the exchange can try passwords against the proof. RFC 5802 and RFC 7677 ask servers
# for so many at least; Dovecot and Cyrus SASL store no fewer.
ITERATIONS_LEAST = 4096
# scramp's limit, not the RFCs'. Dovecot and Cyrus SASL send 16 bytes, mox 12.
SALT_LEAST = 12
# Begins a server's error (RFC 5802, section 7), which mox sends as a challenge before its 535.
_ERROR = b"e="


def scram(name: str, login: Credentials) -> Exchange:
    """Prove to the server that we know the password, and have it prove the same."""
    client, first = _begun(name, login)
    challenge = yield ClientResponse(first, f"[username {login.shown} and nonce]")
    if challenge.startswith(_ERROR):
        yield TO_GET_ERROR
        return
    final = _final(client, challenge)
    proof = final.rpartition(b",p=")[2]
    challenge = yield ClientResponse(final, "[proof of the password]", proof=proof)
    if challenge.startswith(_ERROR):
        yield TO_GET_ERROR
        return
    with _reading("the server did not prove that it knows the password"):
        client.set_server_final(challenge.decode())
    yield ClientResponse(b"", "[empty response]", is_secret=False, server_proved=True)


def _begun(name: str, login: Credentials) -> tuple[ScramClient, bytes]:
    try:
        client = ScramClient([name], login.username, login.secret)
        return client, client.get_client_first().encode()
    except (ScramException, UnicodeEncodeError):  # their words may quote the password
        raise MechanismUnusable(f"{name} cannot send this username or password") from None


def _final(client: ScramClient, challenge: bytes) -> bytes:
    for count in _values(challenge, b"i=") or [b""]:
        _check_iterations(count)
    for salt in _values(challenge, b"s="):
        _check_salt(salt)
    with _reading("the challenge is not valid SCRAM"):
        client.set_server_first(challenge.decode())
        final: str = client.get_client_final()
        return final.encode()


@contextmanager
def _reading(failure: str) -> Iterator[None]:
    """Tell of a challenge that cannot be read as this failure, and why."""
    try:
        yield
    except UnicodeDecodeError:
        raise ChallengeError(f"{failure} (it is not UTF-8)") from None
    except (ScramException, ValueError) as error:
        words = str(error.args[0]).rstrip(".")
        raise ChallengeError(f"{failure} ({words})") from None


def _values(challenge: bytes, name: bytes) -> list[bytes]:
    parts = challenge.split(b",")
    return [part.removeprefix(name) for part in parts if part.startswith(name)]


def _check_iterations(count: bytes) -> None:
    if not count.isdigit():
        raise ChallengeError("the challenge is not valid SCRAM (it has no iteration count)")
    if len(count) > 7 or int(count) > ITERATIONS_LIMIT:
        text = f"the server asks for more than {ITERATIONS_LIMIT} iterations"
        raise ChallengeError(f"{text}, the most that smtp-tui computes")
    if int(count) < ITERATIONS_LEAST:
        text = f"the server asks for only {int(count)} iterations; RFC 5802 and RFC 7677 require"
        text = f"{text} {ITERATIONS_LEAST}, and smtp-tui sends no proof that is easier to crack"
        raise ChallengeError(f"{text} (another program may)")


def _check_salt(salt: bytes) -> None:
    with suppress(binascii.Error):  # told of as scramp reads it
        length = len(b64decode(salt, validate=True))
        if 0 < length < SALT_LEAST:
            text = (
                f"the server's salt has {length} bytes; smtp-tui requires {SALT_LEAST} or more, but"
            )
            text = f"{text} RFC 5802 sets no limit"
            raise ChallengeError(f"{text} (another program may log in)")
