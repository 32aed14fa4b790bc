"""What is known of the provider whose server the host is, at the fields that it matters to.

What the value means names the provider and its first note; here stands the rest. Pure but for the
admin's own files of providers, which are read once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from smtp_tui.config.paths import config_folder
from smtp_tui.providers.known import provider_of
from smtp_tui.providers.provider import Provider, Secret, User
from smtp_tui.tui.form.model import ACCOUNT, HOST, PASSWORD, Draft
from smtp_tui.tui.ink import PLAIN, STRONG
from smtp_tui.tui.sidebar.prose import Block, labelled, plain


def provider_blocks(key: str, draft: Draft) -> Iterator[Block]:
    """Yield what a provider says that concerns a field."""
    host = draft.text(HOST)
    if key not in (HOST, ACCOUNT, PASSWORD) or not host:
        return
    own = _own_provider(host)
    provider = own or provider_of(host)
    if provider is None:
        return
    told = list(_told(key, provider, draft, is_own=own is not None))
    if told:
        yield plain(f"At {provider.name}", STRONG)
        yield from told


def _told(key: str, provider: Provider, draft: Draft, *, is_own: bool) -> Iterator[Block]:
    match key:
        case "host":
            for note in (*provider.notes[0 if is_own else 1 :], *provider.limits):
                yield Block(plain(note, PLAIN).spans, "- ", "  ", gap=False)
        case "username" if provider.user is not User.NONE and (is_own or draft.raw(ACCOUNT)):
            yield labelled("Username", provider.username_is)
        case "password" if provider.secret is not Secret.NONE:
            if is_own:
                yield labelled("Password", provider.password_is)
            if provider.page:
                yield labelled("Create it at", provider.page)


def _own_provider(host: str) -> Provider | None:
    known = _own_providers(config_folder() / "providers")
    return next((one for one in known if one.matches(host)), None)


@cache
def _own_providers(folder: Path) -> tuple[Provider, ...]:
    if not folder.is_dir():
        return ()
    from smtp_tui.discovery.presets import presets_with

    known = presets_with(folder)
    return tuple(one for one in known.providers if one.id in known.own)
