"""Sign in at the provider from the form, and let the password name the sign-in."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from smtp_tui.config.errors import PasswordError
from smtp_tui.config.paths import absolute
from smtp_tui.oauth.entry import Granted
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.flows import DeviceSignIn
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.dialogs.sign_in import DeviceDialog, SecretDialog
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.draft import ACCOUNT, PASSWORD
from smtp_tui.tui.model.sign_in import failure_text, missing_field, set_sign_in
from smtp_tui.tui.model.sign_in_flow import SignInFlow
from smtp_tui.tui.model.waits import WaitCancelledError
from smtp_tui.tui.style import BAD
from smtp_tui.tui.widgets.dialog import ListChoiceDialog, PromptDialog

T = TypeVar("T")
_ACTIONS = ("Continue", "Stop")


class SignInController(Controller):
    """Signs in with dialogs: it asks the questions of `SignInFlow`."""

    async def start(self) -> None:
        """Sign in; the draft names the sign-in afterwards, as one step that can be undone."""
        self.form.commit_edit()
        if self.test_pane.lookup.is_alone:
            self.show_message(text("sign-in", "alone"))
            return
        if key := missing_field(self.draft):
            self.go_to_field(key, text("sign-in", "missing", label=BY_KEY[key].label))
            return
        try:
            done = await SignInFlow(
                self,
                self.draft,
                absolute(self.document.path).parent,
                self.context.session.sign_in,
                self.test_pane.last_test,
            ).run()
        except WaitCancelledError:
            self.show_message(text("sign-in", "stopped"))
            return
        except OAuthError as error:
            self.go_to_field(PASSWORD, failure_text(error), BAD)
            return
        except PasswordError as error:
            self.go_to_field(PASSWORD, as_sentence(error), BAD)
            return
        if done is None:
            self.show_message(text("sign-in", "stopped"))
            return
        set_sign_in(self.draft, self.form.history, done.name)
        self.show_change(done.report(key_of("test")), at=PASSWORD)

    async def wait(self, call: Coroutine[Any, Any, T]) -> T:
        """Await a call; Esc stops it."""
        return await self.context.waits.on(call)

    async def ask(
        self,
        title: str,
        label: str,
        value: str = "",
        problem: str = "",
        *,
        may_be_empty: bool = False,
    ) -> str | None:
        """Ask for a text."""
        prompt = PromptDialog(title, label, value, _ACTIONS, problem, may_be_empty=may_be_empty)
        return await self.show_dialog(prompt)

    async def ask_secret(
        self, title: str, label: str, address: str = "", problem: str = ""
    ) -> str | None:
        """Ask for a secret."""
        dialog = SecretDialog(title, label, address=address, problem=problem)
        return await self.show_dialog(dialog)

    async def choose(self, title: str, lines: Sequence[str]) -> int | None:
        """Ask for one of several lines."""
        return await self.show_dialog(ListChoiceDialog(title, lines, 0))

    async def show_device(self, device: DeviceSignIn) -> Granted | None:
        """Show the address and the code until the sign-in has ended."""
        answer = await self.show_dialog(DeviceDialog(device, self.draft.text(ACCOUNT)))
        if isinstance(answer, PasswordError):
            raise answer
        return answer
