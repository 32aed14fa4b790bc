"""Every option and every command of the command line, declared once.

The parser, the help, the manual page and the completion are made of these tables. The table of
commands names what carries each of them out, too.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from smtp_tui.records import record

if TYPE_CHECKING:
    from argparse import Namespace


@record
class Option:
    """An option: how it is written, such as `-t, --timeout SECONDS`, and its help."""

    usage: str
    help: str

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags, the long one first."""
        words = reversed(self.usage.split())
        return tuple(word.rstrip(",") for word in words if word.startswith("-"))

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
        number = {"type": int} if self.metavar == "N" else {}
        return {"metavar": self.metavar, **_ARGPARSE.get(self.name, number)}

    def of_command(self, command: str) -> Option:
        """Return the option as it is written and explained where this command takes it."""
        return _MEANINGS.get((command, self.name), self)


@record
class CommandSpec:
    """A command: its words as the help shows them, its name first, and what it does.

    `handler` names the function that carries it out (see `load`). One of the options in `instead`
    may stand for the last word that it needs.
    """

    words: str
    summary: str
    handler: str
    options: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name; empty for the form, which needs none."""
        first = self.words.partition(" ")[0]
        return "" if first.startswith("[") else first

    @property
    def arguments(self) -> list[str]:
        """The words behind its name; `[KEY]` may be missing, and `FILE…` may repeat."""
        usage = re.sub(r"\[--[^\]]*\]", "", self.words.removeprefix(self.name))  # [--into FILE]
        return re.split(r"\s\|\s|\s--", usage)[0].split()


@record(kw_only=True)
class Invocation:
    """A call that was understood: the command, its words, and its options by name."""

    command: CommandSpec
    words: tuple[str, ...]
    options: Namespace

    @property
    def given(self) -> dict[str, Any]:
        """The values of the options that the call gives, by their names, as declared."""
        values = {option.name: getattr(self.options, option.name, None) for option in OPTIONS}
        return {name: value for name, value in values.items() if is_given(value)}


def flag_of(name: str) -> str:
    """Return the long flag of the option that has this name among the parsed ones."""
    return f"--{name.replace('_', '-')}"


def is_given(value: object) -> bool:
    """Whether a call gives an option that has this value."""
    # By identity: a descriptor may be 0, which equals False.
    return value is not None and value is not False and value != []


Handler = Callable[[Invocation], int]
"""Carries a command out and returns the exit status."""


def resume_collection() -> None:
    """Collect garbage from now on, but never in what is loaded by now."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def load(target: str) -> Any:
    """Return what "module:name" below `smtp_tui` names; its module is imported now.

    The door of the command line: with the modules of all commands a check would take 355 ms of CPU
    in place of 215, most of it imports (`python -X importtime -m smtp_tui check`). So each call
    loads what carries it out, and a part that few calls of a command need is loaded here too.
    """
    module, _, name = target.partition(":")
    return getattr(import_module(f"smtp_tui.{module}"), name)


# What argparse must know of an option, besides that a value `N` is a number.
_ARGPARSE: Mapping[str, Mapping[str, Any]] = {
    "set": {"action": "append", "default": []},
    "dkim": {"action": "append", "default": []},
    "to": {"nargs": "+", "action": "extend", "default": []},
    "error": {"nargs": "?", "const": "-"},
    "older_than": {"type": int},
    "theme": {"choices": ("dark", "light")},
}
# What means something else to a command than to all others.
_MEANINGS = {
    ("discover", "timeout"): Option(
        "-t, --timeout SECONDS", "seconds for the whole search (default 10)"
    ),
    ("send", "to"): Option("--to ADDRESS…", "the recipients of the message"),
    ("import", "from"): Option(
        "--from FORMAT", "the format to read; without this, smtp-tui detects it"
    ),
    **{
        (command, "json"): Option(
            "--json", "print one JSON object for each event, the verdict last"
        )
        for command in ("check", "send")
    },
}
_OPTIONS = {
    "--table PATH": "TOML path of the SMTP table, such as accounts.main.smtp or smtp[0]; . is the "
    "root",
    "--dialect NAME": "read the file as this application's (smtp-tui dialects lists them) or as "
    "plain",
    "-H, --hostname HOST": "check this host instead of the file's; no file is needed",
    "--all": "check every SMTP table of each file",
    "--jobs N": "check up to N tables at the same time (default 16)",
    "--set KEY=VALUE": "use VALUE instead of the file's KEY; with --set host=… no file is needed",
    "-t, --timeout SECONDS": "seconds for the whole check (default 30)",
    "--extra SECONDS": "seconds for extra probes, which never send a password (default 3; 0: none)",
    "--no-experiments": "make no extra probes; the same as --extra 0",
    "--allow-clear-password": "send the password even over an unencrypted connection",
    "--password-stdin": "read the password from standard input",
    "--password-fd N": "read the password from this file descriptor",
    "--ask-password": "ask for the password on the terminal",
    "--to ADDRESS": "ask the server whether it accepts these recipients; no message is sent",
    "--from ADDRESS": "the sender, instead of the one in the file",
    "--subject TEXT": "subject of the message",
    "--body TEXT": "text of the message (default: standard input, unless it is a terminal)",
    "--json": "print JSON",
    "--json-schema": "print a JSON Schema of what check --json prints",
    "--error TEXT": "explain this error from the log of any program; without TEXT, read standard "
    "input",
    "--resolver ADDR[:PORT]": "use this DNS resolver instead of the system's",
    "--autoconfig": "also fetch the autoconfig file of the domain, over HTTPS",
    "--domain-check": "after a check that passes, show the DNS records of the sender's domain",
    "--dkim SELECTOR": "with --domain-check: look up this DKIM selector too",
    "--format text|json|nagios|prometheus": "output format; nagios exits with 0 to 3, prometheus "
    "prints metrics",
    "--output FILE": "with --format prometheus: write the metrics to FILE, which is replaced as a "
    "whole",
    "-w, --warning RANGE": "with --format nagios: WARNING if the check takes a time outside RANGE",
    "-c, --critical RANGE": "with --format nagios: CRITICAL if the check takes a time outside "
    "RANGE",
    "--certificate-warning LIMIT": "with --format nagios: WARNING if the certificate has less time "
    "left than LIMIT",
    "--certificate-critical LIMIT": "with --format nagios: CRITICAL if the certificate has less "
    "time left than LIMIT",
    "--warning-days N": "the same as --certificate-warning N",
    "--critical-days N": "the same as --certificate-critical N",
    "--watch SECONDS": "check again every SECONDS, and report when the verdict changes",
    "--as-unit UNIT": "check as this systemd service: its user, environment, credentials and "
    "network",
    "--quiet": "print only the verdict",
    "--report FILE": "write a report for a ticket to FILE, in Markdown and without passwords (-: "
    "print it)",
    "--older-than DAYS": "list entries last read more than DAYS days ago (default 180), or without "
    "a date",
    "--reveal": "show a password that is in the file",
    "--schema": "print a JSON Schema of an SMTP table",
    "--keep-in PLACE": "where the password moves: keyring[=SERVICE], file=PATH, env=NAME, literal "
    "or ask",
    "--into FILE": "write the imported settings to this TOML file, and change nothing else in it",
    "--with-password": "include the password; without this, refer to it as the program does",
    "--account ACCOUNT": "the account to read, if the msmtp file has several",
    "--quoting STYLE": "program that reads the .env file: docker, systemd, ruby, python, laravel "
    "or node",
    "--create": "create the file, or the table in it, if it is missing",
    "--backup": "keep the old file, with ~ added to its name",
    "--in-place": "overwrite a file that cannot be replaced as a whole",
    "--private": "let only the owner read and write the file (mode 0600)",
    "--diff": "show the changes, without passwords, and write nothing; exit with 1 if there are "
    "any",
    "--theme dark|light": "colours of the form, for a dark or a light background",
    "--ascii": "draw the form with ASCII characters only",
    "--mouse": "let the form use the mouse",
}
OPTIONS = tuple(Option(usage, text) for usage, text in _OPTIONS.items())

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
    ),
    CommandSpec(
        "set FILE KEY=VALUE…",
        "change settings in a file, and nothing else in it",
        "cli.edit:set_values",
        ("table", "dialect", "create", *_PASSWORD, *_WRITE),
        instead=(*_PASSWORD, "private"),
    ),
    CommandSpec(
        "unset FILE KEY…",
        "remove settings from a file, and nothing else",
        "cli.edit:unset",
        ("table", "dialect", *_WRITE),
    ),
    CommandSpec(
        "import [--from FORMAT] FILE|- [--into FILE]",
        "read the settings of another program, and print or save them as TOML",
        "cli.import_export:import_settings",
        (
            *("from", "account", "quoting", "into", "table", "dialect", "create"),
            *(*_WRITE, "json", "reveal"),
        ),
    ),
    CommandSpec(
        "export FORMAT [FILE]",
        "print the settings in the format of another program",
        "cli.import_export:export_settings",
        ("table", "dialect", "with_password", "quoting"),
    ),
    CommandSpec(
        "password set|test|forget [FILE]",
        "store the password where the settings say, move it, test it or delete it",
        "cli.password:password",
        ("table", "dialect", *_PASSWORD, "keep_in", "in_place", "private"),
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
    ),
    CommandSpec(
        "sources",
        "list presets, reply rules and advice whose sources were read long ago",
        "cli.lists:sources",
        ("older_than", "json"),
    ),
    CommandSpec(
        "completion bash|zsh|fish",
        "print a script that completes commands and options in this shell",
        "cli.complete:completion",
    ),
    CommandSpec(
        "demo",
        "open the form on a sample file, with a mail server to test against",
        "launch:demo",
        ("json", "quiet", *_LOOKS),
    ),
]
COMPLETE = CommandSpec(
    "__complete SHELL NUMBER WORD…",
    "answer a shell that completes; its words are not options of this call",
    "cli.complete:complete",
)
"""No row of the help: the scripts of `smtp-tui completion` call it."""
