"""The part of a dialog that covers something of the form."""

from __future__ import annotations

from textual.containers import Vertical

from smtp_tui.tui.appearing import Placed


class Box(Placed, Vertical):
    """What a dialog asks and shows, one below the other."""
