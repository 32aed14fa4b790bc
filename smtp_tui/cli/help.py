"""The texts of --help and --version."""

from __future__ import annotations

from smtp_tui.cli.commands import COMMANDS, FORM, Command
from smtp_tui.cli.options import OPTIONS, Option

_EXIT_STATUS = """\
Exit status: 0 passed; 1 a negative answer; 2 usage, or no usable terminal; by the stage that
failed: 3 settings, 4 password, 5 resolve, 6 connect, 7 greeting or ehlo, 8 tls, 9 auth,
10 envelope, 11 message, of several tables the highest; 70 a defect of smtp-tui, 74 an output
that cannot be written; 129, 130, 141, 143 ended by a signal."""


def version() -> str:
    """The versions that a bug report needs."""
    import platform
    import ssl

    from smtp_tui import __version__

    return f"smtp-tui {__version__} (Python {platform.python_version()}, {ssl.OPENSSL_VERSION})"


def help_text(command: Command) -> str:
    """The help of one command, or of all where none is named."""
    if command is FORM:
        return _overview()
    taken = [option for option in OPTIONS if option.name in command.options]
    lines = [f"smtp-tui {command.words}", f"  {command.summary}"]
    if taken:
        lines += ["", *_columns([(_shown(option), option.help) for option in taken])]
    if command.name in ("check", "send", "demo"):
        lines += ["", _EXIT_STATUS]
    if command.name in ("import", "export"):
        lines += ["", *_formats()]
    return "\n".join(lines)


def _formats() -> list[str]:
    from smtp_tui.interchange.known import formats

    return ["FORMAT is one of", *_columns([(one.name, one.title) for one in formats().values()])]


def _overview() -> str:
    rows = [(f"smtp-tui {one.words}", one.summary) for one in (FORM, *COMMANDS)]
    lines = [
        "Edit, explain and test SMTP settings from one terminal screen.",
        "",
        *_columns(rows),
        "",
        "Options of the form:",
        *_columns([(_shown(one), one.help) for one in OPTIONS if one.name in FORM.options]),
        "",
        "smtp-tui COMMAND --help tells a command's options; --version the versions.",
        "FILE is $SMTP_TUI_CONFIG, else smtp-tui/smtp.toml in the configuration folder.",
    ]
    return "\n".join(lines)


def _shown(option: Option) -> str:
    return f"{option.flags[0]} {option.extra.get('metavar', '')}".rstrip()


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(left) for left, _ in rows)
    return [f"  {left:{width}}  {right}" for left, right in rows]
