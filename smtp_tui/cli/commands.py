"""Every command, declared once: its call, its help, and the options that it takes."""

from __future__ import annotations

from smtp_tui.records import record

_LOOKS = ("theme", "ascii", "mouse")
_PASSWORD = ("password_stdin", "password_fd", "ask_password")
_CHECK = (
    *("table", "dialect", "hostname", "set", "timeout", "extra", "no_experiments"),
    "allow_clear_password",
)
_DOMAIN = ("domain_check", "dkim", "resolver")
_WRITE = ("backup", "in_place", "private", "diff")
_TOLD = ("to", "from", "json", "quiet", "report")
_MONITORING = (
    *("format", "output", "warning", "critical", "certificate_warning", "certificate_critical"),
    *("warning_days", "critical_days", "watch", "as_unit", "json_schema"),
)


@record(kw_only=True)
class Command:
    """One command: how it is called, what it does, and the options it takes.

    `least` words it needs; one of the options in `instead` may stand for the last of them.
    """

    name: str
    words: str
    summary: str
    options: tuple[str, ...] = ()
    least: int = 0
    most: int | None = 1
    instead: tuple[str, ...] = ()


FORM = Command(
    name="",
    words="[FILE]",
    summary="open the form; a first word that is not a command is the FILE",
    options=("table", "dialect", *_LOOKS),
)
COMMANDS = (
    Command(
        name="check",
        words="check [FILE…]",
        summary="test the settings, and print the SMTP dialogue and a verdict",
        options=(*_CHECK, *_PASSWORD, *_DOMAIN, *_TOLD, *_MONITORING, "all", "jobs"),
        most=None,
    ),
    Command(
        name="send",
        words="send [FILE] --to ADDRESS…",
        summary="test the settings as check does, and send a message",
        options=(*_CHECK, *_PASSWORD, *_DOMAIN, *_TOLD, "subject", "body"),
    ),
    Command(
        name="get",
        words="get FILE [KEY]",
        summary="print the settings in a file, or one value",
        options=("table", "dialect", "json", "reveal"),
        least=1,
        most=2,
    ),
    Command(
        name="set",
        words="set FILE KEY=VALUE…",
        summary="change settings in a file, and nothing else in it",
        options=("table", "dialect", "create", *_PASSWORD, *_WRITE),
        least=2,
        most=None,
        instead=(*_PASSWORD, "private"),
    ),
    Command(
        name="unset",
        words="unset FILE KEY…",
        summary="remove settings from a file, and nothing else",
        options=("table", "dialect", *_WRITE),
        least=2,
        most=None,
    ),
    Command(
        name="import",
        words="import [--from FORMAT] FILE|- [--into FILE]",
        summary="read the settings of another program, and print or save them as TOML",
        options=(
            "from",
            "account",
            "quoting",
            "into",
            "table",
            "dialect",
            "create",
            *_WRITE,
            "json",
            "reveal",
        ),
        least=1,
    ),
    Command(
        name="export",
        words="export FORMAT [FILE]",
        summary="print the settings in the format of another program",
        options=("table", "dialect", "with_password", "quoting"),
        least=1,
        most=2,
    ),
    Command(
        name="password",
        words="password set|test|forget [FILE]",
        summary="store the password where the settings say, move it, test it or delete it",
        options=("table", "dialect", *_PASSWORD, "keep_in", "in_place", "private"),
        least=1,
        most=2,
    ),
    Command(
        name="explain",
        words="explain [KEY] | --error [TEXT] | --schema",
        summary="explain a setting, or an error message from any program",
        options=("error", "json", "schema"),
    ),
    Command(
        name="discover",
        words="discover DOMAIN|ADDRESS|HOST",
        summary="find the mail server and the settings that work, without logging in",
        options=("timeout", "resolver", "autoconfig", "json"),
        least=1,
    ),
    Command(
        name="presets",
        words="presets [ID]",
        summary="list the mail providers that smtp-tui knows, or print the settings of one",
        options=("json",),
    ),
    Command(
        name="dialects",
        words="dialects",
        summary="list the applications whose TOML files smtp-tui understands",
        options=("json",),
        most=0,
    ),
    Command(
        name="sources",
        words="sources",
        summary="list presets, reply rules and advice whose sources were read long ago",
        options=("older_than", "json"),
        most=0,
    ),
    Command(
        name="completion",
        words="completion bash|zsh|fish",
        summary="print a script that completes commands and options in this shell",
        least=1,
    ),
    Command(
        name="demo",
        words="demo",
        summary="open the form on a sample file, with a mail server to test against",
        options=("json", "quiet", *_LOOKS),
        most=0,
    ),
)
