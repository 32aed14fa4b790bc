"""The accounts of an msmtp configuration file, each with what it inherits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smtp_tui.interchange.entries import Entry, Unclear

_Account = dict[str, Entry]
_SWITCHES = frozenset({"tls", "tls_starttls", "tls_certcheck", "auth"})


def accounts_in(content: str) -> dict[str, _Account]:
    """Return the accounts by name, in the file's order; empty ones are left out."""
    defaults: _Account = {}
    accounts: dict[str, _Account] = {}
    current = accounts.setdefault("default", {})
    for name, argument, line in _commands(content):
        if name == "defaults":
            current = defaults
        elif name == "account":
            called, _, parents = argument.partition(":")
            current = dict(defaults)
            for parent in filter(None, re.split(r"[\s,]+", parents)):
                current |= accounts.get(parent, {})
            accounts[called.strip()] = current
        else:
            entry = Entry(name, _value(name, argument), line)
            current[name or f"line {line}"] = entry
    return {name: account for name, account in accounts.items() if account}


def _commands(content: str) -> Iterator[tuple[str, str, int]]:
    for number, line in enumerate(content.split("\n"), 1):
        stripped = line.strip(" \t\r")
        if not stripped or stripped.startswith("#"):
            continue
        name, argument = re.split(r"[ \t]+|$", stripped, maxsplit=1)
        if len(argument) > 1 and argument[0] == argument[-1] == '"':
            argument = argument[1:-1]
        yield name.casefold(), argument, number


def _value(name: str, argument: str) -> object:
    if name == "eval":
        return Unclear("computed")
    if name == "passwordeval":
        return argument
    return "on" if name in _SWITCHES and not argument else argument
