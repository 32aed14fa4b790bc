"""Every option of the command line, declared once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from smtp_tui.records import record


@record(kw_only=True)
class Option:
    """One option: its flags, the long one first, its help, and what argparse needs to know of it.

    `meanings` hold the help and the value of the commands where it means something else.
    """

    flags: tuple[str, ...]
    help: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    meanings: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The key of its value."""
        return self.flags[0].lstrip("-").replace("-", "_")

    def shown(self, command: str = "") -> str:
        """Return how it is written: its flags, short ones first, and what stands for its value."""
        flags = ", ".join(sorted(self.flags, key=len))
        return f"{flags} {self.value(command)}".rstrip()

    def value(self, command: str = "") -> str:
        """Return what stands for its value; empty where it takes none."""
        if command in self.meanings:
            return self.meanings[command][0]
        return str(self.extra.get("metavar", ""))

    def help_of(self, command: str) -> str:
        """Return what it means to a command."""
        return self.meanings[command][1] if command in self.meanings else self.help


_FLAG: Mapping[str, Any] = {"action": "store_true"}

OPTIONS = (
    Option(
        flags=("--table",),
        help="TOML path of the SMTP table, such as accounts.main.smtp or smtp[0]; . is the root",
        extra={"metavar": "PATH"},
    ),
    Option(
        flags=("--dialect",),
        help="read the file as this application's (smtp-tui dialects lists them) or as plain",
        extra={"metavar": "NAME"},
    ),
    Option(
        flags=("--hostname", "-H"),
        help="check this host instead of the file's; no file is needed",
        extra={"metavar": "HOST"},
    ),
    Option(flags=("--all",), help="check every SMTP table of each file", extra=_FLAG),
    Option(
        flags=("--jobs",),
        help="check up to N tables at the same time (default 16)",
        extra={"metavar": "N", "type": int},
    ),
    Option(
        flags=("--set",),
        help="use VALUE instead of the file's KEY; with --set host=… no file is needed",
        extra={"metavar": "KEY=VALUE", "action": "append", "default": []},
    ),
    Option(
        flags=("--timeout", "-t"),
        help="seconds for the whole check (default 30)",
        extra={"metavar": "SECONDS"},
        meanings={"discover": ("SECONDS", "seconds for the whole search (default 10)")},
    ),
    Option(
        flags=("--extra",),
        help="seconds for extra probes, which never send a password (default 3; 0: none)",
        extra={"metavar": "SECONDS"},
    ),
    Option(
        flags=("--no-experiments",), help="make no extra probes; the same as --extra 0", extra=_FLAG
    ),
    Option(
        flags=("--allow-clear-password",),
        help="send the password even over an unencrypted connection",
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
        help="ask the server whether it accepts these recipients; no message is sent",
        extra={"metavar": "ADDRESS", "nargs": "+", "action": "extend", "default": []},
        meanings={"send": ("ADDRESS…", "the recipients of the message")},
    ),
    Option(
        flags=("--from",),
        help="the sender, instead of the one in the file",
        extra={"metavar": "ADDRESS"},
        meanings={"import": ("FORMAT", "the format to read; without this, smtp-tui detects it")},
    ),
    Option(flags=("--subject",), help="subject of the message", extra={"metavar": "TEXT"}),
    Option(
        flags=("--body",),
        help="text of the message (default: standard input, unless it is a terminal)",
        extra={"metavar": "TEXT"},
    ),
    Option(
        flags=("--json",),
        help="print JSON",
        extra=_FLAG,
        meanings=dict.fromkeys(
            ("check", "send"), ("", "print one JSON object for each event, the verdict last")
        ),
    ),
    Option(
        flags=("--json-schema",),
        help="print a JSON Schema of what check --json prints",
        extra=_FLAG,
    ),
    Option(
        flags=("--error",),
        help="explain this error from the log of any program; without TEXT, read standard input",
        extra={"metavar": "TEXT", "nargs": "?", "const": "-"},
    ),
    Option(
        flags=("--resolver",),
        help="use this DNS resolver instead of the system's",
        extra={"metavar": "ADDR[:PORT]"},
    ),
    Option(
        flags=("--autoconfig",),
        help="also fetch the autoconfig file of the domain, over HTTPS",
        extra=_FLAG,
    ),
    Option(
        flags=("--domain-check",),
        help="after a check that passes, show the DNS records of the sender's domain",
        extra=_FLAG,
    ),
    Option(
        flags=("--dkim",),
        help="with --domain-check: look up this DKIM selector too",
        extra={"metavar": "SELECTOR", "action": "append", "default": []},
    ),
    Option(
        flags=("--format",),
        help="output format; nagios exits with 0 to 3, prometheus prints metrics",
        extra={"metavar": "text|json|nagios|prometheus"},
    ),
    Option(
        flags=("--output",),
        help="with --format prometheus: write the metrics to FILE, which is replaced as a whole",
        extra={"metavar": "FILE"},
    ),
    Option(
        flags=("--warning", "-w"),
        help="with --format nagios: WARNING if the check takes a time outside RANGE",
        extra={"metavar": "RANGE"},
    ),
    Option(
        flags=("--critical", "-c"),
        help="with --format nagios: CRITICAL if the check takes a time outside RANGE",
        extra={"metavar": "RANGE"},
    ),
    Option(
        flags=("--certificate-warning",),
        help="with --format nagios: WARNING if the certificate has less time left than LIMIT",
        extra={"metavar": "LIMIT"},
    ),
    Option(
        flags=("--certificate-critical",),
        help="with --format nagios: CRITICAL if the certificate has less time left than LIMIT",
        extra={"metavar": "LIMIT"},
    ),
    Option(
        flags=("--warning-days",),
        help="the same as --certificate-warning N",
        extra={"metavar": "N", "type": int},
    ),
    Option(
        flags=("--critical-days",),
        help="the same as --certificate-critical N",
        extra={"metavar": "N", "type": int},
    ),
    Option(
        flags=("--watch",),
        help="check again every SECONDS, and report when the verdict changes",
        extra={"metavar": "SECONDS"},
    ),
    Option(
        flags=("--as-unit",),
        help="check as this systemd service: its user, environment, credentials and network",
        extra={"metavar": "UNIT"},
    ),
    Option(flags=("--quiet",), help="print only the verdict", extra=_FLAG),
    Option(
        flags=("--report",),
        help="write a report for a ticket to FILE, in Markdown and without passwords (-: print it)",
        extra={"metavar": "FILE"},
    ),
    Option(
        flags=("--older-than",),
        help="list entries last read more than DAYS days ago (default 180), or without a date",
        extra={"metavar": "DAYS", "type": int},
    ),
    Option(flags=("--reveal",), help="show a password that is in the file", extra=_FLAG),
    Option(
        flags=("--schema",),
        help="print a JSON Schema of an SMTP table",
        extra=_FLAG,
    ),
    Option(
        flags=("--keep-in",),
        help="where the password moves: keyring[=SERVICE], file=PATH, env=NAME, literal or ask",
        extra={"metavar": "PLACE"},
    ),
    Option(
        flags=("--into",),
        help="write the imported settings to this TOML file, and change nothing else in it",
        extra={"metavar": "FILE"},
    ),
    Option(
        flags=("--with-password",),
        help="include the password; without this, refer to it as the program does",
        extra=_FLAG,
    ),
    Option(
        flags=("--account",),
        help="the account to read, if the msmtp file has several",
        extra={"metavar": "ACCOUNT"},
    ),
    Option(
        flags=("--quoting",),
        help="program that reads the .env file: docker, systemd, ruby, python, laravel or node",
        extra={"metavar": "STYLE"},
    ),
    Option(
        flags=("--create",),
        help="create the file, or the table in it, if it is missing",
        extra=_FLAG,
    ),
    Option(
        flags=("--backup",),
        help="keep the old file, with ~ added to its name",
        extra=_FLAG,
    ),
    Option(
        flags=("--in-place",),
        help="overwrite a file that cannot be replaced as a whole",
        extra=_FLAG,
    ),
    Option(
        flags=("--private",),
        help="let only the owner read and write the file (mode 0600)",
        extra=_FLAG,
    ),
    Option(
        flags=("--diff",),
        help="show the changes, without passwords, and write nothing; exit with 1 if there are any",
        extra=_FLAG,
    ),
    Option(
        flags=("--theme",),
        help="colours of the form, for a dark or a light background",
        extra={"metavar": "dark|light", "choices": ("dark", "light")},
    ),
    Option(flags=("--ascii",), help="draw the form with ASCII characters only", extra=_FLAG),
    Option(flags=("--mouse",), help="let the form use the mouse", extra=_FLAG),
)
