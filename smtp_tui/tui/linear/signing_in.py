"""Sign in at the provider, line by line."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from smtp_tui.config.errors import PasswordError
from smtp_tui.config.paths import absolute
from smtp_tui.oauth.entry import Granted
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.flows import DeviceSignIn
from smtp_tui.safe_text import shortened
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.linear.console import StoppedError, stoppable
from smtp_tui.tui.linear.context import LinearContext
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.sign_in import failure_text, missing_field, set_sign_in
from smtp_tui.tui.model.sign_in_flow import SignInFlow

T = TypeVar("T")


class LinearSignIn:
    """Signs in with lines: it asks the questions of `SignInFlow`."""

    def __init__(self, context: LinearContext) -> None:
        self.context, self.console, self.draft = context, context.console, context.draft

    async def start(self) -> str | None:
        """Sign in; return the field to go to if it is missing."""
        if self.context.is_demo:
            self.console.show(text("sign-in", "alone"))
            return None
        if key := missing_field(self.draft):
            self.console.show(text("sign-in", "missing", label=BY_KEY[key].label))
            return key
        folder = absolute(self.context.document.path).parent
        try:
            done = await SignInFlow(
                self, self.draft, folder, self.context.session.sign_in, self.context.last
            ).run()
        except StoppedError:
            self.console.show_stopped(text("sign-in", "stopped"))
        except OAuthError as error:
            self.console.show(failure_text(error))
        except PasswordError as error:
            self.console.show(as_sentence(error))
        else:
            if done is None:
                self.console.show(text("sign-in", "stopped"))
                return None
            before = self.context.rows()
            set_sign_in(self.draft, self.context.history, done.name)
            self.console.show(done.report(":test"))
            self.context.show_news(before)
        return None

    async def wait(self, call: Coroutine[Any, Any, T]) -> T:
        """Await a call; Ctrl+C stops it."""
        return await stoppable(call)

    async def ask(
        self,
        title: str,
        label: str,
        value: str = "",
        problem: str = "",
        *,
        may_be_empty: bool = False,
    ) -> str | None:
        """Ask for a text; an empty answer takes the value, or stops if there is none."""
        self.console.show(problem or title)
        typed = self.console.ask_within(
            f"{label} [{shortened(value)}]: " if value else f"{label}: "
        )
        if typed == "":
            return value or ("" if may_be_empty else None)
        return typed

    async def ask_secret(
        self, title: str, label: str, address: str = "", problem: str = ""
    ) -> str | None:
        """Ask for a secret without an echo; an empty answer stops."""
        self.console.show(problem or title)
        if address and not problem:
            self.console.show_verbatim(address)
        try:
            return self.console.ask(f"{label}: ", is_secret=True).strip() or None
        except (KeyboardInterrupt, EOFError):
            return None

    async def choose(self, title: str, lines: Sequence[str]) -> int | None:
        """Ask for one of several lines."""
        return self.console.choose_line(title, lines)

    async def show_device(self, device: DeviceSignIn) -> Granted | None:
        """Show the address and the code, and wait."""
        self.console.show(text("sign-in", "open"))
        self.console.show_verbatim(f"  {device.address}")
        self.console.show(text("sign-in", "enter"))
        self.console.show_verbatim(f"  {' '.join(device.code)}")
        minutes = max(1, round(device.ends_in / 60))
        self.console.show(text("sign-in", "lines-waiting", clock=f"{minutes} min"))
        return await stoppable(device.wait(lambda error: self.console.show(as_sentence(error))))
