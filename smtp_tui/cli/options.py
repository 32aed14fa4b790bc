"""The command line as data: every command and every option declared once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from smtp_tui.records import record


@record(kw_only=True)
class Option:
    """One option: its flags and what argparse needs to know of it."""

    flags: tuple[str, ...]
    help: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The key of its value."""
        return self.flags[0].lstrip("-").replace("-", "_")


_FLAG: Mapping[str, Any] = {"action": "store_true"}

OPTIONS = (
    Option(
        flags=("--table",),
        help="the SMTP table's TOML path, like accounts.main.smtp or smtp[0]; . for the root",
        extra={"metavar": "PATH"},
    ),
    Option(flags=("--all",), help="check every SMTP table of the file", extra=_FLAG),
    Option(
        flags=("--jobs",),
        help="of several tables check so many at a time (default 16)",
        extra={"metavar": "N", "type": int},
    ),
    Option(
        flags=("--set",),
        help="take VALUE in place of the file's KEY; with --set host=… no file is needed",
        extra={"metavar": "KEY=VALUE", "action": "append", "default": []},
    ),
    Option(
        flags=("--timeout",),
        help="seconds for the whole check (default 30)",
        extra={"metavar": "SECONDS"},
    ),
    Option(
        flags=("--extra",),
        help="seconds for looks beside the dialogue, never with a credential (default 3; 0: none)",
        extra={"metavar": "SECONDS"},
    ),
    Option(flags=("--no-experiments",), help="the same as --extra 0", extra=_FLAG),
    Option(
        flags=("--allow-clear-password",),
        help="send the password even where anyone on the network can read it",
        extra=_FLAG,
    ),
    Option(flags=("--password-stdin",), help="read the password from standard input", extra=_FLAG),
    Option(
        flags=("--password-fd",),
        help="read the password from this file descriptor",
        extra={"metavar": "N", "type": int},
    ),
    Option(flags=("--ask-password",), help="ask for the password on the terminal", extra=_FLAG),
    Option(
        flags=("--to",),
        help="ask the server about these recipients too; send: whom to send to",
        extra={"metavar": "ADDRESS", "nargs": "+", "action": "extend", "default": []},
    ),
    Option(
        flags=("--from",),
        help="the sender, in place of the file's",
        extra={"metavar": "ADDRESS"},
    ),
    Option(flags=("--subject",), help="the message's subject", extra={"metavar": "TEXT"}),
    Option(
        flags=("--body",),
        help="the message's text; without it standard input, if that is no terminal",
        extra={"metavar": "TEXT"},
    ),
    Option(
        flags=("--json",),
        help="JSON; of a check one object an event, the verdict last",
        extra=_FLAG,
    ),
    Option(
        flags=("--error",),
        help="say what this error from any program's log means; without TEXT, standard input",
        extra={"metavar": "TEXT", "nargs": "?", "const": "-"},
    ),
    Option(flags=("--quiet",), help="print nothing but the verdict", extra=_FLAG),
    Option(
        flags=("--report",),
        help="write a report for a ticket to FILE, as Markdown and without secrets (-: print it)",
        extra={"metavar": "FILE"},
    ),
    Option(flags=("--reveal",), help="show a password that stands in the file", extra=_FLAG),
    Option(flags=("--create",), help="make the file, or the table in it, if missing", extra=_FLAG),
    Option(
        flags=("--backup",),
        help="keep the old file beside the new one, with a ~ at the end of its name",
        extra=_FLAG,
    ),
    Option(
        flags=("--in-place",),
        help="overwrite the file where it cannot be replaced as a whole",
        extra=_FLAG,
    ),
)

_PASSWORD = ("password_stdin", "password_fd", "ask_password")
_CHECK = ("table", "set", "timeout", "extra", "no_experiments", "allow_clear_password")


@record(kw_only=True)
class Command:
    """One command: how it is called, what it does, and the options it takes."""

    name: str
    words: str
    summary: str
    options: tuple[str, ...] = ()
    least: int = 0
    most: int | None = 1


FORM = Command(
    name="",
    words="[FILE]",
    summary="open the form (a first word that is no command is FILE)",
    options=("table",),
)
COMMANDS = (
    Command(
        name="check",
        words="check [FILE…]",
        summary="test the settings; print dialogue and verdict",
        options=(*_CHECK, *_PASSWORD, "all", "jobs", "to", "from", "json", "quiet", "report"),
        most=None,
    ),
    Command(
        name="send",
        words="send [FILE] --to ADDRESS…",
        summary="the same, and send a message",
        options=(*_CHECK, *_PASSWORD, "to", "from", "subject", "body", "json", "quiet", "report"),
    ),
    Command(
        name="get",
        words="get FILE [KEY]",
        summary="print the settings of a file, or one value",
        options=("table", "json", "reveal"),
        least=1,
        most=2,
    ),
    Command(
        name="set",
        words="set FILE KEY=VALUE…",
        summary="change settings in a file, and nothing else in it",
        options=("table", "create", "backup", "in_place"),
        least=2,
        most=None,
    ),
    Command(
        name="explain",
        words="explain [KEY] | --error [TEXT]",
        summary="say what a field means, or with --error what an error of any program means",
        options=("error", "json"),
    ),
    Command(
        name="demo",
        words="demo",
        summary="the form on a sample file with a mail server of its own",
        options=("json", "quiet"),
        most=0,
    ),
)
