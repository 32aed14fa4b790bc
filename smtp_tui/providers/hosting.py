"""Recognise the machine's hosting provider, and load what it says about outgoing mail ports."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from smtp_tui.providers import DataProvenance, ProviderEntryKind, provenance_of
from smtp_tui.records import record

DMI = Path("/sys/class/dmi/id")
FILE = Path(__file__).with_name("hosting.toml")
SIGNS = ("sys_vendor", "product_name", "chassis_asset_tag", "board_vendor", "bios_vendor")
"""The files of DMI that may name a provider; every user can read them."""
# Bytes; the strings of DMI are shorter.
_LONGEST = 256


@record(kw_only=True)
class HostingProvider:
    """A hosting provider and its rule for outgoing mail.

    `signs` are the values of files of DMI, of which one group identifies its machines. `ports` are
    the outgoing ports that the provider blocks according to its own pages, with or without a
    condition; `rule` completes "the provider …", `request` says how to get a port opened. Both are
    None if they are unknown.
    """

    id: str
    name: str
    sources: tuple[str, ...]
    taken: date
    signs: tuple[Mapping[str, str], ...] = ()
    ports: tuple[int, ...] = ()
    rule: str | None = None
    request: str | None = None

    @property
    def provenance(self) -> DataProvenance:
        """The entry's sources."""
        entry = {"sources": self.sources, "taken": self.taken}
        return provenance_of(ProviderEntryKind.EGRESS, self.id, entry)

    @property
    def source(self) -> str:
        """The source of the rule."""
        return self.sources[0]


@cache
def hosting_providers() -> tuple[HostingProvider, ...]:
    """Return the known hosting providers, in the order of the file."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))["hosting"]
    lists = ("signs", "ports", "sources")
    return tuple(
        HostingProvider(**table | {key: tuple(table[key]) for key in lists if key in table})
        for table in tables
    )


def hosting_provider(folder: Path | None = None) -> HostingProvider | None:
    """Return the provider of the machine that DMI describes in `folder`; None if unknown.

    A container sees the DMI of its host, which is the machine that its connections leave.
    """
    found = {name: _read(folder or DMI, name) for name in SIGNS}
    for provider in hosting_providers():
        for signs in provider.signs:
            if all(found[name] == value for name, value in signs.items()):
                return provider
    return None


def _read(folder: Path, name: str) -> str | None:
    path = folder / name
    try:
        if not path.is_file():  # reading anything else may wait
            return None
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
