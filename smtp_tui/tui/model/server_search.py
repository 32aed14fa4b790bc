"""Search for the servers of a name, with what the draft says about trust and the EHLO name."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from smtp_tui.config.paths import config_folder, expand
from smtp_tui.discovery.dns import Resolver, prepare
from smtp_tui.discovery.search import DiscoveryOptions, discover
from smtp_tui.discovery.steps import DiscoveryQuery, Step
from smtp_tui.providers import Presets, presets_with
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.starttls import load_context
from smtp_tui.smtp.tls import TlsContextError
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.model.draft import SettingsDraft

CA_FILE, DOMAIN = "ca_file", "domain"
# Seconds to load the CA file before the search continues without it.
PATIENCE = 2.0


def known_presets() -> Presets:
    """Return the known providers and the admin's own, which are files on a disk."""
    return presets_with(config_folder() / "providers")


async def search_servers(
    query: DiscoveryQuery,
    draft: SettingsDraft,
    folder: Path,
    resolver: Resolver,
    *,
    with_web: bool = False,
) -> AsyncGenerator[Step, None]:
    """Yield the steps of a search; paths in the draft are relative to `folder`."""
    # Importing dnspython takes 60 to 100 ms: keep it out of the event loop, which answers keys.
    await in_daemon_thread(prepare)
    known = await in_daemon_thread(known_presets)
    parsed = draft.parsed()
    options = DiscoveryOptions(
        resolver=resolver,
        providers=known.providers,
        with_autoconfig=with_web,
        ca_file=await _ca_file(parsed[CA_FILE], folder),
        domain=parsed[DOMAIN],
    )
    async with aclosing(discover(query, options)) as steps:
        async for step in steps:
            yield step


async def _ca_file(named: str | None, folder: Path) -> str | None:
    """Return the CA file's path if it loads, else None; only a test reports its problems."""
    if not named:
        return None
    path = str(expand(named, folder))
    # Only the CA file matters here; nothing connects to this host.
    raws = {"host": "localhost", "encryption": "tls", CA_FILE: path}
    settings = parse_settings(raws).settings
    try:
        if settings is not None:
            await load_context(settings, PATIENCE)
    except (TlsContextError, TimeoutError):
        return None
    return path
