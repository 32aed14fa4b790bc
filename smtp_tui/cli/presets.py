"""`smtp-tui presets`: the providers that are known, and the settings of one."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from smtp_tui.checks.exit_status import NEGATIVE, PASSED
from smtp_tui.cli.output import print_error, print_line
from smtp_tui.cli.parser import Invocation
from smtp_tui.config.paths import config_folder
from smtp_tui.config.toml_edit.values import toml_value
from smtp_tui.discovery.candidates import Presets, presets_with
from smtp_tui.providers.provider import Provider
from smtp_tui.smtp.escaping import escape_controls

WIDTH = 80


def presets(call: Invocation) -> int:
    """List the providers, or print one's settings as TOML."""
    known = presets_with(config_folder() / "providers")
    for fault in known.faults:
        print_error(fault)
    if not call.words:
        _tell_all(known, as_json=call.options.json)
        return PASSED
    wanted = call.words[0].casefold()
    provider = next((one for one in known.providers if one.id.casefold() == wanted), None)
    if provider is None:
        print_error(f"there is no provider {call.words[0]!r}; {_hint(wanted, known)}")
        return NEGATIVE
    if call.options.json:
        print_line(json.dumps(_object(provider, known)))
    else:
        for line in _toml(provider):
            print_line(line)
    return PASSED


def _hint(wanted: str, known: Presets) -> str:
    from difflib import get_close_matches

    close = get_close_matches(wanted, [one.id for one in known.providers], 1)
    return f"did you mean {close[0]}?" if close else "smtp-tui presets lists them"


def _tell_all(known: Presets, *, as_json: bool) -> None:
    if as_json:
        for provider in known.providers:
            print_line(json.dumps(_object(provider, known)))
        return
    width = max(len(one.id) for one in known.providers)
    for provider in known.providers:
        print_line(f"{provider.id:{width}}  {provider.name}")
        for line in _wrapped(f"{provider.hosts[0]} {_ways(provider)}", " " * (width + 2)):
            print_line(line)


def _ways(provider: Provider) -> str:
    return ", ".join(f"{way.port} {way.encryption}" for way in provider.ways)


def _object(provider: Provider, known: Presets) -> dict[str, Any]:
    return {
        "id": provider.id,
        "name": provider.name,
        "own": provider.id in known.own,
        "host": provider.host,
        "hosts": list(provider.hosts),
        "ways": [{"port": way.port, "encryption": way.encryption} for way in provider.ways],
        "more_ways": provider.more_ways,
        "authentication": list(provider.authentication),
        "username": provider.username,
        "username_is": provider.username_is,
        "password_is": provider.password_is,
        "page": provider.page,
        "limits": list(provider.limits),
        "notes": list(provider.notes),
        "settings": provider.preset(),
        "sources": list(provider.sources),
        "taken": provider.taken.isoformat(),
    }


def _toml(provider: Provider) -> Iterator[str]:
    """Yield a table with the settings, and in comments what only the admin can fill in."""
    for text in _comments(provider):
        yield from _wrapped(text, "# ", "#   ")
    yield "[smtp]"
    for key, value in provider.preset().items():
        yield f"{key} = {toml_value(value)}"


def _wrapped(text: str, first: str, rest: str | None = None) -> list[str]:
    return textwrap.wrap(
        escape_controls(text),
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _comments(provider: Provider) -> Iterator[str]:
    yield provider.name
    if provider.host is None:
        yield f"host: yours to choose, among {', '.join(provider.hosts)}"
    yield f"username: {provider.username_is}"
    yield f"password: {provider.password_is}"
    if provider.page:
        yield f"credentials: {provider.page}"
    if len(provider.ways) > 1:
        yield f"ports: {_ways(provider)}{'; there may be more' if provider.more_ways else ''}"
    yield from (*provider.notes, *provider.limits)
    yield f"source: {provider.sources[0]} ({provider.taken.isoformat()})"
