"""Learn the credentials in a dialogue, so that nothing shows them, and forget them with the tap."""

from __future__ import annotations

import re
from base64 import b64decode

from smtp_tui.smtp.redaction import Redactor, RedactorGroup


class SecretRegistry:
    """What the tap knows of secrets: those of all its dialogues with one server."""

    def __init__(self, host: str, username: str | None = None, secret: str | None = None) -> None:
        self._group = RedactorGroup()
        self._host = host
        self.redactor: Redactor = self._group.redactor(host, username, secret)

    def learn(self, username: str, secret: str) -> None:
        """Hide a password or token from now on, in every form."""
        if secret:
            self.redactor = self._group.redactor(self._host, username, secret)


class Login:
    """One AUTH exchange; what the application sends in it is learned before it is passed on."""

    def __init__(self, mechanism: str, secrets: SecretRegistry) -> None:
        self.mechanism = mechanism
        self.username: str | None = None
        self.password: str | None = None
        self._secrets = secrets

    def learn(self, encoded: bytes) -> None:
        """Learn an initial response, or the response to a challenge."""
        if encoded in (b"", b"=", b"*"):
            return
        try:
            payload = b64decode(encoded)
        except ValueError:
            payload = encoded
        self._find_password(payload)
        if self.password is not None:
            self._secrets.learn(self.username or "", self.password)
        if not (self.mechanism == "LOGIN" and self.password is None):  # a username is no secret
            self._secrets.redactor.learn(payload)
            self._secrets.redactor.learn(encoded)

    def _find_password(self, payload: bytes) -> None:
        text = payload.decode("utf-8", "surrogateescape")
        match self.mechanism:
            case "PLAIN" if text.count("\0") == 2:
                _, self.username, self.password = text.split("\0")
            case "LOGIN" if self.username is None:
                self.username = text
            case "LOGIN":
                self.password = text
            case "XOAUTH2" | "OAUTHBEARER":
                user = re.search(r"user=([^\x01]*)|a=([^,\x01]*)", text)
                token = re.search(r"auth=Bearer ([^\x01]+)", text, re.IGNORECASE)
                self.username = (user[1] or user[2]) if user else None
                self.password = token[1] if token else None
            case _:
                pass
