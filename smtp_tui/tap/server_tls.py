"""TLS with the server: nothing of the application passes before it stands.

With STARTTLS, the tap sends EHLO and STARTTLS before the application's first command.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto

from smtp_tui.settings.choices import Encryption
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.replies import Reply, parse_ehlo
from smtp_tui.tap.observed import Observed
from smtp_tui.tap.passage import Wires


class _State(Enum):
    UNDECIDED = auto()
    RUNNING = auto()
    DONE = auto()


class ServerTls:
    """Whether the server's side is as encrypted as the settings say, and the way there.

    The server gets the application's own name, so that it judges the same client as without a tap.
    """

    def __init__(
        self,
        wires: Wires,
        observed: Observed,
        *,
        encryption: Encryption,
        is_optional: bool,
        send: Callable[[str, str], None],
        note: Callable[[str], None],
    ) -> None:
        """`is_optional`: start TLS only if the server offers it; `send` gets a verb and a line."""
        self._wires = wires
        self._observed = observed
        self._is_required = encryption is Encryption.TLS
        is_wanted = self._is_required or (encryption is Encryption.NONE and is_optional)
        self._state = _State.UNDECIDED if is_wanted else _State.DONE
        if encryption is Encryption.SSL:
            self._state = _State.RUNNING
        self._send = send
        self._note = note

    @property
    def is_undecided(self) -> bool:
        """Whether the tap must begin before it passes a command on."""
        return self._state is _State.UNDECIDED

    @property
    def is_running(self) -> bool:
        """Whether the application has to wait."""
        return self._state is _State.RUNNING

    @property
    def is_done(self) -> bool:
        """Whether bytes can pass."""
        return self._state is _State.DONE

    def begin(self, line: bytes) -> None:
        """Send EHLO with the name in the application's first line, if it has one."""
        self._state = _State.RUNNING
        verb, _, name = line.decode("ascii", "replace").strip().partition(" ")
        is_name = verb.upper() in ("EHLO", "HELO") and re.fullmatch(r"[!-~]{1,255}", name.strip())
        self._send("EHLO", f"EHLO {name.strip() if is_name else '[127.0.0.1]'}")

    def on_reply(self, verb: str, reply: Reply, shown: str, *, has_more: bool) -> None:
        """Continue after the server's reply; `has_more` is whether it sent more bytes."""
        if verb == "EHLO":
            self._on_offer(reply, shown)
        elif reply.code != 220:
            self._wires.stop(f"the server rejects STARTTLS: {shown}", Stage.TLS)
        elif has_more:
            text = "the server sent bytes between STARTTLS and the handshake"
            self._wires.stop(text, Stage.TLS)
        else:
            self._wires.secure_server()

    def end(self) -> None:
        """Let bytes pass: TLS with the server has begun."""
        self._state = _State.DONE

    def _on_offer(self, reply: Reply, shown: str) -> None:
        if reply.code == 250:
            self._observed.clear_offer = parse_ehlo(reply)
        if reply.code != 250 and self._is_required:
            self._wires.stop(f"the server rejects EHLO: {shown}", Stage.EHLO)
        elif "STARTTLS" in self._observed.clear_offer:
            self._send("STARTTLS", "STARTTLS")
        elif self._is_required:
            text = "the server does not offer STARTTLS, and the settings require it"
            self._wires.stop(text, Stage.TLS)
        elif self._observed.encryption != "none":
            text = (
                "the application encrypts, and the server does not offer STARTTLS: the tap does "
                "not send its password unencrypted"
            )
            self._wires.stop(text, Stage.TLS)
        else:
            self._note("the server does not offer STARTTLS: its side stays unencrypted")
            self.end()
