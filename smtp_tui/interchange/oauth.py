"""Which applications can log in with access tokens, and what the others need: data with sources."""

from __future__ import annotations

import tomllib
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path

from smtp_tui.providers import DataProvenance, ProviderEntryKind, provenance_of
from smtp_tui.records import record

RELAY = (
    "Put a relay between it and the provider that signs in itself, such as Postfix with "
    "sasl-xoauth2, or email-oauth2-proxy"
)


class TokenAbility(StrEnum):
    """What an application can do with access tokens."""

    YES = "yes"
    OWN = "own"
    FIXED = "fixed"
    NO = "no"


@record(kw_only=True)
class TokenUse:
    """An application's ability; `name` is that of its format or dialect. See `oauth.toml`."""

    name: str
    application: str
    xoauth2: TokenAbility
    how: str
    sources: tuple[str, ...]
    taken: date

    @property
    def needs_relay(self) -> bool:
        """Whether a token ends before the application gets a new one."""
        return self.xoauth2 in (TokenAbility.FIXED, TokenAbility.NO)

    @property
    def advice(self) -> str:
        """What an admin must know, without a full stop at the end."""
        own = f"{self.application} {self.how}"
        return f"{own}. {RELAY}" if self.needs_relay else own

    @property
    def provenance(self) -> DataProvenance:
        """The entry's sources."""
        entry = {"sources": self.sources, "taken": self.taken}
        return provenance_of(ProviderEntryKind.APPLICATION, self.name, entry)


@cache
def token_uses() -> tuple[TokenUse, ...]:
    """Return what is known, in the order of the file."""
    path = Path(__file__).with_suffix(".toml")
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        TokenUse(
            name=name,
            application=table["application"],
            xoauth2=TokenAbility(table["xoauth2"]),
            how=table["how"],
            sources=tuple(table["sources"]),
            taken=table["taken"],
        )
        for name, table in tables.items()
    )


def token_use(name: str) -> TokenUse | None:
    """Return what is known about the application of a format or dialect."""
    return next((use for use in token_uses() if use.name == name), None)
