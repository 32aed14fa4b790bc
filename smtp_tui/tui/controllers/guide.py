"""Open the help, the menu, an explanation or choices, and carry out what was chosen there."""

from __future__ import annotations

from smtp_tui.tui.commands import LOG_COMMANDS, FormCommand, command_named
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.dialogs.choices import list_choices
from smtp_tui.tui.dialogs.explanation import ExplanationScreen
from smtp_tui.tui.dialogs.help_and_palette import CommandPalette, HelpScreen
from smtp_tui.tui.explanations import LAST_TEST, file_blocks
from smtp_tui.tui.form.choice_row import ChoiceRow


class GuideController(Controller):
    """Shows the help, the menu, explanations and choices."""

    def show_help(self) -> None:
        """Show the help, the keys of the part with the focus first, and run the chosen command."""
        place = "log" if self.screen.is_in_log else "form"
        # Leave out the title, and the key, which the list below shows too.
        about_file = [*file_blocks(self.document, self.table)][1:-1]
        self.screen.app.push_screen(HelpScreen(place, about_file), self._choose)

    def show_menu(self) -> None:
        """Show all commands and fields by name."""
        self.screen.app.push_screen(CommandPalette(), self._choose)

    def list_choices(self) -> None:
        """List all choices of the focused field."""
        if isinstance(row := self.form.current_row, ChoiceRow):
            list_choices(row, self.draft, self.test_pane, self.explain)

    def explain(self) -> None:
        """Show the explanation of the field, or of the last test, at full size."""
        self.screen.follow_now()
        is_about_test = self.screen.is_in_log and bool(self.test_pane.verdict_blocks())
        subject = LAST_TEST if is_about_test else self.form.current_row.key
        subjects = [subject] if is_about_test else self.form.shown_keys
        explain = self.context.sidebar.explanation
        screen = ExplanationScreen(self.screen.status_bar(), subjects, subject, explain)
        self.screen.app.push_screen(screen, self._after_explanation)

    async def _after_explanation(self, result: tuple[str, str] | None) -> None:
        """Go to the field explained last, and run the chosen command."""
        subject, command = result or ("", "")
        if subject not in ("", LAST_TEST, self.form.current_row.key):
            self.form.focus_field(subject)
        if command:
            self.screen.command_runner.run(command_named(command))

    async def _choose(self, chosen: FormCommand | str | None) -> None:
        """Run the chosen command, a log command in the log, or focus the chosen field."""
        match chosen:
            case str():
                self.screen.show_form()
                self.form.focus_field(chosen)
            case FormCommand() if chosen.handler:
                self.screen.command_runner.run(chosen)
            case FormCommand() if chosen in LOG_COMMANDS:
                if self.screen.show_log():
                    await self.test_pane.log_view.run_action(chosen.action)
            case FormCommand():
                target = self.screen.app if chosen.is_global else self.screen
                await target.run_action(chosen.action)
            case None:
                pass
