"""Test the settings, fix a failed test, and send test messages, line by line."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from smtp_tui.checks.request import CheckRequest
from smtp_tui.config.errors import DocumentError
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.lazy import load
from smtp_tui.safe_text import shortened
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Event, Stage, StageEntered, TlsEstablished
from smtp_tui.smtp.message import MailRequest
from smtp_tui.smtp.transcript import TranscriptLine, lines_of
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.linear.console import StoppedError, stoppable
from smtp_tui.tui.linear.context import NO_TEST, LinearContext
from smtp_tui.tui.messages import as_sentence, folder_question, format_internal_error, text
from smtp_tui.tui.model.check_flow import CheckFlow, mail_after_fix
from smtp_tui.tui.model.check_request import (
    PlaceRefusedError,
    form_tap,
    request_for,
    run_to_verdict,
    runner_at,
    search_after,
    time_limit,
    title_of,
)
from smtp_tui.tui.model.draft import DraftSnapshot
from smtp_tui.tui.model.fixes import (
    FixKind,
    FixProposal,
    format_done,
    format_fix,
    no_fix_text,
)
from smtp_tui.tui.model.mail_draft import MailField, sender_of
from smtp_tui.tui.model.session import CompletedTest, verdict_line
from smtp_tui.tui.model.table_tests import TableTests
from smtp_tui.tui.model.trust_text import ASKS, WEAKENS, reason_of, trust_text
from smtp_tui.tui.model.verdict_text import changes_to_save, verdict_text

# Seconds between two lines that say that a test still waits.
_PATIENCE = 5.0
_PLACES_LISTED = 30
_LOG_INDENT = " " * 12


class LinearChecks:
    """Tests the settings, saved or not, and applies fixes.

    The methods return the field that the admin should go to next, or None.
    """

    def __init__(self, context: LinearContext) -> None:
        self.context, self.console, self.draft = context, context.console, context.draft
        risks = context.accepted_risks
        self._proves = False
        self._flow = CheckFlow(context.document, context.table, context.draft, risks, self)

    async def test(self, mail: MailRequest | None = None) -> str | None:
        """Test the settings, and send `mail`, or only its envelope if it has no body."""
        settings = self.draft.reading().settings
        problem = self._obstacle("Not tested")
        if problem is None and settings is not None:
            await self._flow.test(settings, mail)
        return problem

    async def send(self, recipients: str = "") -> str | None:
        """Ask for a message, then send it, or test only its sender and recipients."""
        settings = self.draft.reading().settings
        problem = self._obstacle("Not sent")
        if problem is None and settings is not None and (mail := self._written_mail(recipients)):
            if self._proves:
                await self._flow.prove(settings, mail, self.context.mail)
            else:
                await self._flow.test(settings, mail, follows=self.context.mail.follows)
        return problem

    async def fix(self) -> str | None:
        """Apply the best fix and test again, or name the field that the admin must fill in."""
        proposals = self._proposals()
        return await self._apply(proposals[0]) if proposals else None

    async def choose_fix(self) -> str | None:
        """List the fixes, and apply the chosen one."""
        proposals = self._proposals()
        if not proposals:
            return None
        lines = [self._fix_line(proposal) for proposal in proposals]
        chosen = self.console.choose_line("Possible fixes:", lines)
        return None if chosen is None else await self._apply(proposals[chosen])

    async def tap(self, address: str) -> str | None:
        """Relay applications until Ctrl+C, and write both sides of their dialogues."""
        settings = self.draft.reading().settings
        problem = self._obstacle("The tap did not start")
        if problem is not None or settings is None:
            return problem
        file, table = self.context.document.path, self.context.table
        tap = form_tap(settings, request_for(self.draft, file=file, table=table), file)
        if why := await tap.open(address or tap.proposed):
            self.console.show(as_sentence(why))
            return None

        def report(shown: Sequence[TranscriptLine] | TlsEstablished) -> None:
            lines = lines_of(shown) if isinstance(shown, TlsEstablished) else shown
            for line in lines:
                self._show_line(line)

        self.console.show(f"{' '.join(tap.waiting_lines)} Ctrl+C ends the tap.")
        try:
            await stoppable(tap.serve(report))
        except StoppedError:
            self.console.show_stopped("")
        except Exception as error:  # a bug in the tap must not lose the input
            self.console.show(format_internal_error(error))
        finally:
            await tap.close()
        for line in (*tap.ended_lines, *tap.findings):
            self.console.show(line)
        return None

    async def show_log(self) -> None:
        """Write the dialogue of the last test again."""
        done = self.context.done
        if done is None:
            self.console.show(NO_TEST)
            return
        self.console.show(self._heading(done.settings, done.request.mail, done.moment, done.place))
        for event in done.events:
            self._show_event(event)
        self._show_verdict(done)

    async def test_all(self) -> None:
        """Test every table as it stands in the file, and write each result as it comes."""
        context, written = self.context, set[str]()

        def write_results() -> None:
            for table in tests.tables:
                done = tests.done(table)
                is_new = done is not None and done is not before[table]
                result = tests.reason(table) or (
                    verdict_line(done.verdict) if is_new and done else ""
                )
                if result and table not in written:
                    written.add(table)
                    name = ", ".join(filter(None, (table, tests.server(table))))
                    self.console.show(f"{name}: {result}", "  ", "    ")

        tests = TableTests(context.document, context.session, context.runner, write_results)
        if problem := tests.reload(has_form=True):
            self.console.show(problem)
            return
        before = {table: tests.done(table) for table in tests.tables}
        self.console.show(f"Testing {len(tests.tables)} tables as saved in the file. Ctrl+C stops.")
        try:
            await stoppable(tests.run())
        except StoppedError:
            self.console.show_stopped()
            return
        self.console.show(":tables goes to a table, and :log shows its test again there.")

    async def choose_place(self, words: str = "") -> None:
        """Let the admin choose where tests run, from the places whose names contain the words."""
        # Loads ctypes and what asks docker, podman and systemd: few sessions test from elsewhere.
        from smtp_tui.tui.model.test_place import find_places, matching

        session = self.context.session
        found = await in_daemon_thread(find_places)
        places = [None, *matching(found.places, words)[:_PLACES_LISTED]]
        lines = [
            f"{place.title}: {place.about}" if place else text("place", "here") for place in places
        ]
        for problem in found.problems:
            self.console.show(problem)
        chosen = self.console.choose_line(text("place", "title"), lines)
        if chosen is None:
            return
        session.place = place = places[chosen]
        self.console.show(
            text("place", "chosen", place=place.title, test=key_of("test"))
            if place
            else text("place", "chosen-here")
        )

    def _obstacle(self, undone: str) -> str | None:
        """Show the first problem that prevents a test, and return its field."""
        for key, problem in self.draft.problems().items():
            self.console.show(f"{undone}. {BY_KEY[key].label} {problem}")
            return key
        return None

    # What the flow asks for

    async def confirm(self, question: str, about: str = "") -> bool:
        """Ask a yes/no question."""
        del about  # it is the verdict, which stands just above
        return self.console.confirm(question)

    async def ask_password(self, account: str, *, sends: bool) -> str | None:
        """Ask for the password of one test or message."""
        whose = f" of {account}" if account else ""
        kind = "message" if sends else "test"
        prompt = f"SMTP Password{whose}, for this {kind} only, not echoed: "
        try:
            return self.console.ask(prompt, is_secret=True)
        except (KeyboardInterrupt, EOFError):
            return None

    async def ask_mailbox(self, proposed: str, problem: str) -> str | None:
        """Ask for the mailbox of the message."""
        self.console.show(f"! {problem}" if problem else text("mail", "mailbox"))
        typed = self.console.ask_within(f"Mailbox [{proposed}]: ")
        return None if typed is None else typed or proposed

    async def ask_mailbox_password(self, whose: str, empty: str, problem: str) -> str | None:
        """Ask for the password of the mailbox."""
        self.console.show(f"! {problem}" if problem else empty)
        prompt = f"IMAP Password of {whose}, for this message only, not echoed: "
        try:
            return self.console.ask(prompt, is_secret=True)
        except (KeyboardInterrupt, EOFError):
            return None

    async def agrees(self, proposal: FixProposal, chain: Sequence[Certificate]) -> bool:
        """Ask whether to trust a server, or to weaken the settings."""
        text = trust_text(proposal, chain, self.draft, self.console.width - len("  SHA-256: "))
        self.console.show(text.question)
        for label, value in text.facts:
            self.console.show(value, f"  {label}: ", " " * len(f"  {label}: "))
        what = "Trust it and test?" if proposal.fix.trusts else "Apply it and test?"
        return self.console.confirm(f"{text.meaning} {what}")

    async def may_make_folder(self, path: Path) -> bool:
        """Ask whether a missing folder may be created; True if it exists."""
        question = folder_question(path)
        return not question or self.console.confirm(question)

    def show_refusal(self, text: str) -> None:
        """Show why nothing is tested."""
        self.console.show(text)

    async def run(
        self, request: CheckRequest, settings: Settings, tested: DraftSnapshot
    ) -> Verdict | None:
        """Run a test, and write its dialogue and verdict."""
        context, moment, events = self.context, datetime.now(UTC), list[Event]()
        place = context.session.place
        heading = self._heading(settings, request.mail, moment, place.title if place else "")
        self.console.show(f"{heading}; Ctrl+C stops it")

        def report(event: Event) -> None:
            events.append(event)
            self._show_event(event)

        try:
            runner = runner_at(place, context.runner)
            check = run_to_verdict(runner, request, report)
            verdict = await stoppable(
                self._with_clock(check, events, time_limit(request, settings))
            )
        except StoppedError:
            stages = [event.stage for event in events if isinstance(event, StageEntered)]
            is_late = stages[-1:] == [Stage.MESSAGE]
            why = text("test-stopped", "late" if is_late else "early", awaited="the server")
            if search := search_after(request, events):
                why = text(search, "stopped")
            self.console.show_stopped(why)
            return None
        except PlaceRefusedError as error:
            self.console.show(str(error))
            return None
        except Exception as error:  # a bug in a check must not lose the input
            self.console.show(format_internal_error(error))
            return None
        if verdict is None:
            self.console.show("A bug in smtp-tui: the test ended without a verdict.")
            return None
        done = CompletedTest(request, settings, tuple(events), verdict, moment, tested)
        context.session.add(context.table, done)
        self._show_verdict(done)
        return verdict

    async def _with_clock(
        self, check: Coroutine[Any, Any, Verdict | None], events: Sequence[Event], limit: float
    ) -> Verdict | None:
        """Run a check, and say from time to time that it still waits."""
        task, started = asyncio.ensure_future(check), monotonic()
        try:
            while True:
                count = len(events)
                if (await asyncio.wait([task], timeout=_PATIENCE))[0]:
                    return task.result()
                if len(events) == count:
                    spent = monotonic() - started
                    self.console.show(f"Still waiting, {spent:.0f} s of {limit:g}.")
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])  # this closes the connection
            raise

    def _heading(
        self, settings: Settings, mail: MailRequest | None, moment: datetime, place: str
    ) -> str:
        return f"Test at {moment.astimezone():%H:%M:%S}: {title_of(settings, mail, place)}"

    def _show_event(self, event: Event) -> None:
        for line in lines_of(event):
            self._show_line(line)

    def _show_line(self, line: TranscriptLine) -> None:
        self.console.show(line.text, f"{line.seconds:8.3f} {line.mark} ", _LOG_INDENT)

    def _show_verdict(self, done: CompletedTest) -> None:
        verdict = done.verdict
        shown = verdict_text(
            verdict,
            done.request.mail,
            self.context.fixes,
            saves=changes_to_save(self.draft, self.context.document.path.name),
            is_stale=bool(self.draft.differing(done.draft)),
        )
        # The form only names the warnings, and explains them on other pages.
        more = [str(line) for line in shown.more if not (line.is_warning and line.label)]
        also = [f"Also: {fault}" for fault in verdict.also_texts]
        warnings = [f"? {warning}" for warning in verdict.warning_texts if warning not in more]
        self.console.show(f"{shown.outcome}: {shown.happened}")
        self.console.show(f"{shown.key} {shown.action} {shown.others}".strip())
        for line in (*more, *also, *warnings):
            self.console.show(line)

    # Fixes

    def _proposals(self) -> tuple[FixProposal, ...]:
        """Return the fixes of the last test; if there are none, show why."""
        proposals = self.context.fixes
        if not proposals:
            self.console.show(no_fix_text(self.context.last, key_of("test")))
        return proposals

    def _fix_line(self, proposal: FixProposal) -> str:
        authority = proposal.authority
        file = self._flow.file_for(authority).name if authority else ""
        note = f" ({ASKS})" if proposal.asks else ""
        if proposal.fix.weakens:
            note = f" ({WEAKENS}, {ASKS})"
        return f"{format_fix(proposal, self.draft, file)}{note}. {reason_of(proposal.fix)}"

    async def _apply(self, proposal: FixProposal) -> str | None:
        """Apply a fix and test again, or return the field that the admin must fill in."""
        fix, last, done = proposal.fix, self.context.last, self.context.done
        if proposal.kind is FixKind.SIGN_IN:
            # Loads the providers' flows, which few failures need.
            field: str | None = await load("tui.linear.signing_in:LinearSignIn")(
                self.context
            ).start()
            return field
        if proposal.kind in (FixKind.GO_TO, FixKind.NAME):
            what = "Type the path of the file. " if proposal.kind is FixKind.NAME else ""
            self.console.show(f"{BY_KEY[fix.field].label}: {what}{fix.why}")
            return fix.field
        try:
            prepared = await self._flow.prepare(proposal, last.facts.chain if last else ())
        except DocumentError as error:
            self.console.show(f"Not trusted: {error}")
            return None
        if prepared is None:
            self.console.show("Nothing has changed.")
            return None
        self.context.apply(prepared.change, file=prepared.file)
        self.console.show(format_done(prepared.change, self.draft, key_of("undo")))
        before = done.request.mail if done else None
        return await self.test(mail_after_fix(before, prepared.change, self.context.mail))

    # Messages

    def _written_mail(self, recipients: str) -> MailRequest | None:
        """Ask for a message's fields; None to go back. What was typed is kept."""
        draft, sender = self.context.mail, sender_of(self.draft)
        draft.follow(sender.text)
        if recipients:
            draft.type(MailField.TO, recipients)
        self.console.show(
            "This sends a real message to every address in To. Enter keeps the value in brackets; "
            "< goes back and sends nothing."
        )
        placeholders = {MailField.FROM: sender.description, MailField.TO: "required"}
        for field in MailField:
            while True:
                before = draft.text(field)
                shown = shortened(before or placeholders.get(field, ""))
                typed = self.console.ask_within(f"{field} [{shown}]: ")
                if typed is None:
                    self.console.show("Nothing was sent.")
                    return None
                draft.type(field, typed or before)
                problem = draft.obstacles(sends=True).get(field)
                if problem is None:
                    break
                self.console.show(f"! {problem}")
                if typed:
                    draft.type(field, before)
        answers = (
            ("y", "Send it"),
            ("f", "Send it, and follow it in the mail log of this machine"),
            ("p", "Send it, and look for it in its mailbox"),
            ("a", "Only ask the server about the addresses"),
        )
        answer = self.console.choose("Send the message?", answers)
        draft.follows, self._proves = answer == "f", answer == "p"
        return draft.mail(sends=answer != "a") if answer else None
