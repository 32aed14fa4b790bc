"""Read from a recorded check what the server said to each command. Pure: no I/O.

A recording has replies as they were parsed, and descriptions in place of credentials and messages.
So a command is known by its verb, and all else of it is ignored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from smtp_tui.records import record
from smtp_tui.smtp import events
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Cause, Event
from smtp_tui.smtp.replies import Reply

_NOT_PARSED = "cannot read the reply: "
_NOT_TLS = "instead of TLS the server sent: "
# How the server ended, where it gave no reply; else it stays silent until the client leaves.
_CLOSES = {Cause.SERVER_CLOSED, Cause.CONNECTION_RESET}
_SILENT = {Cause.TLS_HANDSHAKE_TIMEOUT}
_AFTER_TLS_BEGAN = {
    *(Cause.TLS_HANDSHAKE_TIMEOUT, Cause.PLAIN_TEXT_EXPECTED, Cause.TLS_HANDSHAKE_FAILED),
    *(Cause.TLS_VERSION_UNSUPPORTED, Cause.CLIENT_CERTIFICATE_REQUIRED, Cause.TLS_NO_SHARED_CIPHER),
}


class NothingToPlayError(ValueError):
    """A recording without a server; the message is one line for the admin."""


@record
class ScriptStep:
    """What the server said to a command; nothing if the check ended without its reply."""

    verb: str
    replies: tuple[Reply, ...]


@record(kw_only=True)
class ReplayScript:
    """The server's side of a dialogue.

    `greeting` is what it said first; `tls_first` is whether TLS came before that. `certificate` is
    the one it showed. `fault` is why the check ended, None if it passed. `raw` is what it sent
    that is not SMTP or, if `raw_is_tls`, not TLS.
    """

    greeting: tuple[Reply, ...]
    steps: tuple[ScriptStep, ...]
    tls_first: bool
    has_tls: bool
    certificate: Certificate | None
    fault: Cause | None
    raw: str = ""
    raw_is_tls: bool = False

    @property
    def closes(self) -> bool:
        """Whether the server closed the connection instead of a reply."""
        return self.fault in _CLOSES

    @property
    def does_handshake(self) -> bool:
        """Whether the server took part in a TLS handshake."""
        is_cut = self.closes and self.certificate is None
        return self.has_tls and not self.raw_is_tls and not is_cut and self.fault not in _SILENT

    @property
    def begins_with_tls(self) -> bool:
        """Whether a TLS handshake came before the greeting."""
        return self.tls_first and self.does_handshake

    def next_step(self, verb: str, after: int) -> int | None:
        """Return the next step of a verb, or the first one of it; None if there is none."""
        numbers = [number for number, step in enumerate(self.steps) if step.verb == verb]
        later = [number for number in numbers if number >= after]
        return next(iter(later or numbers), None)


def verb_of(command: str) -> str:
    """Return the verb of a command; a message and a response have none."""
    return "" if command.startswith("[") else command.partition(" ")[0].upper()


def script_of(happened: Sequence[Event]) -> ReplayScript:
    """Return what the server said; NothingToPlayError if there was no connection."""
    connected = [at for at, event in enumerate(happened) if isinstance(event, events.Connected)]
    if not connected:
        raise NothingToPlayError("the recording has no server to play: the check did not connect")
    builder = _Builder()
    for event in happened[connected[-1] :]:
        builder.add(event)
    return builder.script()


class _Builder:
    """Puts each reply to the command that it answers, which may have been sent in a group."""

    def __init__(self) -> None:
        self._greeting: list[Reply] = []
        self._steps: list[tuple[str, list[Reply]]] = []
        self._waiting: deque[str] = deque()
        self._handshake: events.TlsEstablished | events.TlsFailed | None = None
        self._has_sent = self._tls_first = False
        self._raw, self._raw_is_tls = "", False
        self._end: events.Finished | None = None

    def add(self, event: Event) -> None:
        match event:
            case events.Sent(text=text):
                self._has_sent = True
                self._waiting.append(text)
            case events.Received(reply=reply):
                self._add_reply(reply)
            case events.TlsEstablished() | events.TlsFailed():
                self._handshake = event
                self._tls_first |= not self._has_sent
            case events.DialogueNote(text=text):
                for sign in (_NOT_PARSED, _NOT_TLS):
                    if text.startswith(sign):
                        self._raw, self._raw_is_tls = text.removeprefix(sign), sign == _NOT_TLS
            case events.Finished():
                self._end = event
            case _:
                pass

    def _add_reply(self, reply: Reply) -> None:
        if self._waiting:
            self._steps.append((verb_of(self._waiting.popleft()), [reply]))
        elif self._steps:  # unprompted, or one of several to a message over LMTP
            self._steps[-1][1].append(reply)
        else:
            self._greeting.append(reply)

    def script(self) -> ReplayScript:
        fault = self._end.fault if self._end else None
        steps = [ScriptStep(verb, tuple(replies)) for verb, replies in self._steps]
        steps += [ScriptStep(verb_of(command), ()) for command in self._waiting]
        # A handshake without certificates leaves no event.
        has_tls = self._handshake is not None or fault in _AFTER_TLS_BEGAN
        chain = self._handshake.chain if self._handshake else ()
        return ReplayScript(
            greeting=tuple(self._greeting),
            steps=tuple(steps),
            tls_first=self._tls_first or (has_tls and not self._has_sent and not self._greeting),
            has_tls=has_tls,
            certificate=chain[0] if chain else None,
            fault=fault,
            raw=self._raw,
            raw_is_tls=self._raw_is_tls,
        )
