"""Take settings from servers and providers, line by line."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from smtp_tui.config.paths import absolute
from smtp_tui.diagnosis.causes import label
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.search import TIMEOUT
from smtp_tui.discovery.steps import DiscoveryFinding, ProbeResult, ProbeStarted, Step, parse_query
from smtp_tui.providers import Provider
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.linear.console import StoppedError, stoppable
from smtp_tui.tui.linear.context import LinearContext
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.draft import HOST
from smtp_tui.tui.model.fixes import format_changes, format_done
from smtp_tui.tui.model.server_search import known_presets, search_servers
from smtp_tui.tui.model.settings_changes import (
    DiscoveredServers,
    next_step,
    preset_change,
    proposed_search,
    server_change,
    server_remarks,
)

MOST_LISTED = 20


class LinearSearch:
    """Finds settings, and sets those that the admin chooses as one step.

    The methods return the field that the admin should go to next, or None.
    """

    def __init__(self, context: LinearContext) -> None:
        self.context, self.console, self.draft = context, context.console, context.draft

    async def discover(self, name: str) -> None:
        """Search for the servers of a name, or of the settings' address or host."""
        if self.context.is_demo:
            self.console.show(text("discover", "alone", presets=key_of("presets")))
            return
        if not name:
            name = self._asked(text("discover", "name"), proposed_search(self.draft)) or ""
        if not name:
            return
        try:
            query = parse_query(name)
        except ValueError as error:
            self.console.show(text("discover", "refused", problem=error))
            return
        results, folder = DiscoveredServers(query.name), absolute(self.context.document.path).parent
        seconds = f"{TIMEOUT:g}"
        asking = text("discover", "asking", name=query.name)
        self.console.show(f"{asking}, {seconds} s at most. Ctrl+C stops.")
        try:
            await stoppable(
                self._follow(search_servers(query, self.draft, folder, Resolver()), results)
            )
        except StoppedError:
            self.console.show_stopped("Stopped. You can use the servers found so far.")
        self._choose_server(results)

    async def presets(self, words: str) -> str | None:
        """List the providers that match words, and set the settings of the chosen one."""
        asked = words or self._asked("Letters of a provider's name or host", "")
        if asked is None:
            return None
        words = asked
        matching = [
            provider
            for provider in known_presets().providers
            if all(word in _searched(provider) for word in words.casefold().split())
        ]
        if not words or not matching:
            self.console.show(f"No provider matches. {key_of('discover')} searches for a server.")
            return None
        if len(matching) > MOST_LISTED:
            self.console.show(f"{len(matching)} providers match. Type more letters.")
            return None
        chosen = self.console.choose_line("Providers:", [provider.name for provider in matching])
        if chosen is None:
            return None
        provider = matching[chosen]
        ways = [f"port {way.port}, encryption {way.encryption}" for way in provider.ways]
        way = self.console.choose_line(f"Ports of {provider.name}:", ways) if len(ways) > 1 else 0
        if way is None:
            return None
        for line in (f"Username: {provider.username_is}", f"Password: {provider.password_is}"):
            self.console.show(line)
        for note in (*provider.notes, *provider.limits):
            self.console.show(note, "- ", "  ")
        before = self.draft.raw(HOST)
        self._take(preset_change(provider, provider.ways[way], self.draft), provider.name)
        is_new = self.draft.raw(HOST) != before
        key, hint = next_step(provider, self.draft, is_new=is_new) or (None, "")
        if hint:
            self.console.show(hint)
        return key

    async def _follow(self, search: AsyncGenerator[Step, None], results: DiscoveredServers) -> None:
        # A generator that is not closed would leave its sockets open.
        async with aclosing(search) as steps:
            async for step in steps:
                results.add(step)
                match step:
                    case DiscoveryFinding():
                        self.console.show(step.text, "  ", "    ")
                    case ProbeStarted():
                        ports = "1 port" if step.ports == 1 else f"{step.ports} ports"
                        self.console.show(f"Probing {ports} …", "  ")
                    case ProbeResult() if step.is_reached:
                        self.console.show(f"{step.host} port {step.port} answers", "  ")
                    case _:
                        pass

    def _choose_server(self, results: DiscoveredServers) -> None:
        """Show the result, and set the server that the admin chooses."""
        result = results.result
        if result is not None and result.values:
            identity = "found" if result.ok else "nearest"
            self.console.show(text("discover", identity, **result.values))
        elif result is not None:
            self.console.show(text("discover", "nothing", reason=result.reason))
        for row in results.rows:
            if row.probe is None:
                ports = ", ".join(row.ports)
                self.console.show(
                    f"{row.host} port {ports}: {label(row.cause or '')}", "  ", "    "
                )
        probes = [row.probe for row in results.rows if row.probe is not None]
        if not probes:
            return
        lines = [f"{probe.host} port {probe.port}: {probe.reason}" for probe in probes]
        chosen = self.console.choose_line("Use one of them?", lines)
        if chosen is None:
            return
        probe = probes[chosen]
        remarks = server_remarks(probe, self.draft)
        self._take(server_change(probe, self.draft), f"{probe.host} port {probe.port}")
        if remarks:
            self.console.show(remarks)

    def _take(self, change: Mapping[str, object], name: str) -> None:
        shown = format_changes(change, self.draft)
        if not change:
            self.console.show(f"{name}. {text('discover', 'same')}")
            return
        self.console.show(f"{name}. {shown}.")
        self.context.apply(change)
        self.console.show(format_done(change, self.draft, key_of("undo")))

    def _asked(self, prompt: str, proposed: str) -> str | None:
        typed = self.console.ask_within(f"{prompt} [{proposed}]: " if proposed else f"{prompt}: ")
        return None if typed is None else typed or proposed


def _searched(provider: Provider) -> str:
    words = (provider.id, provider.name, *provider.hosts, *provider.domains)
    return " ".join(words).casefold()
