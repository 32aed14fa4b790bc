"""Show the last test as other programs' commands, as a report, and with DNS facts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from smtp_tui.checks.equivalents import equivalent_commands
from smtp_tui.checks.output_file import FileNotWrittenError
from smtp_tui.checks.report import write_report
from smtp_tui.config.paths import expand, is_there
from smtp_tui.discovery.dns import Resolver, prepare
from smtp_tui.discovery.domain import SECONDS, DomainCheck
from smtp_tui.discovery.facts import DomainFact, FactSeverity
from smtp_tui.lazy import load
from smtp_tui.smtp.events import Event
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.linear.console import StoppedError, stoppable
from smtp_tui.tui.linear.context import NO_TEST, LinearContext
from smtp_tui.tui.messages import as_sentence, reword, text
from smtp_tui.tui.model import drift
from smtp_tui.tui.model.check_request import request_for, title_of
from smtp_tui.tui.model.session import CompletedTest, last_chain, last_connected
from smtp_tui.tui.model.test_report import markdown_of

# The sign of each severity, as `smtp-tui check --domain-check` prints it.
_SIGNS = {
    FactSeverity.GOOD: "+",
    FactSeverity.NOTE: "i",
    FactSeverity.BAD: "!",
    FactSeverity.UNKNOWN: "?",
}
_PATIENCE = 5.0  # seconds; writing to a pipe that nothing reads would block forever


class LinearReports:
    """Shows and saves the results of the last test."""

    def __init__(self, context: LinearContext) -> None:
        self.context, self.console = context, context.console

    async def show_programs(self) -> None:
        """Show commands of other programs that repeat the test."""
        done = self.context.done
        settings = done.settings if done else self.context.draft.reading().settings
        if settings is None:
            self.console.show(NO_TEST)
            return
        is_stale = done is not None and self.context.draft.differing(done.draft)
        note = "; as last tested, before your changes" if is_stale else ""
        self.console.show(f"{title_of(settings, None, done.place if done else '')}{note}")
        facts = done.verdict.facts if done else None
        folder, place = self.context.document.path.parent, done.compared_place if done else None
        for command in equivalent_commands(settings, facts, folder, place):
            self.console.show(f"{command.program}:")
            if command.line:
                self.console.show_verbatim(command.line)
            for note in command.notes:
                self.console.show(note, "- ", "  ")

    async def save_report(self, name: str) -> None:
        """Save a report of the last test as Markdown, in a file that the admin names."""
        if done := self.context.done:
            await self._save("report", name, done, ".md", write_report, markdown_of(done))
        else:
            self.console.show(NO_TEST)

    async def save_recording(self, name: str) -> None:
        """Keep the last test in a file that the admin names."""
        if done := self.context.done:
            write = load("checks.recording:write_recording")
            content = load("tui.model.recording:recording_of")(done)
            await self._save("recording", name, done, ".jsonl", write, content)
        else:
            self.console.show(NO_TEST)

    async def _save(
        self,
        what: str,
        name: str,
        done: CompletedTest,
        suffix: str,
        write: Callable[[Path, str], object],
        content: str,
    ) -> None:
        path = self._chosen_path(what, name, f"-check-{done.moment:%Y%m%d-%H%M%S}{suffix}")
        if path is None:
            return
        try:
            await stoppable(in_daemon_thread(partial(write, path, content), _PATIENCE))
        except (StoppedError, TimeoutError):
            self.console.show(f"Not saved: {path} accepted nothing. Is it a pipe?")
        except FileNotWrittenError as error:
            self.console.show(as_sentence(error))
        else:
            self.console.show(f"Saved the {what}, without a password: {path}")

    def _chosen_path(self, what: str, name: str, ending: str) -> Path | None:
        """Return the path that the admin names, or one next to the settings; None to go back."""
        document = self.context.document.path
        proposed = document.with_name(f"{document.stem}{ending}")
        typed = name or self.console.ask_within(f"File for the {what} [{proposed}]: ")
        if typed is None:
            return None
        path = expand(typed, Path()) if typed else proposed
        replaces = is_there(path)
        if replaces and not self.console.confirm(f"{path} already exists. Replace it?"):
            return None
        return path

    async def show_drift(self) -> None:
        """Show what runs with other settings than the file as it is saved."""
        if self.context.is_demo or not self.context.document.exists:
            self.console.show(text("drift", "alone" if self.context.is_demo else "no-file"))
            return
        self.console.show(text("drift", "asking", seconds=f"{drift.SECONDS:g}"))
        try:
            notice = await stoppable(drift.look_for_drift(self.context.document))
        except StoppedError:
            self.console.show_stopped()
            return
        if notice is None:
            self.console.show(text("drift", "unusable"))
            return
        for headline, *lines in notice.findings:
            self.console.show(headline)
            for line in lines:
                self.console.show(line.strip(), "  ", "    ")
        for line in notice.summary:
            self.console.show(line)

    async def show_mail_servers(self, typed: str) -> None:
        """Check a domain's mail servers; `typed` is the domain, else the sender's."""
        await load("tui.linear.mail_servers:show_mail_servers")(self.context, typed, Resolver())

    async def show_domain(self, selectors: str) -> None:
        """Ask DNS about the sender's domain; `selectors` are more of its DKIM keys."""
        context, done = self.context, self.context.done
        if context.is_demo:
            self.console.show(text("dns", "alone"))
            return
        request = request_for(context.draft, file=context.document.path, table=context.table)
        events: tuple[Event, ...] = ()
        if done is not None and not context.draft.differing(done.draft):
            request, events = done.request, done.events
        settings = request.sending_settings
        if settings is None:
            problem = next(iter(context.draft.problems().values()), "")
            self.console.show(text("dns", "unusable", problem=problem))
            return
        connected = last_connected(events)
        names = (*context.selectors, *selectors.replace(",", " ").split())

        async def facts() -> tuple[DomainFact, ...]:
            # dnspython takes 60 to 100 ms to import.
            await in_daemon_thread(prepare)
            check = DomainCheck(Resolver(), names)
            return await check.facts(settings, connected, last_chain(events))

        self.console.show(f"Asking DNS, {SECONDS:g} s at most. Ctrl+C stops.")
        try:
            found = await stoppable(facts())
        except StoppedError:
            self.console.show_stopped()
            return
        for fact in found:
            wording = reword("dns-words", fact.text, way=":dns SELECTOR")
            self.console.show(f"{fact.subject.upper()}: {wording}", f"{_SIGNS[fact.weight]} ", "  ")
