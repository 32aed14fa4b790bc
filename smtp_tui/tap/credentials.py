"""Learn the credentials in a dialogue, so that nothing shows them, and forget them with the tap."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from functools import partial

from smtp_tui.smtp.redaction import Redactor, RedactorGroup
from smtp_tui.smtp.replies import Reply
from smtp_tui.smtp.sasl import MECHANISMS
from smtp_tui.tap.command_lines import CommandLine
from smtp_tui.tap.observed import Observed

# Mechanisms that smtp-tui does not know, and applications use.
_MORE_MECHANISMS = frozenset({"ANONYMOUS", "DIGEST-MD5", "GSSAPI", "NTLM"})
# Lines that may be credentials and come too early; to learn each takes time.
EARLY_LIMIT = 16


class SecretRegistry:
    """The secrets of one tap: any server data may repeat those of an earlier client."""

    def __init__(self, host: str, username: str | None = None, secret: str | None = None) -> None:
        self._group = RedactorGroup()
        self._host = host
        self._first = self._group.redactor(host, username, secret)

    def dialogue(self) -> DialogueSecrets:
        """Return the secrets for one more dialogue."""
        return DialogueSecrets(self._first, partial(self._group.redactor, self._host))


class DialogueSecrets:
    """The secrets of one dialogue, with those that the tap knows of others."""

    def __init__(self, first: Redactor, add: Callable[[str, str], Redactor]) -> None:
        # All of this dialogue: one that may occur by chance counts only in its own redactor.
        self._own = [first]
        self._add = add

    def learn(self, username: str, secret: str) -> None:
        """Hide a password or token from now on, in every form."""
        if secret:
            self._own.append(self._add(username, secret))

    def learn_payload(self, payload: bytes, proof: bytes = b"") -> None:
        """Hide what AUTH sent; `proof` is the part of it that passwords can be tried against."""
        self._own[-1].learn(payload, proof)

    def learn_early(self, line: bytes) -> None:
        """Hide a line that may be a response, before the server can repeat it."""
        payload = _decoded(line.strip())
        self.learn("", payload.decode("utf-8", "surrogateescape"))
        self.learn_payload(payload)

    def text(self, text: str) -> str:
        """Return a text of either side without secrets."""
        for redactor in self._own:
            text = redactor.text(text)
        return text

    def reply(self, reply: Reply) -> Reply:
        """Return a reply without secrets."""
        for redactor in self._own:
            reply = redactor.reply(reply)
        return reply

    def shown_reply(self, reply: Reply, *, is_hidden: bool) -> Reply:
        """Return what may be shown of a reply; `is_hidden` is whether it is to a hidden line."""
        if reply.code == 334:
            return Reply(334, (b"[challenge hidden]",))
        if is_hidden:  # some servers repeat a line that they do not know
            enhanced = f"{reply.enhanced} " if reply.enhanced else ""
            return Reply(reply.code, (f"{enhanced}[reply to a hidden line, hidden]".encode(),))
        return self.reply(reply)

    def sentence(self, text: str) -> str:
        """Return a sentence of the tap's own without secrets."""
        for redactor in self._own:
            text = redactor.sentence(text)
        return text

    def excerpt(self, data: bytes, limit: int) -> str:
        """Return the start of server data, which may end in the middle of a secret."""
        for redactor in self._own:
            data = redactor.data(data)
        return min((redactor.excerpt(data, limit) for redactor in self._own), key=len)


class Login:
    """One AUTH exchange; what the application sends in it is learned before it is passed on."""

    def __init__(self, mechanism: str, secrets: DialogueSecrets) -> None:
        self.mechanism = mechanism
        self.username: str | None = None
        self.password: str | None = None
        self._secrets = secrets

    def learn(self, encoded: bytes) -> None:
        """Learn an initial response, or the response to a challenge."""
        if encoded in (b"", b"=", b"*"):
            return
        payload = _decoded(encoded)
        self._find_password(payload)
        if self.password is not None:
            self._secrets.learn(self.username or "", self.password)
        if not (self.mechanism == "LOGIN" and self.password is None):  # a username is no secret
            self._secrets.learn_payload(payload, self._proof(payload))
            self._secrets.learn_payload(encoded)

    def _proof(self, payload: bytes) -> bytes:
        """Return the part that passwords can be tried against, if the password is not sent."""
        if self.password is not None:
            return b""
        if self.mechanism.startswith("SCRAM-"):
            return payload.rpartition(b",p=")[2] if b",p=" in payload else b""
        return payload.split(b" ")[-1]

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


class Logins:
    """The AUTH exchanges of one dialogue, and what may be shown of them."""

    def __init__(self, secrets: DialogueSecrets, observed: Observed) -> None:
        self._secrets = secrets
        self._observed = observed
        self._login: Login | None = None
        self.count = 0
        self._early = 0
        self._is_running = False  # from AUTH, sent too early or not, to its last reply

    def begin(self, argument: str) -> str:
        """Learn what follows AUTH, and return what may be shown of the line."""
        self.count += 1
        self._early, self._is_running = 0, True
        self._login, word, initial = self._begin(argument)
        seen = self._observed
        seen.mechanism, seen.initial_response = self._login.mechanism, bool(initial)
        shown = f"AUTH {word if self._login.mechanism else '[hidden]'}"
        return f"{shown} [initial response hidden]" if initial else shown

    def learn_early(self, command: CommandLine, line: bytes) -> bool:
        """Learn a line that passes before it is known what it is; false if it must wait.

        The server may repeat a credential in a reply that comes before the one to AUTH.
        """
        if command.verb == "AUTH":
            self._is_running = True
        elif command.is_valid or not self._is_running:
            return True
        self._early += 1
        if self._early > EARLY_LIMIT:
            return False
        if command.verb == "AUTH":
            self._begin(command.argument)
        else:
            self._secrets.learn_early(line)
        return True

    def respond(self, line: bytes) -> str:
        """Learn the response to a challenge, and return what may be shown of it."""
        self._login = self._login or Login("", self._secrets)
        self._login.learn(line)
        return "*" if line == b"*" else "[response hidden]"

    def finish(self) -> None:
        """Note the end of an exchange."""
        login, self._login = self._login, None
        self._is_running = False
        if login and login.password is not None:
            self._observed.username, self._observed.password = login.username, login.password

    def _begin(self, argument: str) -> tuple[Login, str, str]:
        word, *others = argument.split(maxsplit=1) or [""]
        initial, name = "".join(others), word.upper()
        offered = self._observed.offer.mechanisms
        if name not in MECHANISMS and name not in (*_MORE_MECHANISMS, *offered):
            name = ""  # it may be a credential
        login = Login(name, self._secrets)
        for encoded in (initial,) if name else (word, initial):
            login.learn(encoded.strip().encode("utf-8", "surrogateescape"))
        return login, word, initial


def _decoded(encoded: bytes) -> bytes:
    try:
        return b64decode(encoded)
    except ValueError:
        return encoded
