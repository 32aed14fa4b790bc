"""`smtp-tui presets`, `dialects` and `sources`: list the data that smtp-tui uses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtp_tui.checks.exit_status import NEGATIVE, PASSED, SETTINGS
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.parser import UsageError, closest
from smtp_tui.cli.terminal import print_error, print_line, wrapped
from smtp_tui.config.dialects.detect import all_headers, user_dialects_folder
from smtp_tui.config.dialects.spec import ANYWHERE, DialectSignature
from smtp_tui.config.paths import config_folder
from smtp_tui.config.toml_edit.values import toml_value
from smtp_tui.lazy import load
from smtp_tui.providers import DataProvenance, Presets, Provider, older_than, presets_with

if TYPE_CHECKING:
    from smtp_tui.providers.hosting import HostingProvider

WIDTH = 80
# Default of --older-than: days after which a source should be read again.
OLD = 180
_LONGEST_NAME = 60
_PROVIDER_KEYS = (
    *("id", "name", "own", "host", "hosts", "ways", "more_ways", "authentication", "username"),
    *("username_is", "password_is", "page", "limits", "notes", "settings", "sources", "taken"),
)
_DIALECT_KEYS = ("name", "application", "file", "own", "files", "tables", "source")


def presets(call: Invocation) -> int:
    """List the providers, or print the settings of one."""
    registry = _presets()
    chosen = list(registry.providers)
    if call.words:
        wanted = call.words[0].casefold()
        chosen = [entry for entry in registry.providers if entry.id.casefold() == wanted][:1]
        if not chosen:
            hint = closest(wanted, [provider.id for provider in registry.providers])
            hint = hint or "smtp-tui presets lists them"
            print_error(f"there is no provider {call.words[0]!r}; {hint}")
            return NEGATIVE
    width = max(len(provider.id) for provider in registry.providers)
    for provider in chosen:
        if call.options.json:
            print_line(json.dumps(_provider_object(provider, registry)))
        elif call.words:
            _print_settings(provider)
        else:
            print_line(f"{provider.id:{width}}  {provider.name}")
            indent = " " * (width + 2)
            text = f"{provider.hosts[0]} {_ports(provider)}"
            for line in wrapped(text, WIDTH, indent, indent, break_long_words=False):
                print_line(line)
    return PASSED


def _presets() -> Presets:
    registry = presets_with(config_folder() / "providers")
    for fault in registry.faults:
        print_error(fault)
    return registry


def _print_settings(provider: Provider) -> None:
    """Print the settings as TOML, with comments on what the admin must fill in."""
    for comment in _comments(provider):
        for line in wrapped(comment, WIDTH, "# ", "#   ", break_long_words=False):
            print_line(line)
    print_line("[smtp]")
    for key, value in provider.preset().items():
        print_line(f"{key} = {toml_value(value)}")


def _comments(provider: Provider) -> Iterator[str]:
    yield provider.name
    if provider.host is None:
        yield f"host: yours to choose, among {', '.join(provider.hosts)}"
    yield f"username: {provider.username_is}"
    yield f"password: {provider.password_is}"
    if provider.page:
        yield f"credentials: {provider.page}"
    if len(provider.ways) > 1:
        yield f"ports: {_ports(provider)}{'; there may be more' if provider.more_ways else ''}"
    yield from (*provider.notes, *provider.limits)
    yield f"source: {provider.sources[0]} ({provider.taken.isoformat()})"


def _ports(provider: Provider) -> str:
    return ", ".join(f"{way.port} {way.encryption}" for way in provider.ways)


def _provider_object(provider: Provider, registry: Presets) -> dict[str, Any]:
    return {key: getattr(provider, key, None) for key in _PROVIDER_KEYS} | {
        "own": provider.id in registry.own,
        "ways": [{"port": way.port, "encryption": way.encryption} for way in provider.ways],
        "settings": provider.preset(),
        "taken": provider.taken.isoformat(),
    }


def dialects(call: Invocation) -> int:
    """List the dialects in the order of detection; report faulty ones and return 3."""
    headers, faults = all_headers(user_dialects_folder())
    if call.options.json:
        objects = [
            {key: getattr(header, key, None) for key in _DIALECT_KEYS} | {"file": str(header.place)}
            for header in headers
        ]
        print_line(json.dumps(objects))
    else:
        rows = [_dialect_row(header) for header in headers]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
            print_line("  ".join(cells).rstrip())
    for fault in faults:
        print_error(fault)
    return SETTINGS if faults else PASSED


def _dialect_row(header: DialectSignature) -> tuple[str, ...]:
    """Return name, application, file and tables, and the owner."""
    named = {".": "the top of the file", ANYWHERE: "any table"}
    tables = ", ".join(named.get(table, f"[{table}]") for table in header.tables)
    file = f"{header.files[0]}: {tables}" if header.files else tables
    owner = "shipped"
    if header.own:
        home, place = Path.home(), header.place
        shown = f"~/{place.relative_to(home)}" if place.is_relative_to(home) else place
        owner = f"your own, {shown}"
    return header.name, header.application, file, owner


def sources(call: Invocation) -> int:
    """List outdated entries, undated ones first; return 1 if there are any."""
    days = OLD if call.options.older_than is None else call.options.older_than
    if days < 0:
        raise UsageError("--older-than needs a number of days, 0 or more")
    today = date.today()
    entries = _entries()
    old = list(older_than(entries, days, today))
    for entry in old:
        taken = entry.taken.isoformat() if entry.taken else None
        if call.options.json:
            line = {
                "kind": entry.kind,
                "name": entry.name,
                "sources": list(entry.sources),
                "taken": taken,
                "days": (today - entry.taken).days if entry.taken else None,
            }
            print_line(json.dumps(line))
            continue
        is_long = len(entry.name) > _LONGEST_NAME
        name = f"{entry.name[: _LONGEST_NAME - 1]}…" if is_long else entry.name
        print_line(f"{taken or 'undated':10}  {entry.kind:6}  {name}: {'; '.join(entry.sources)}")
    if not old and not call.options.json:
        print_line(f"All {len(entries)} entries were read within the last {days} days.")
    return NEGATIVE if old else PASSED


def _entries() -> list[DataProvenance]:
    # The reply rules take 25 ms to load, and no other list needs them.
    of_rules: list[DataProvenance] = load("diagnosis.rules:provenances")()
    hosting: tuple[HostingProvider, ...] = load("providers.hosting:hosting_providers")()
    others = (
        *(*_presets().providers, *hosting),
        *load("discovery.demands:demands")(),
        *load("discovery.blocklists:blocklists")(),
        *load("interchange.oauth:token_uses")(),
    )
    of_sign_ins: list[DataProvenance] = [
        *load("oauth.providers:provenances")(),
        *load("diagnosis.oauth_errors:provenances")(),
    ]
    return [*(entry.provenance for entry in others), *of_rules, *of_sign_ins]
