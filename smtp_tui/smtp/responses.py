"""What every SASL mechanism is made of: who logs in, what goes to the server, and what may fail."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Generator
from dataclasses import field

from smtp_tui.records import record
from smtp_tui.settings.masking import mask_credentials

Exchange = Generator["Response | None", bytes, None]


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

    @property
    def shown(self) -> str:
        """The name as people and logs get it: `user:password@host` may have been pasted there."""
        return mask_credentials(self.username)


# The answer to an error that came as a challenge; the reply that refuses comes after it.
TO_GET_ERROR = Response(b"", "[empty response, to get the error]", is_secret=False)
