"""Every option of the command line, declared once."""

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
    Option(
        flags=("--dialect",),
        help="read the file as this application has it; smtp-tui dialects lists them",
        extra={"metavar": "NAME"},
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
        help="seconds for the whole check (default 30), or the whole search (default 10)",
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
        help="the sender, in place of the file's; import: the FORMAT to read",
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
    Option(
        flags=("--resolver",),
        help="ask this name server, in place of the system's",
        extra={"metavar": "ADDR[:PORT]"},
    ),
    Option(
        flags=("--autoconfig",),
        help="also fetch the domain's autoconfig file, over HTTPS",
        extra=_FLAG,
    ),
    Option(
        flags=("--domain-check",),
        help="after a passed check, say what DNS holds about the sender's domain",
        extra=_FLAG,
    ),
    Option(
        flags=("--dkim",),
        help="with --domain-check: look for this DKIM selector too",
        extra={"metavar": "SELECTOR", "action": "append", "default": []},
    ),
    Option(
        flags=("--format",),
        help="how to tell it; nagios ends with 0 to 3, prometheus prints metrics",
        extra={"metavar": "text|json|nagios|prometheus"},
    ),
    Option(
        flags=("--output",),
        help="of --format prometheus: write the metrics to FILE, whole at any moment",
        extra={"metavar": "FILE"},
    ),
    Option(
        flags=("--warning-days",),
        help="of --format nagios: WARNING if the certificate has less days left (default 14)",
        extra={"metavar": "N", "type": int},
    ),
    Option(
        flags=("--critical-days",),
        help="of --format nagios: CRITICAL if the certificate has less days left (default 3)",
        extra={"metavar": "N", "type": int},
    ),
    Option(
        flags=("--watch",),
        help="check again every so many seconds, and tell when the verdict changes",
        extra={"metavar": "SECONDS"},
    ),
    Option(
        flags=("--as-unit",),
        help="check as this systemd unit: its user, environment, credentials, network",
        extra={"metavar": "UNIT"},
    ),
    Option(flags=("--quiet",), help="print nothing but the verdict", extra=_FLAG),
    Option(
        flags=("--report",),
        help="write a report for a ticket to FILE, as Markdown and without secrets (-: print it)",
        extra={"metavar": "FILE"},
    ),
    Option(flags=("--reveal",), help="show a password that stands in the file", extra=_FLAG),
    Option(
        flags=("--schema",),
        help="print a JSON Schema of the table, made from the same fields as all else",
        extra=_FLAG,
    ),
    Option(
        flags=("--keep-in",),
        help="keyring[=SERVICE], file=PATH, env=NAME, literal or ask; the password moves there",
        extra={"metavar": "PLACE"},
    ),
    Option(
        flags=("--into",),
        help="write the imported settings into this TOML file, and nothing else in it",
        extra={"metavar": "FILE"},
    ),
    Option(
        flags=("--with-password",),
        help="write the password itself; without it, that program's own reference to one",
        extra=_FLAG,
    ),
    Option(
        flags=("--quoting",),
        help="who reads the .env file: docker, systemd, ruby, python or laravel",
        extra={"metavar": "STYLE"},
    ),
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
    Option(
        flags=("--private",),
        help="take the right to read the file from all but its owner (mode 0600)",
        extra=_FLAG,
    ),
    Option(
        flags=("--diff",),
        help="print what would change, without secrets, and write nothing; 1 if anything would",
        extra=_FLAG,
    ),
    Option(
        flags=("--theme",),
        help="the form's colours: for a dark background, or a light one",
        extra={"metavar": "dark|light", "choices": ("dark", "light")},
    ),
    Option(flags=("--ascii",), help="draw the form with ASCII signs alone", extra=_FLAG),
    Option(flags=("--mouse",), help="let the form take the mouse", extra=_FLAG),
)
