"""Test the settings, fix a failed test, and send test messages, line by line."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from smtp_tui.config.errors import DocumentError
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.safe_text import shortened
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Cause, Event, Stage, StageEntered
from smtp_tui.smtp.message import MailRequest
from smtp_tui.smtp.transcript import lines_of
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.linear.console import StoppedError, stoppable
from smtp_tui.tui.linear.context import NO_TEST, LinearContext
from smtp_tui.tui.messages import folder_question, format_internal_error, text
from smtp_tui.tui.model.authority_file import free_path, save_authority
from smtp_tui.tui.model.check_request import (
    needs_password_prompt,
    request_for,
    run_to_verdict,
    title_of,
)
from smtp_tui.tui.model.draft import ACCOUNT, HOST
from smtp_tui.tui.model.file_context import risk_of_test
from smtp_tui.tui.model.fixes import (
    CA_FILE,
    FixKind,
    FixProposal,
    changes_of,
    format_done,
    format_fix,
)
from smtp_tui.tui.model.mail_draft import MailField, sender_of
from smtp_tui.tui.model.session import CompletedTest
from smtp_tui.tui.model.trust_text import ASKS, WEAKENS, reason_of, trust_text
from smtp_tui.tui.model.verdict_text import changes_to_save, verdict_text

SENDER = "from"
# Seconds between two lines that say that a test still waits.
_PATIENCE = 5.0
_LOG_INDENT = " " * 12


class LinearChecks:
    """Tests the settings, saved or not, and applies fixes.

    The methods return the field that the admin should go to next, or None.
    """

    def __init__(self, context: LinearContext) -> None:
        self.context, self.console, self.draft = context, context.console, context.draft

    async def test(self, mail: MailRequest | None = None) -> str | None:
        """Test the settings, and send `mail`, or only its envelope if it has no body."""
        problem = self._obstacle("Not tested")
        if problem is None:
            await self._test(mail)
        return problem

    async def send(self) -> str | None:
        """Ask for a message, then send it, or test only its sender and recipients."""
        problem = self._obstacle("Not sent")
        if problem is None and (mail := self._written_mail()) is not None:
            await self._test(mail)
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
        chosen = self.console.choose_line(lines, "Apply number")
        return None if chosen is None else await self._apply(proposals[chosen])

    def show_log(self) -> None:
        """Write the dialogue of the last test again."""
        done = self.context.done
        if done is None:
            self.console.show(NO_TEST)
            return
        self.console.show(self._heading(done.settings, done.request.mail, done.moment))
        for event in done.events:
            self._show_event(event)
        self._show_verdict(done)

    def _obstacle(self, undone: str) -> str | None:
        """Show the first problem that prevents a test, and return its field."""
        for key, problem in self.draft.problems().items():
            self.console.show(f"{undone}. {BY_KEY[key].label} {problem}")
            return key
        return None

    async def _test(self, mail: MailRequest | None) -> None:
        """Test once, and again if the admin allows sending the password unencrypted."""
        settings = self.draft.reading().settings
        assert settings is not None  # there is no obstacle
        undone = "Not sent" if mail is not None and mail.body is not None else "Not tested"
        # Another user may have set the password, or the source that it is fetched from.
        risk = risk_of_test(self.draft.password, settings, self.context.document.path)
        if risk is not None and risk not in self.context.accepted_risks:
            if not self.console.confirm(risk.question):
                self.console.show(f"{undone}: {risk.refusal}")
                return
            # Ask once a session: ten tests need not ask ten times.
            self.context.accepted_risks.add(risk)
        secret = None
        if needs_password_prompt(self.draft, settings):
            account = self.draft.text(ACCOUNT)
            whose = f" of {account}" if account else ""
            try:
                secret = self.console.ask(
                    f"SMTP Password{whose}, for this test only, not echoed: ", is_secret=True
                )
            except (KeyboardInterrupt, EOFError):
                self.console.show(f"{undone}: no password was given.")
                return
        verdict = await self._run(settings, mail, secret, allow_clear_password=False)
        if verdict is None or verdict.cause != Cause.AUTH_NEEDS_ENCRYPTION:
            return
        if self.console.confirm("Send the password unencrypted, just this once?"):
            await self._run(settings, mail, secret, allow_clear_password=True)

    async def _run(
        self,
        settings: Settings,
        mail: MailRequest | None,
        secret: str | None,
        *,
        allow_clear_password: bool,
    ) -> Verdict | None:
        context, moment = self.context, datetime.now(UTC)
        request = request_for(
            self.draft,
            file=context.document.path,
            table=context.table,
            secret=secret,
            mail=mail,
            allow_clear_password=allow_clear_password,
            # `_test` has asked about the risk.
            is_trusted=True,
            recognition=context.document.recognition,
        )
        snapshot, events = self.draft.snapshot(), list[Event]()
        self.console.show(f"{self._heading(settings, mail, moment)}; Ctrl+C stops it")

        def report(event: Event) -> None:
            events.append(event)
            self._show_event(event)

        try:
            check = run_to_verdict(context.runner, request, report)
            verdict = await stoppable(self._with_clock(check, events, settings.timeout))
        except StoppedError:
            stages = [event.stage for event in events if isinstance(event, StageEntered)]
            is_late = stages[-1:] == [Stage.MESSAGE]
            self.console.write("\n")  # the terminal has written ^C
            self.console.show(text("test-stopped", "late" if is_late else "early"))
            return None
        except Exception as error:  # a bug in a check must not lose the input
            self.console.show(format_internal_error(error))
            return None
        if verdict is None:
            self.console.show("A bug in smtp-tui: the test ended without a verdict.")
            return None
        done = CompletedTest(request, settings, tuple(events), verdict, moment, snapshot)
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

    def _heading(self, settings: Settings, mail: MailRequest | None, moment: datetime) -> str:
        return f"Test at {moment.astimezone():%H:%M:%S}: {title_of(settings, mail)}"

    def _show_event(self, event: Event) -> None:
        for line in lines_of(event):
            self.console.show(line.text, f"{line.seconds:8.3f} {line.mark} ", _LOG_INDENT)

    def _show_verdict(self, done: CompletedTest) -> None:
        saves = changes_to_save(self.draft, self.context.document.path.name)
        shown = verdict_text(
            done.verdict,
            done.request.mail,
            self.context.fixes,
            saves=saves,
            is_stale=bool(self.draft.differing(done.draft)),
        )
        action = f"{shown.key} {shown.action} {shown.others}"
        for line in (f"{shown.outcome}: {shown.happened}", action.strip(), *map(str, shown.more)):
            self.console.show(line)

    # Fixes

    def _proposals(self) -> tuple[FixProposal, ...]:
        """Return the fixes of the last test; if there are none, show why."""
        last, proposals = self.context.last, self.context.fixes
        if proposals:
            return proposals
        if last is None or last.verdict.ok:
            why = "There is nothing to fix: no test has failed. :test starts a test."
        elif last.is_stale and last.verdict.fixes:
            why = "The settings have changed since that test. Test again first: :test."
        else:
            why = "smtp-tui knows no safe fix for this failure. The verdict says what to do."
        self.console.show(why)
        return ()

    def _fix_line(self, proposal: FixProposal) -> str:
        authority = proposal.authority
        file = self._file_for(authority).name if authority else ""
        note = f" ({ASKS})" if proposal.asks else ""
        if proposal.fix.weakens:
            note = f" ({WEAKENS}, {ASKS})"
        return f"{format_fix(proposal, self.draft, file)}{note}. {reason_of(proposal.fix)}"

    async def _apply(self, proposal: FixProposal) -> str | None:
        """Apply a fix and test again, or return the field that the admin must fill in."""
        fix, change, file, done = proposal.fix, changes_of(proposal), "", self.context.done
        if proposal.kind in (FixKind.GO_TO, FixKind.NAME):
            self.console.show(f"{BY_KEY[fix.field].label}: {fix.why}")
            return fix.field
        if proposal.asks and not self._agrees(proposal):
            self.console.show("Nothing has changed.")
            return None
        if proposal.kind is FixKind.RESTORE:
            change = {**proposal.state}
        elif proposal.authority is not None:
            path = self._file_for(proposal.authority)
            if (question := folder_question(path)) and not self.console.confirm(question):
                return None
            try:
                save_authority(path, proposal.authority.pem)
            except DocumentError as error:
                self.console.show(f"Not trusted: {error}")
                return None
            file = path.name
            change = {CA_FILE: file}
        self.context.apply(change, file=file)
        self.console.show(format_done(change, key_of("undo")))
        # No fix ever sends a message: the new test sends only the envelope.
        mail = done and done.request.mail and replace(done.request.mail, body=None)
        if mail and SENDER in change:
            # The fix sets From; the message's own sender would override it.
            self.context.mail.type(MailField.FROM, "")
            mail = replace(mail, sender=None)
        return await self.test(mail or None)

    def _agrees(self, proposal: FixProposal) -> bool:
        last = self.context.last
        shown = trust_text(proposal, last.facts.chain if last else (), self.draft)
        self.console.show(shown.question)
        for label, value in shown.facts:
            self.console.show(value, f"  {label}: ", "    ")
        what = "Trust it and test?" if proposal.fix.trusts else "Apply it and test?"
        return self.console.confirm(f"{shown.meaning} {what}")

    def _file_for(self, authority: Certificate) -> Path:
        """Return where to save the authority of a fix: next to the settings file."""
        folder, host = self.context.document.path.parent, self.draft.text(HOST)
        return free_path(folder, host, authority.subject, authority.pem)

    # Messages

    def _written_mail(self) -> MailRequest | None:
        """Ask for a message's fields; None to go back. What was typed is kept."""
        draft, sender = self.context.mail, sender_of(self.draft)
        draft.follow(sender.text)
        self.console.show("A test message, a real one, to every address in To.")
        for field in MailField:
            while True:
                placeholders = {MailField.FROM: sender.description, MailField.TO: "required"}
                shown = draft.text(field) or placeholders.get(field, "")
                try:
                    typed = self.console.ask(f"{field} [{shortened(shown)}]: ")
                except (KeyboardInterrupt, EOFError):
                    return None
                if typed.strip():
                    draft.type(field, typed.strip())
                problem = draft.obstacles(sends=True).get(field)
                if problem is None:
                    break
                self.console.show(f"! {problem}")
        answers = ("y", "Send it"), ("a", "Only ask the server about the addresses")
        answer = self.console.choose("Send the message?", answers)
        return draft.mail(sends=answer == "y") if answer else None
