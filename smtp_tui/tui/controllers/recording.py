"""Show a check that was recorded, as if it had just run, but with nothing to fix."""

from __future__ import annotations

from smtp_tui.checks.recording import Recording, RecordingError
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.recording import open_recording
from smtp_tui.tui.widgets.dialog import PromptDialog


class RecordingController(Controller):
    """Shows recordings in the test pane."""

    async def choose(self) -> None:
        """Ask for a recording until one can be shown, or the admin gives up."""
        self.context.sidebar.clear_message()
        typed, problem, actions = "", "", ("Show", "Cancel")
        while True:
            title = text("recording", "ask")
            prompt = PromptDialog(title, "File", typed, actions, problem, is_path=True)
            answer = await self.show_dialog(prompt)
            if answer is None:
                return
            typed = answer
            try:
                await self.show(await open_recording(typed))
            except RecordingError as error:
                problem = as_sentence(error)
            except TimeoutError:
                problem = text("recording", "late")
            else:
                return

    async def show(self, recording: Recording) -> None:
        """Show a recording."""
        self.screen.show_test_pane()
        self.test_pane.show_recording(recording)
        self.screen.show_state()
        self.context.sidebar.refresh(from_top=False)
