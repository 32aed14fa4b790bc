"""What a server says it can do: the lines of an EHLO reply (RFC 5321, section 4.1.1.1)."""

from __future__ import annotations

from smtp_tui.records import record
from smtp_tui.smtp.replies import Reply


@record
class Offer:
    """The EHLO keywords in upper case with their parameters, in the server's order.

    `redacted` are those that may be shown, where they are others: to hide a secret may join lines.
    """

    keywords: tuple[tuple[str, str], ...] = ()
    redacted: tuple[tuple[str, str], ...] | None = None

    def __contains__(self, keyword: str) -> bool:
        return any(name == keyword for name, _ in self.keywords)

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """The keywords as they may be shown."""
        return self.keywords if self.redacted is None else self.redacted

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The SASL mechanisms offered (RFC 4954, section 3), once each."""
        return _mechanisms(self.keywords)

    @property
    def shown_mechanisms(self) -> tuple[str, ...]:
        """The mechanisms as they may be shown."""
        return _mechanisms(self.shown)

    @property
    def size_limit(self) -> int:
        """The largest message in bytes (RFC 1870, section 3); nought where none is told."""
        told = next((rest for name, rest in self.keywords if name == "SIZE"), "")
        return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else 0

    def apart_from(
        self, other: Offer, *, ignoring: frozenset[str] = frozenset()
    ) -> tuple[str, ...]:
        """The keywords of this offer that the other has not, as they may be shown."""
        return tuple(
            f"{name} {parameters}".rstrip()
            for name, parameters in self.shown
            if (name, parameters) not in other.shown and name not in ignoring
        )


def parse_offer(reply: Reply, redacted: Reply | None = None) -> Offer:
    """Read the keywords of an EHLO reply; its first line is the server's name and greeting."""
    return Offer(_keywords(reply), _keywords(redacted) if redacted else None)


def _keywords(reply: Reply) -> tuple[tuple[str, str], ...]:
    return tuple(_keyword(line) for line in reply.text.split("\n")[1:] if line.strip())


def _mechanisms(keywords: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    named = [
        mechanism.upper()
        for name, parameters in keywords
        if name == "AUTH"
        for mechanism in parameters.split()
    ]
    return tuple(dict.fromkeys(named))


def _keyword(line: str) -> tuple[str, str]:
    # Servers older than RFC 2554 write `AUTH=LOGIN PLAIN`; clients of their time asked for it.
    if line[:5].upper() == "AUTH=":
        line = f"AUTH {line[5:]}"
    name, *parameters = line.split(maxsplit=1)
    return name.upper(), parameters[0].strip() if parameters else ""
