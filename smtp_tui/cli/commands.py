"""Declare every command and option of the command line.

The parser, the help, the manual page and the completion are built from these tables. The table
of commands also names the function that runs each one.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtp_tui.records import record

if TYPE_CHECKING:
    from argparse import Namespace


@record
class CommandLineOption:
    """An option: its usage, such as `-t, --timeout SECONDS`, and its help."""

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
        """Its value's placeholder; empty for a switch."""
        last = self.usage.split()[-1]
        return "" if last.startswith("-") else last

    @property
    def name(self) -> str:
        """Its attribute name in the parsed options."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def argparse_keywords(self) -> dict[str, Any]:
        """The keyword arguments for `ArgumentParser.add_argument`."""
        metavar = self.metavar
        if not metavar:
            return {"action": "store_true"}
        number = {"type": int} if metavar == "N" else {}
        return {"metavar": metavar, **_ARGPARSE.get(self.name, number)}

    def of_command(self, command: str) -> CommandLineOption:
        """Return the option with the usage and help that it has in a command."""
        return _MEANINGS.get((command, self.name), self)


@record
class CommandLineCommand:
    """A command: its name and arguments as the help shows them, and its summary.

    `handler` names the function that runs it (see `load`) and returns the exit status. One of the
    options in `instead` may replace the last required argument.
    """

    words: str
    summary: str
    handler: str
    options: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The command's name; empty for the form."""
        first = self.words.partition(" ")[0]
        return "" if first.startswith("[") else first

    @property
    def arguments(self) -> list[str]:
        """The arguments after its name; `[KEY]` is optional, `FILE…` may repeat."""
        usage = re.sub(r"\[--[^\]]*\]", "", self.words.removeprefix(self.name))  # [--into FILE]
        return re.split(r"\s\|\s|\s--", usage)[0].split()


@record(kw_only=True)
class Invocation:
    """A parsed command line: the command, its arguments and its options."""

    command: CommandLineCommand
    words: tuple[str, ...]
    options: Namespace

    @property
    def given(self) -> dict[str, Any]:
        """The values of the given options by name, in order of declaration."""
        others = ("help", "version", "words")
        values = vars(self.options).items()
        return {name: value for name, value in values if is_given(value) and name not in others}


def flag_of(name: str) -> str:
    """Return the long flag of an option, by its name in the parsed options."""
    return f"--{name.replace('_', '-')}"


def is_given(value: object) -> bool:
    """Whether an option with this value was given."""
    # By identity: file descriptor 0 equals False.
    return value is not None and value is not False and value != []


def resume_collection() -> None:
    """Enable garbage collection, exempting all existing objects."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


# More `add_argument` keywords by option name; `N` alone implies an int.
_ARGPARSE: Mapping[str, Mapping[str, Any]] = {
    "set": {"action": "append", "default": []},
    "dkim": {"action": "append", "default": []},
    "scope": {"action": "append", "default": []},
    "also_host": {"action": "append", "default": []},
    "flow": {"choices": ("device", "paste", "client")},
    "to": {"nargs": "+", "action": "extend", "default": []},
    "error": {"nargs": "?", "const": "-"},
    "message": {"nargs": "?", "const": "-"},
    "token": {"nargs": "?", "const": "-"},
    "older_than": {"type": int},
    "as_pid": {"type": int},
    "sending_address": {"action": "append", "default": []},
    "theme": {"choices": ("dark", "light")},
}


def _help_texts() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = {}
    for line in Path(__file__).with_name("help.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            rows = texts.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            usage, _, text = line.partition("  ")
            rows[usage] = text.strip()
    return texts


# The texts of help.txt by section: options by usage, other texts by their terms.
HELP_TEXTS = _help_texts()

OPTIONS = tuple(CommandLineOption(usage, text) for usage, text in HELP_TEXTS["options"].items())
_MEANINGS = {
    (command, option.name): option
    for row, text in HELP_TEXTS["meanings"].items()
    for command, _, usage in [row.partition(" ")]
    for option in [CommandLineOption(usage, text)]
}

_APPEARANCE = ("linear", "theme", "ascii", "mouse")
_PASSWORD = ("password_stdin", "password_fd", "ask_password")
_CHECK = (
    *("table", "dialect", "hostname", "set", "timeout", "extra", "no_experiments"),
    *("allow_clear_password", *_PASSWORD, "domain_check", "dkim", "resolver"),
    *("sending_address", "message", "blocklists"),
    *("to", "from", "json", "quiet", "report", "record"),
)
_OUTPUT = (
    *("format", "output", "warning", "critical", "certificate_warning", "certificate_critical"),
    *("warning_days", "critical_days"),
)
_MONITORING = (
    *(*_OUTPUT, "watch", "as_unit", "json_schema", "all", "jobs", "in", "as_pid", "as_mta"),
    "replay",
)
_PROOF = ("prove", "prove_password", "authserv_id", "remove")
_WRITE = ("backup", "in_place", "private", "diff")

FORM = CommandLineCommand(
    "[FILE]",
    "open the form on the settings in FILE",
    "launch:form",
    ("table", "dialect", *_APPEARANCE, "replay"),
)
# A list, so that a command added at run time works everywhere.
COMMANDS = [
    CommandLineCommand(
        "check [FILE…]",
        "test settings, print the dialogue and a verdict",
        "cli.check:check",
        (*_CHECK, *_MONITORING),
    ),
    CommandLineCommand(
        "send [FILE] --to ADDRESS…",
        "test settings as check does, and send a message",
        "cli.check:check",
        (*_CHECK, "subject", "body", *_OUTPUT, "follow", "log", "within", *_PROOF),
    ),
    CommandLineCommand(
        "tap [FILE]",
        "relay an application, and show its dialogue",
        "cli.tap:tap",
        (
            *("table", "dialect", "hostname", "set", "timeout", *_PASSWORD),
            *("listen", "listen_anywhere", "ca_out", "clients", "json", "quiet"),
        ),
    ),
    CommandLineCommand(
        "get FILE [KEY]",
        "print the settings in a file, or one value",
        "cli.show:get",
        ("table", "dialect", "json", "reveal"),
    ),
    CommandLineCommand(
        "set FILE KEY=VALUE…",
        "change settings in a file, and nothing else",
        "cli.edit:set_values",
        ("table", "dialect", "create", *_PASSWORD, *_WRITE),
        instead=(*_PASSWORD, "private"),
    ),
    CommandLineCommand(
        "unset FILE KEY…",
        "remove settings from a file, and nothing else",
        "cli.edit:unset",
        ("table", "dialect", *_WRITE),
    ),
    CommandLineCommand(
        "import [--from FORMAT] FILE|- [--into FILE]",
        "print or save another program's settings as TOML",
        "cli.import_export:import_settings",
        (
            *("from", "account", "quoting", "into", "table", "dialect", "create"),
            *(*_WRITE, "json", "reveal"),
        ),
    ),
    CommandLineCommand(
        "export FORMAT [FILE]",
        "print the settings for another program",
        "cli.import_export:export_settings",
        ("table", "dialect", "with_password", "quoting"),
    ),
    CommandLineCommand(
        "password set|test|forget [FILE]",
        "store, move, test or delete the password",
        "cli.password:password",
        ("table", "dialect", *_PASSWORD, "keep_in", "in_place", "private"),
    ),
    CommandLineCommand(
        "explain [KEY] | --error [TEXT] | --message [FILE] | --token [FILE] | --schema",
        "explain a setting, cause, error, message or token",
        "cli.show:explain",
        (
            *("causes", "error", "message", "dns", "resolver", "authserv_id", "token", "set"),
            *("json", "schema"),
        ),
    ),
    CommandLineCommand(
        "discover DOMAIN|ADDRESS|HOST",
        "find the settings that work, without logging in",
        "cli.discover:discover",
        ("timeout", "resolver", "autoconfig", "json"),
    ),
    CommandLineCommand(
        "scan [FOLDER…]",
        "find the SMTP settings on this machine",
        "cli.scan:scan",
        ("check", "timeout", "jobs", "json"),
    ),
    CommandLineCommand(
        "presets [ID]",
        "list mail providers, or print the settings of one",
        "cli.lists:presets",
        ("json",),
    ),
    CommandLineCommand(
        "dialects",
        "list the applications whose files smtp-tui knows",
        "cli.lists:dialects",
        ("json",),
    ),
    CommandLineCommand(
        "sources",
        "list presets and rules with sources read long ago",
        "cli.lists:sources",
        ("older_than", "json"),
    ),
    CommandLineCommand(
        "completion bash|zsh|fish",
        "print a script that completes commands",
        "cli.complete:completion",
    ),
    CommandLineCommand(
        "demo",
        "try the form on a sample file with a mail server",
        "launch:demo",
        ("json", "quiet", *_APPEARANCE, "replay"),
    ),
    CommandLineCommand(
        "drift [FILE]",
        "show what runs with other settings than the file's",
        "cli.drift:drift",
        ("table", "dialect", "from", "json"),
    ),
    CommandLineCommand(
        "login [FILE]",
        "sign in at the provider, without a password",
        "cli.sign_in:login",
        (
            *("table", "dialect", "provider", "client_id", "client_secret_stdin"),
            *("client_secret_fd", "secret_ends", "tenant", "flow", "scope", "imap", "also_host"),
            *("name", "keep_in", "in_place", "json"),
        ),
    ),
    CommandLineCommand(
        "logout [FILE]",
        "revoke a sign-in, and forget it",
        "cli.signed_in:logout",
        ("table", "dialect"),
    ),
    CommandLineCommand(
        "token [FILE]",
        "print a fresh access token for another program",
        "cli.signed_in:token",
        ("table", "dialect", "reveal", "json"),
    ),
]
# Not in the help: the scripts of `smtp-tui completion` call it.
COMPLETE = CommandLineCommand(
    "__complete SHELL NUMBER WORD…",
    "answer a shell that completes; its words are not options of this call",
    "cli.complete:complete",
)
