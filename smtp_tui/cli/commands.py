"""Every option and every command of the command line, declared once.

The parser, the help, the manual page and the completion are made of these two tables. The table of
commands names what carries each of them out, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from smtp_tui.records import record

if TYPE_CHECKING:
    from argparse import Namespace


@record
class Option:
    """An option: how it is written, such as `-t, --timeout SECONDS`, and its help.

    `meanings` hold value and help for the commands where it means something else, `more` is what
    argparse must know besides.
    """

    usage: str
    help: str
    more: Mapping[str, Any] = field(default_factory=dict)
    meanings: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags, the long one first."""
        return tuple(reversed(re.findall(r"-[\w-]+", self.usage.removesuffix(self.metavar))))

    @property
    def flag(self) -> str:
        """The long flag."""
        return self.flags[0]

    @property
    def metavar(self) -> str:
        """What stands for its value; empty for a switch."""
        last = self.usage.split()[-1]
        return "" if last.startswith("-") else last

    @property
    def name(self) -> str:
        """The name of its value among the parsed options."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def argparse_keywords(self) -> dict[str, Any]:
        """What `ArgumentParser.add_argument` takes besides the flags."""
        if not self.metavar:
            return {"action": "store_true"}
        return {"metavar": self.metavar, **self.more}

    def metavar_for(self, command: str) -> str:
        """Return what stands for its value where a command takes it."""
        return self.meanings[command][0] if command in self.meanings else self.metavar

    def usage_for(self, command: str) -> str:
        """Return how it is written where a command takes it."""
        return f"{self.usage.removesuffix(self.metavar)}{self.metavar_for(command)}".rstrip()

    def help_for(self, command: str) -> str:
        """Return what it means to a command."""
        return self.meanings[command][1] if command in self.meanings else self.help


@record
class CommandSpec:
    """A command: its words as the help shows them, its name first, and what it does.

    `handler` names the function that carries it out (see `load`). The command needs `least` words
    and takes `most`; one of the options in `instead` may stand for the last that it needs.
    """

    words: str
    summary: str
    handler: str
    options: tuple[str, ...] = ()
    least: int = 0
    most: int | None = 1
    instead: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name; empty for the form, which needs none."""
        first = self.words.partition(" ")[0]
        return "" if first.startswith("[") else first


@record(kw_only=True)
class Invocation:
    """A call that was understood: the command, its words, and its options by name."""

    command: CommandSpec
    words: tuple[str, ...]
    options: Namespace


Handler = Callable[[Invocation], int]
"""Carries a command out and returns the exit status."""


def load(target: str) -> Any:
    """Return what "module:name" below `smtp_tui` names; its module is imported now.

    The door of the command line: with the modules of all commands a check would take 355 ms of CPU
    in place of 215, most of it imports (`python -X importtime -m smtp_tui check`). So each call
    loads what carries it out, and a part that few calls of a command need is loaded here too.
    """
    module, _, name = target.partition(":")
    return getattr(import_module(f"smtp_tui.{module}"), name)


_NUMBER: Mapping[str, Any] = {"type": int}
_LIST: Mapping[str, Any] = {"action": "append", "default": []}

OPTIONS = (
    Option(
        "--table PATH",
        "TOML path of the SMTP table, such as accounts.main.smtp or smtp[0]; . is the root",
    ),
    Option(
        "--dialect NAME",
        "read the file as this application's (smtp-tui dialects lists them) or as plain",
    ),
    Option("-H, --hostname HOST", "check this host instead of the file's; no file is needed"),
    Option("--all", "check every SMTP table of each file"),
    Option("--jobs N", "check up to N tables at the same time (default 16)", more=_NUMBER),
    Option(
        "--set KEY=VALUE",
        "use VALUE instead of the file's KEY; with --set host=… no file is needed",
        more=_LIST,
    ),
    Option(
        "-t, --timeout SECONDS",
        "seconds for the whole check (default 30)",
        meanings={"discover": ("SECONDS", "seconds for the whole search (default 10)")},
    ),
    Option(
        "--extra SECONDS",
        "seconds for extra probes, which never send a password (default 3; 0: none)",
    ),
    Option("--no-experiments", "make no extra probes; the same as --extra 0"),
    Option("--allow-clear-password", "send the password even over an unencrypted connection"),
    Option("--password-stdin", "read the password from standard input"),
    Option("--password-fd N", "read the password from this file descriptor", more=_NUMBER),
    Option("--ask-password", "ask for the password on the terminal"),
    Option(
        "--to ADDRESS",
        "ask the server whether it accepts these recipients; no message is sent",
        more={"nargs": "+", "action": "extend", "default": []},
        meanings={"send": ("ADDRESS…", "the recipients of the message")},
    ),
    Option(
        "--from ADDRESS",
        "the sender, instead of the one in the file",
        meanings={"import": ("FORMAT", "the format to read; without this, smtp-tui detects it")},
    ),
    Option("--subject TEXT", "subject of the message"),
    Option("--body TEXT", "text of the message (default: standard input, unless it is a terminal)"),
    Option(
        "--json",
        "print JSON",
        meanings={
            "check": ("", "print one JSON object for each event, the verdict last"),
            "send": ("", "print one JSON object for each event, the verdict last"),
        },
    ),
    Option("--json-schema", "print a JSON Schema of what check --json prints"),
    Option(
        "--error TEXT",
        "explain this error from the log of any program; without TEXT, read standard input",
        more={"nargs": "?", "const": "-"},
    ),
    Option("--resolver ADDR[:PORT]", "use this DNS resolver instead of the system's"),
    Option("--autoconfig", "also fetch the autoconfig file of the domain, over HTTPS"),
    Option(
        "--domain-check", "after a check that passes, show the DNS records of the sender's domain"
    ),
    Option("--dkim SELECTOR", "with --domain-check: look up this DKIM selector too", more=_LIST),
    Option(
        "--format text|json|nagios|prometheus",
        "output format; nagios exits with 0 to 3, prometheus prints metrics",
    ),
    Option(
        "--output FILE",
        "with --format prometheus: write the metrics to FILE, which is replaced as a whole",
    ),
    Option(
        "-w, --warning RANGE",
        "with --format nagios: WARNING if the check takes a time outside RANGE",
    ),
    Option(
        "-c, --critical RANGE",
        "with --format nagios: CRITICAL if the check takes a time outside RANGE",
    ),
    Option(
        "--certificate-warning LIMIT",
        "with --format nagios: WARNING if the certificate has less time left than LIMIT",
    ),
    Option(
        "--certificate-critical LIMIT",
        "with --format nagios: CRITICAL if the certificate has less time left than LIMIT",
    ),
    Option("--warning-days N", "the same as --certificate-warning N", more=_NUMBER),
    Option("--critical-days N", "the same as --certificate-critical N", more=_NUMBER),
    Option("--watch SECONDS", "check again every SECONDS, and report when the verdict changes"),
    Option(
        "--as-unit UNIT",
        "check as this systemd service: its user, environment, credentials and network",
    ),
    Option("--quiet", "print only the verdict"),
    Option(
        "--report FILE",
        "write a report for a ticket to FILE, in Markdown and without passwords (-: print it)",
    ),
    Option(
        "--older-than DAYS",
        "list entries last read more than DAYS days ago (default 180), or without a date",
        more=_NUMBER,
    ),
    Option("--reveal", "show a password that is in the file"),
    Option("--schema", "print a JSON Schema of an SMTP table"),
    Option(
        "--keep-in PLACE",
        "where the password moves: keyring[=SERVICE], file=PATH, env=NAME, literal or ask",
    ),
    Option(
        "--into FILE",
        "write the imported settings to this TOML file, and change nothing else in it",
    ),
    Option(
        "--with-password", "include the password; without this, refer to it as the program does"
    ),
    Option("--account ACCOUNT", "the account to read, if the msmtp file has several"),
    Option(
        "--quoting STYLE",
        "program that reads the .env file: docker, systemd, ruby, python, laravel or node",
    ),
    Option("--create", "create the file, or the table in it, if it is missing"),
    Option("--backup", "keep the old file, with ~ added to its name"),
    Option("--in-place", "overwrite a file that cannot be replaced as a whole"),
    Option("--private", "let only the owner read and write the file (mode 0600)"),
    Option(
        "--diff",
        "show the changes, without passwords, and write nothing; exit with 1 if there are any",
    ),
    Option(
        "--theme dark|light",
        "colours of the form, for a dark or a light background",
        more={"choices": ("dark", "light")},
    ),
    Option("--ascii", "draw the form with ASCII characters only"),
    Option("--mouse", "let the form use the mouse"),
)

_LOOKS = ("theme", "ascii", "mouse")
_PASSWORD = ("password_stdin", "password_fd", "ask_password")
_CHECK = (
    *("table", "dialect", "hostname", "set", "timeout", "extra", "no_experiments"),
    *("allow_clear_password", *_PASSWORD, "domain_check", "dkim", "resolver"),
    *("to", "from", "json", "quiet", "report"),
)
_MONITORING = (
    *("format", "output", "warning", "critical", "certificate_warning", "certificate_critical"),
    *("warning_days", "critical_days", "watch", "as_unit", "json_schema", "all", "jobs"),
)
_WRITE = ("backup", "in_place", "private", "diff")

FORM = CommandSpec(
    "[FILE]",
    "open the form; a first word that is not a command is the FILE",
    "launch:form",
    ("table", "dialect", *_LOOKS),
)
# A list, so that what is added at run time is a command everywhere.
COMMANDS = [
    CommandSpec(
        "check [FILE…]",
        "test the settings, and print the SMTP dialogue and a verdict",
        "cli.check:check",
        (*_CHECK, *_MONITORING),
        most=None,
    ),
    CommandSpec(
        "send [FILE] --to ADDRESS…",
        "test the settings as check does, and send a message",
        "cli.check:check",
        (*_CHECK, "subject", "body"),
    ),
    CommandSpec(
        "get FILE [KEY]",
        "print the settings in a file, or one value",
        "cli.show:get",
        ("table", "dialect", "json", "reveal"),
        least=1,
        most=2,
    ),
    CommandSpec(
        "set FILE KEY=VALUE…",
        "change settings in a file, and nothing else in it",
        "cli.edit:set_values",
        ("table", "dialect", "create", *_PASSWORD, *_WRITE),
        least=2,
        most=None,
        instead=(*_PASSWORD, "private"),
    ),
    CommandSpec(
        "unset FILE KEY…",
        "remove settings from a file, and nothing else",
        "cli.edit:unset",
        ("table", "dialect", *_WRITE),
        least=2,
        most=None,
    ),
    CommandSpec(
        "import [--from FORMAT] FILE|- [--into FILE]",
        "read the settings of another program, and print or save them as TOML",
        "cli.import_export:import_settings",
        (
            *("from", "account", "quoting", "into", "table", "dialect", "create"),
            *(*_WRITE, "json", "reveal"),
        ),
        least=1,
    ),
    CommandSpec(
        "export FORMAT [FILE]",
        "print the settings in the format of another program",
        "cli.import_export:export_settings",
        ("table", "dialect", "with_password", "quoting"),
        least=1,
        most=2,
    ),
    CommandSpec(
        "password set|test|forget [FILE]",
        "store the password where the settings say, move it, test it or delete it",
        "cli.password:password",
        ("table", "dialect", *_PASSWORD, "keep_in", "in_place", "private"),
        least=1,
        most=2,
    ),
    CommandSpec(
        "explain [KEY] | --error [TEXT] | --schema",
        "explain a setting, or an error message from any program",
        "cli.show:explain",
        ("error", "json", "schema"),
    ),
    CommandSpec(
        "discover DOMAIN|ADDRESS|HOST",
        "find the mail server and the settings that work, without logging in",
        "cli.discover:discover",
        ("timeout", "resolver", "autoconfig", "json"),
        least=1,
    ),
    CommandSpec(
        "presets [ID]",
        "list the mail providers that smtp-tui knows, or print the settings of one",
        "cli.lists:presets",
        ("json",),
    ),
    CommandSpec(
        "dialects",
        "list the applications whose TOML files smtp-tui understands",
        "cli.lists:dialects",
        ("json",),
        most=0,
    ),
    CommandSpec(
        "sources",
        "list presets, reply rules and advice whose sources were read long ago",
        "cli.lists:sources",
        ("older_than", "json"),
        most=0,
    ),
    CommandSpec(
        "completion bash|zsh|fish",
        "print a script that completes commands and options in this shell",
        "cli.complete:completion",
        least=1,
    ),
    CommandSpec(
        "demo",
        "open the form on a sample file, with a mail server to test against",
        "launch:demo",
        ("json", "quiet", *_LOOKS),
        most=0,
    ),
]
COMPLETE = CommandSpec(
    "__complete SHELL NUMBER WORD…",
    "answer a shell that completes; its words are not options of this call",
    "cli.complete:complete",
    most=None,
)
"""No row of the help: the scripts of `smtp-tui completion` call it."""
