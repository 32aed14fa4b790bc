"""The command line: what is understood, which `KEY=VALUE` is, and what is refused in one line."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from smtp_tui.cli.commands import COMMANDS, FORM, OPTIONS, CommandLineCommand, Invocation
from smtp_tui.cli.help import as_sentence, help_text
from smtp_tui.cli.mail_options import mail_request
from smtp_tui.cli.parser import HelpRequested, UsageError, assignments, parse_arguments, read_pairs
from tests.cli.program import Outcome
from tests.table import table

Call = Callable[..., Outcome]


def parsed(line: str) -> Invocation:
    """The call that these words make."""
    return parse_arguments(line.split())


@table(
    "line",
    [
        "check mail.toml --json --timeout 5",
        "--json check --timeout 5 mail.toml",
        "--json --timeout 5 check mail.toml",
        "check --timeout=5 mail.toml --json",
    ],
)
def test_options_stand_anywhere(line: str) -> None:
    call = parsed(line)
    assert call.command.name == "check"
    assert call.words == ("mail.toml",)
    assert call.options.json
    assert call.options.timeout == "5"


def test_set_repeats() -> None:
    call = parsed("check --set host=a --set port=25")
    assert call.options.set == ["host=a", "port=25"]


@pytest.mark.parametrize(("line", "words"), [("", ()), ("mail.toml", ("mail.toml",))])
def test_a_first_word_that_is_no_command_is_a_file(line: str, words: tuple[str, ...]) -> None:
    call = parsed(line)
    assert call.command is FORM
    assert call.words == words


def test_a_file_may_begin_with_a_dash() -> None:
    assert parsed("get -- -mail.toml host").words == ("-mail.toml", "host")


@table(
    ("line", "words"),
    [
        ("check --colour", "there is no option --colour; try smtp-tui --help"),
        ("check --js", "there is no option --js"),
        ("-x", "there is no option -x"),
        ("check --set", "--set needs a value"),
        ("check --password-fd three", "--password-fd needs a number"),
        ("check --reveal mail.toml", "the command check has no option --reveal"),
        ("--json mail.toml", "the form has no option --json"),
        ("--set host=a mail.toml", "the form has no option --set"),
        ("chekc mail.toml", "there is no command 'chekc'"),
        ("send a b --to c@d", "too many arguments; usage: smtp-tui send [FILE]"),
        ("check --jobs many", "--jobs needs a number"),
        ("get", "an argument is missing; usage: smtp-tui get FILE [KEY]"),
        ("set mail.toml", "an argument is missing; usage: smtp-tui set FILE KEY=VALUE"),
        ("demo x", "too many arguments"),
        ("explain a b", "too many arguments"),
    ],
)
def test_refused_calls(line: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(line)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


@table(
    "line",
    [
        "check --password=wonderland",
        "check --password wonderland",
        "check -pwonderland",
        "check --pass=wonderland --json",
        "check --smtp-password=wonderland",
        "check --password-fd=wonderland",
    ],
)
def test_no_value_is_repeated(line: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(line)
    assert "wonderland" not in str(caught.value)


def test_an_option_for_the_password_is_explained() -> None:
    with pytest.raises(UsageError, match=r"shows in the process list.*--password-stdin"):
        parsed("check --password wonderland")


def test_every_option_belongs_to_a_command_and_says_what_it_does() -> None:
    taken = {name for command in (FORM, *COMMANDS) for name in command.options}
    assert {option.name for option in OPTIONS} == taken
    assert all(option.help.isprintable() and len(option.help) < 90 for option in OPTIONS)


@table("command", COMMANDS, ids=lambda command: command.name)
def test_help_of_a_command(command: CommandLineCommand) -> None:
    with pytest.raises(HelpRequested) as caught:
        parsed(f"{command.name} --help")
    text = str(caught.value)
    usage, _, _ = text.partition("\n\n")
    assert " ".join(usage.split()) == f"Usage: smtp-tui {command.words}"
    for option in OPTIONS:
        shown = rf"\n  {re.escape(option.of_command(command.name).usage)}\s"
        assert bool(re.search(shown, text)) is (option.name in command.options)


@table("width", [30, 40, 57, 80, 100])
@table("command", [FORM, *COMMANDS])
def test_help_fits_a_terminal(
    command: CommandLineCommand, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = help_text(command).split("\n")
    # One word, such as a call, may be longer than a narrow line.
    assert [line for line in lines if len(line) > width and len(line.split()) > 1] == []
    assert [line for line in lines if line != line.rstrip()] == []
    wide = " ".join(help_text(command, 100).split())
    assert " ".join(" ".join(lines).split()) == wide
    if width >= 80:
        assert not any(len(line) > width for line in lines)


def test_help_has_80_columns_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert help_text(FORM) == help_text(FORM, 80)
    monkeypatch.setenv("COLUMNS", "wide")
    assert help_text(FORM) == help_text(FORM, 80)


def test_help_of_all() -> None:
    for line in ("--help", "-h", "--help mail.toml"):
        with pytest.raises(HelpRequested) as caught:
            parsed(line)
        for command in COMMANDS:
            assert f"\n  {command.words}" in str(caught.value)


def test_each_command_has_one_line_of_text_in_80_columns() -> None:
    lines = help_text(FORM, 80).split("\n")
    for command in (FORM, *COMMANDS):
        (line,) = (line for line in lines if line.endswith(f"  {as_sentence(command.summary)}"))
        assert line.startswith((f"  {command.words} ", " " * 20))


def test_help_and_version_are_printed(call: Call) -> None:
    for line, words in (("--help", "  check [FILE…]"), ("--version", "OpenSSL ")):
        outcome = call(line)
        assert outcome.status == 0
        assert words in outcome.out
        assert outcome.err == ""


def test_a_usage_error_is_one_line(call: Call) -> None:
    assert call("check", "--colour") == Outcome(
        2, "", "smtp-tui: there is no option --colour; try smtp-tui --help\n"
    )


def test_recipients_and_a_file_behind_them() -> None:
    call = parsed("send --to a@b.example c@d.example mail.toml --to e@f.example")
    assert call.words == ("mail.toml",)
    assert call.options.to == ["a@b.example", "c@d.example", "e@f.example"]


def test_a_recipient_that_is_none_is_not_taken_for_a_file() -> None:
    call = parsed("check --set host=a --to nobody")
    assert call.words == ()
    with pytest.raises(UsageError, match="--to: 'nobody' is not an address"):
        mail_request(call.options, sends=False)


@pytest.mark.parametrize("name", ["a" * 5000, "a/" * 5000])
def test_a_word_too_long_for_a_name_is_no_file(name: str) -> None:
    assert parse_arguments(["send", "--to", name]).options.to == [name]


READ = [
    ("host=mail.example", "mail.example"),
    ("host=", ""),
    ("username=a=b", "a=b"),
    ("username=587", "587"),
    ("username=true", "true"),
    ("username=[x]", "[x]"),
    ("username= alice ", " alice "),
    ('username="al\\u0069ce"', "alice"),
    ("username='{literal}'", "{literal}"),
    ("username = alice", "alice"),
    ('encryption = "tls"', "tls"),
    ("encryption='ssl'", "ssl"),
    ("port=587", "587"),
    ("starttls_auto=true", "true"),
    ('password={env="SMTP_PASSWORD"}', {"env": "SMTP_PASSWORD"}),
    ('password = { keyring = "mail" }', {"keyring": "mail"}),
    ("password={ask=true}", {"ask": True}),
]

REFUSED = [
    ("colour=blue", "there is no setting 'colour'; smtp-tui explain lists the settings"),
    ("prot=25", "there is no setting 'prot'; did you mean port?"),
    ("tls-minimum=1.2", "did you mean tls_minimum?"),
    ("host", "host has no =VALUE"),
    ("wonderland", "setting number 1 has no =VALUE"),
    ("=x", "there is no setting ''"),
    ("password=wonderland", "shows in the process list"),
    ("password=", "shows in the process list"),
    ('password="wonderland"', "shows in the process list"),
    ("password='wonderland'", "shows in the process list"),
    ('username="alice', "must be TOML, and this is not"),
    ('username="alice" # me\nhost = "x"', "more than one TOML value"),
    ("password={env=wonderland}", "must be TOML, and this is not"),
]


@table(("pair", "value"), READ)
def test_read(pair: str, value: object) -> None:
    key = pair.partition("=")[0].strip()
    assert assignments([pair]) == {key: value}


@table(("pair", "words"), REFUSED)
def test_refused_values(pair: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        assignments([pair])
    assert words in str(caught.value)
    assert "wonderland" not in str(caught.value)


def test_the_last_of_a_key_counts() -> None:
    assert assignments(["port=1", "host=a", "port=2"]) == {"port": "2", "host": "a"}


def test_every_fault_is_told() -> None:
    values, faults = read_pairs(["host=a", "prot=1", "port", "password=x"])
    assert values == {"host": "a"}
    assert len(faults) == 3
    with pytest.raises(UsageError, match=r"prot.*port has no.*process list"):
        assignments(["host=a", "prot=1", "port", "password=x"])
