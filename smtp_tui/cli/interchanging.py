"""What import and export share: names of formats and quotings, and the text that they print."""

from __future__ import annotations

import sys
from argparse import Namespace

from smtp_tui.cli.calls import UsageError
from smtp_tui.cli.output import OutputFailed, tell
from smtp_tui.interchange.known import QUOTINGS, format_named
from smtp_tui.interchange.results import InterchangeError
from smtp_tui.interchange.texts import text


def format_name(word: str) -> str:
    """Return a format's name; UsageError lists them."""
    try:
        return format_named(word).name
    except InterchangeError as error:
        raise UsageError(str(error)) from None


def quoting_of(options: Namespace) -> str | None:
    """Return the quoting that a call names; UsageError lists them."""
    quoting: str | None = options.quoting
    if quoting is not None and quoting not in QUOTINGS:
        raise UsageError(
            text("no-such-quoting", name=repr(quoting[:40]), quotings=", ".join(QUOTINGS))
        )
    return quoting


def tell_text(content: str) -> None:
    """Print a text that is to be a file; one that standard output would change is not printed."""
    encoding = sys.stdout.encoding or "utf-8"
    if not content.isascii() and encoding.casefold().replace("-", "") != "utf8":
        raise OutputFailed(
            f"the text contains non-ASCII characters, and standard output uses {encoding}; "
            "set LC_ALL=C.UTF-8 and try again"
        )
    for line in content.removesuffix("\n").split("\n"):
        tell(line)
