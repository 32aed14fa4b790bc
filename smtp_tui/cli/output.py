"""Complaints: one safe line on standard error."""

from __future__ import annotations

import sys

from smtp_tui.smtp.escaping import visible


def complain(text: str) -> None:
    """Tell the admin what is wrong, in one line."""
    encoding = sys.stderr.encoding or "ascii"
    line = visible(f"smtp-tui: {text}")
    print(line.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr)
