"""The least that an application with a line to type into can be: the form is held against it."""

from textual.app import App, ComposeResult
from textual.widgets import Input, Static


class Minimal(App[None]):
    """A line of text and a line to type into."""

    def compose(self) -> ComposeResult:
        """Show them."""
        yield Static("SMTP Host")
        yield Input("mail.example.net", compact=True, select_on_focus=False)


if __name__ == "__main__":
    Minimal().run()
