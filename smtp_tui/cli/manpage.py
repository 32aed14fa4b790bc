"""The manual page, smtp-tui(1), made of the same tables as the help: `make man` writes it."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator

from smtp_tui.cli.commands import COMMANDS, FORM, Command
from smtp_tui.cli.notations import LIMITS, NAGIOS, RANGES, statuses
from smtp_tui.cli.options import OPTIONS, Option
from smtp_tui.settings.fields import FIELDS, Field, FieldKind

DATE = "2026-11-28"
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
    "smtp-tui edits, explains and tests the SMTP settings in a TOML file. With only a FILE, or "
    "without arguments, it opens a form on the terminal. With a command it works without the form, "
    "for scripts and monitoring.",
    "A check reads the settings, looks up the host, connects, starts TLS, logs in and quits. It "
    "shows the SMTP dialogue, and ends with a verdict: what happened, why, and what to do. Only "
    "send sends a message. Only get --reveal, import and export --with-password print a password.",
)

_MONITORING = (
    "check --format nagios prints one line with performance data for Nagios, Icinga and others, as "
    "the Monitoring Plugins guidelines define it, and exits with 0 to 3. --warning and --critical "
    "set a RANGE for the time that the check takes, in seconds. --certificate-warning and "
    "--certificate-critical set a LIMIT for the time that is left until the certificate expires. "
    "These options need --format nagios.",
    "check --format prometheus prints metrics for the textfile collector of Prometheus.",
    "check --json prints one JSON object a line. check --json-schema prints a JSON Schema of these "
    "objects. The key schema of the verdict is the version of the schema. The version grows when a "
    "key changes its meaning.",
)

_ENVIRONMENT = {
    "SMTP_TUI_CONFIG": "The FILE to use when the command line names none.",
    "SMTP_TUI_PASSWORD": "The password for a check, unless an option or --set names another place.",
    "XDG_CONFIG_HOME": "The configuration folder, instead of ~/.config.",
    "XDG_STATE_HOME": "The state folder, instead of ~/.local/state.",
    "SSL_CERT_FILE": "The certificates to trust, instead of the system's (OpenSSL).",
    "CREDENTIALS_DIRECTORY": "The folder with a systemd unit's credentials; FILE may use it.",
    "NO_COLOR": "If this is set, the form uses no colours.",
}

_FILES = {
    "~/.config/smtp-tui/smtp.toml": "The settings to use when the command line names no FILE.",
    "~/.config/smtp-tui/smtp-tui.toml": (
        "The settings of smtp-tui itself: the look of the form, its keys, and its DNS lookups."
    ),
    "~/.config/smtp-tui/dialects/": "Your own dialects: the TOML keys of other applications.",
    "~/.config/smtp-tui/providers/": "Your own mail providers.",
    "~/.local/state/smtp-tui/": (
        "Unsaved changes of a form whose terminal was lost, and the old content of a file while "
        "smtp-tui overwrites it in place."
    ),
}

_EXAMPLES = {
    "Edit, explain and test settings": "smtp-tui mail.toml",
    "Test a server without a file": (
        "smtp-tui check --set host=mail.example.net --set username=me --ask-password"
    ),
    "Ask the server whether it accepts a recipient, and send nothing": (
        "smtp-tui check mail.toml --to admin@example.org"
    ),
    "Find the settings of a domain": "smtp-tui discover example.org",
    "Import the settings of another program": (
        "smtp-tui import /etc/postfix/main.cf --into mail.toml --create"
    ),
    "Explain an error in a log": "journalctl -u app -n 20 | smtp-tui explain --error",
    "Watch a server that fails from time to time": "smtp-tui check mail.toml --watch 60",
    "Check for Nagios or Icinga: WARNING above 2 seconds, CRITICAL above 10": (
        "smtp-tui check mail.toml --format nagios -w 2 -c 10"
    ),
    "Check a host without a file, and its certificate against limits of your own": (
        "smtp-tui check -H mail.example.net --format nagios --certificate-warning 20%"
    ),
    "Check for Prometheus, from cron": (
        "smtp-tui check --all relays.toml --format prometheus "
        "--output /var/lib/prometheus/node-exporter/smtp.prom"
    ),
    "Check as a systemd service": "smtp-tui check /etc/app/mail.toml --as-unit app",
}


def manpage(version: str) -> str:
    """Return the page in the man macros, ASCII only."""
    lines = [
        f'.TH SMTP\\-TUI 1 "{DATE}" "smtp\\-tui {_escaped(version)}" "User Commands"',
        ".nh",
        ".SH NAME",
        "smtp\\-tui \\- edit, explain and test SMTP settings from one terminal screen",
        ".SH SYNOPSIS",
        *_synopsis(),
        ".SH DESCRIPTION",
        *_paragraphs(_DESCRIPTION),
        ".SH COMMANDS",
        *_tagged((f"smtp-tui {one.words}", _command(one)) for one in (FORM, *COMMANDS)),
        ".SH OPTIONS",
        "Options may stand before, between and after the words of a command. The commands",
        "that accept an option are in brackets.",
        *_tagged(row for one in OPTIONS for row in _option(one)),
        *_tagged(
            [
                ("-h, --help", "Show the help of a command."),
                ("-V, --version", "Show the versions of smtp-tui, Python and OpenSSL."),
            ]
        ),
        ".SH SETTINGS",
        "The keys of an SMTP table. smtp\\-tui explain KEY explains each of them in full.",
        *_tagged((one.key, _field(one)) for one in FIELDS),
        ".SH EXIT STATUS",
        *_tagged(statuses().items()),
        ".PP",
        "With several tables, the highest status counts. With \\-\\-format nagios:",
        *_tagged(NAGIOS.items()),
        ".SH MONITORING",
        *_paragraphs(_MONITORING),
        ".SS RANGE, in seconds",
        *_tagged(RANGES.items()),
        ".SS LIMIT",
        *_tagged(LIMITS.items()),
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


def _option(option: Option) -> Iterator[tuple[str, str]]:
    """Yield an option's rows: one for each of its meanings, and the commands that it has it in."""
    commands: dict[tuple[str, str], list[str]] = {}
    for one in (FORM, *COMMANDS):
        if option.name in one.options:
            meaning = (option.shown(one.name), option.help_of(one.name))
            commands.setdefault(meaning, []).append(one.name or "the form")
    for (shown, means), names in commands.items():
        yield shown, f"{_sentence(means)} ({', '.join(names)})"


def _field(one: Field) -> str:
    values = f" One of {', '.join(map(str, one.choices))}." if one.kind is FieldKind.CHOICE else ""
    return f"{one.label}. {one.summary}{values}"


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
