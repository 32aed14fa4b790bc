"""The manual page, smtp-tui(1), made of the same tables as the help: `make man` writes it."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator

from smtp_tui.checks.status import BY_STAGE
from smtp_tui.cli.commands import COMMANDS, FORM, Command
from smtp_tui.cli.options import OPTIONS, Option
from smtp_tui.settings.fields import FIELDS, Field, Kind

DATE = "2026-11-24"
"""When its words were last changed by hand."""

_WIDTH = 72

_ESCAPES = str.maketrans(
    {
        "\\": "\\e",
        "-": "\\-",
        "'": "\\(aq",
        "`": "\\(ga",
        "^": "\\(ha",
        "~": "\\(ti",
        "…": "...",
        "–": "\\(en",
        "—": "\\(em",
        "’": "\\(cq",
        "“": "\\(lq",
        "”": "\\(rq",
    }
)

_DESCRIPTION = (
    "smtp-tui edits SMTP settings in a TOML file, explains them, and tests them on the server. "
    "Called with a FILE alone, or with nothing, it opens a form on the terminal; with a command it "
    "works without one, for scripts and monitoring.",
    "A check goes from the settings over name, connection, TLS and login to QUIT, shows the "
    "dialogue, and ends with a verdict: what happened, why, and what to do. No message is sent but "
    "by send. No password is ever shown.",
)

_STATUSES = {
    "0": "The check passed, or the command did what it was asked.",
    "1": "A negative answer: the key is not set, nothing was found, there are differences.",
    "2": "The call is off, or there is no terminal for the form.",
}
_MORE_STATUSES = {
    "70": "A defect of smtp-tui.",
    "74": "The output, or a report, cannot be written.",
    "129, 130, 141, 143": "Ended by a signal.",
}

_NAGIOS = (
    "Of several tables the highest counts. With --format nagios: 0 OK, 1 WARNING, 2 CRITICAL, "
    "3 UNKNOWN."
)

_ENVIRONMENT = {
    "SMTP_TUI_CONFIG": "The file that is meant where none is named.",
    "SMTP_TUI_PASSWORD": "The password of a check, where no option and no --set names a place.",
    "XDG_CONFIG_HOME": "The configuration folder, in place of ~/.config.",
    "XDG_STATE_HOME": "The state folder, in place of ~/.local/state.",
    "SSL_CERT_FILE": "The certificates to trust, in place of the system's (OpenSSL).",
    "CREDENTIALS_DIRECTORY": "Where systemd puts a unit's credentials; paths in FILE may name it.",
    "NO_COLOR": "Set to anything: the form draws without colours.",
}

_FILES = {
    "~/.config/smtp-tui/smtp.toml": "The settings that are meant where no FILE is named.",
    "~/.config/smtp-tui/smtp-tui.toml": (
        "The program's own settings: how the form looks, its keys, and what it asks DNS."
    ),
    "~/.config/smtp-tui/dialects/": "Dialects of one's own: how other applications spell settings.",
    "~/.config/smtp-tui/providers/": "Mail providers of one's own.",
    "~/.local/state/smtp-tui/": (
        "What a lost line left unsaved in the form, and the old content of a file while it is "
        "overwritten in place."
    ),
}

_EXAMPLES = {
    "Edit, explain and test settings": "smtp-tui mail.toml",
    "Test a server without a file": (
        "smtp-tui check --set host=mail.example.net --set username=me --ask-password"
    ),
    "Ask the server about a recipient, and send nothing": (
        "smtp-tui check mail.toml --to admin@example.org"
    ),
    "Find the settings of a domain": "smtp-tui discover example.org",
    "Take over the settings of another program": (
        "smtp-tui import /etc/postfix/main.cf --into mail.toml --create"
    ),
    "Say what an error in a log means": "journalctl -u app -n 20 | smtp-tui explain --error",
    "Watch a relay that comes and goes": "smtp-tui check mail.toml --watch 60",
    "Check for Nagios or Icinga": "smtp-tui check mail.toml --format nagios --warning-days 21",
    "Check for Prometheus, from cron": (
        "smtp-tui check --all relays.toml --format prometheus "
        "--output /var/lib/prometheus/node-exporter/smtp.prom"
    ),
    "Check as a service of systemd would": "smtp-tui check /etc/app/mail.toml --as-unit app",
}


def manpage(version: str) -> str:
    """Return the page in the man macros, ASCII only."""
    lines = [
        f'.TH SMTP\\-TUI 1 "{DATE}" "smtp\\-tui {_escaped(version)}" "User Commands"',
        ".SH NAME",
        "smtp\\-tui \\- edit, explain and test SMTP settings from one terminal screen",
        ".SH SYNOPSIS",
        *_synopsis(),
        ".SH DESCRIPTION",
        *_paragraphs(_DESCRIPTION),
        ".SH COMMANDS",
        *_tagged((f"smtp-tui {one.words}", _command(one)) for one in (FORM, *COMMANDS)),
        ".SH OPTIONS",
        "Options may stand before, between and after the words of a command.",
        *_tagged((_flag(one), _option(one)) for one in OPTIONS),
        *_tagged(
            [("-h, --help", "Print the help of a command."), ("--version", "Print versions.")]
        ),
        ".SH SETTINGS",
        "What a table of FILE may hold; smtp\\-tui explain KEY tells more of each.",
        *_tagged((one.key, _field(one)) for one in FIELDS),
        ".SH EXIT STATUS",
        *_tagged({**_STATUSES, **dict(_by_stage()), **_MORE_STATUSES}.items()),
        ".PP",
        *_text(_NAGIOS),
        ".SH ENVIRONMENT",
        *_tagged(_ENVIRONMENT.items()),
        ".SH FILES",
        *_tagged(_FILES.items()),
        ".SH EXAMPLES",
        *_examples(),
        ".SH SEE ALSO",
        ".BR openssl (1),",
        ".BR swaks (1),",
        ".BR systemd\\-run (1)",
    ]
    return "\n".join([*lines, ""])


def _synopsis() -> Iterator[str]:
    for number, one in enumerate((FORM, *COMMANDS)):
        if number:
            yield ".br"
        yield f".B smtp\\-tui {_escaped(one.words)}".rstrip()


def _command(command: Command) -> str:
    taken = [option.flags[0] for option in OPTIONS if option.name in command.options]
    options = f" Options: {', '.join(taken)}." if taken else ""
    return f"{_sentence(command.summary)}{options}"


def _flag(option: Option) -> str:
    return f"{option.flags[0]} {option.extra.get('metavar', '')}".rstrip()


def _option(option: Option) -> str:
    taking = [one.name or "the form" for one in (FORM, *COMMANDS) if option.name in one.options]
    return f"{_sentence(option.help)} ({', '.join(taking)})"


def _field(one: Field) -> str:
    values = f" One of {', '.join(map(str, one.choices))}." if one.kind is Kind.CHOICE else ""
    return f"{one.label}. {one.summary}{values}"


def _by_stage() -> Iterator[tuple[str, str]]:
    stages: dict[int, list[str]] = {}
    for stage, status in BY_STAGE.items():
        stages.setdefault(status, []).append(stage)
    for status, names in stages.items():
        yield str(status), f"The check failed at {' or '.join(names)}."


def _examples() -> Iterator[str]:
    for number, (what, line) in enumerate(_EXAMPLES.items()):
        yield from ([".PP"] if number else [])
        yield from (*_text(f"{what}:"), ".PP", ".RS 4", ".nf", _escaped(line), ".fi", ".RE")


def _paragraphs(texts: Iterable[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield from ([".PP"] if number else [])
        yield from _text(text)


def _tagged(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for tag, text in rows:
        yield from (".TP", f".B {_escaped(tag)}", *_text(text))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _text(text: str) -> list[str]:
    """Return a text in lines that a person can read, none of which is a request."""
    lines = textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return [_escaped(line) for line in lines]


def _escaped(text: str) -> str:
    """Return a line: nothing in it is a request, a macro or an escape."""
    line = text.translate(_ESCAPES)
    line = re.sub(r"[^\x20-\x7e]", lambda one: f"\\[u{ord(one.group()):04X}]", line)
    return f"\\&{line}" if line.startswith(".") else line


if __name__ == "__main__":
    from smtp_tui import __version__

    sys.stdout.write(manpage(__version__))
