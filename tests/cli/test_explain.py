"""`explain`: the sidebar's pages on paper, and what an error of any program means."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.cli.cause_page import cause_labels
from smtp_tui.cli.show import LARGEST_INPUT
from smtp_tui.diagnosis.cause_pages import cause_page
from smtp_tui.program import main
from smtp_tui.settings.fields import FIELDS, Field
from smtp_tui.settings.schema import TOPICS, explanation
from tests.cli.program import Outcome, run_program
from tests.servers.tokens import access_token
from tests.table import table
from tests.test_floors import loaded, weights

Call = Callable[..., Outcome]

REFUSED = "535 5.7.8 Error: authentication failed"
KEYS = {
    *("cause", "summary", "why", "cure", "said", "field", "value", "program", "spelling"),
}


def test_the_list(call: Call) -> None:
    outcome = call("explain")
    assert outcome.status == 0
    listed = [line.split()[0] for line in outcome.out.splitlines()]
    assert listed == [*TOPICS, *(field.key for field in FIELDS)]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_about_no_field_fits_a_terminal(call: Call, topic: str) -> None:
    outcome = call("explain", topic)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.strip() == explanation(topic).strip()
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert "## Sources" in outcome.out


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
def test_every_page(call: Call, field: Field) -> None:
    outcome = call("explain", field.key)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.strip() == explanation(field.key).strip()


def test_a_key_in_another_spelling(call: Call) -> None:
    assert call("explain", "TLS-Minimum").out.startswith("# TLS Minimum")


def test_no_such_key(call: Call) -> None:
    outcome = call("explain", "pasword")
    assert outcome == Outcome(
        2,
        "",
        "smtp-tui: there is no setting and no cause 'pasword'; did you mean password?\n",
    )


# A cause: the only pages that show ids, which `call` permits nowhere else

Printed = Callable[..., str]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    """What `explain` prints with these words."""

    def run(*words: str) -> str:
        assert main(["explain", *words]) == 0
        return capsys.readouterr().out

    return run


def test_the_list_of_causes_has_each_with_its_label(printed: Printed) -> None:
    lines = printed("--causes").splitlines()
    rows = dict(line.split(None, 1) for line in lines if line.startswith("  "))
    assert rows == cause_labels()
    assert max(map(len, lines)) <= 80


@table("identity", cause_labels())
def test_the_page_of_a_cause_is_that_of_the_manual(printed: Printed, identity: str) -> None:
    out, page = printed(identity), cause_page(identity)
    assert out.startswith(f"# {page.title}\n")
    assert all(" ".join(part.text.split()) in " ".join(out.split()) for part in page.parts)


def test_an_id_in_another_spelling(printed: Printed) -> None:
    assert printed("Auth_Rejected").startswith("# Login rejected\n")


def test_an_unknown_id_names_the_nearest(call: Call) -> None:
    for word, hint in (("auth-rejectd", "did you mean auth-rejected"), ("xyzzy", "--causes")):
        outcome = call("explain", word)
        assert (outcome.status, outcome.out) == (2, "")
        assert hint in outcome.err
    for words in (("auth-rejected",), ("--error", "x"), ("--schema",)):
        outcome = call("explain", "--causes", *words)
        assert outcome.status == 2
        assert "allows no other argument" in outcome.err


# An access token


def test_a_token(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    token = access_token("alice@example.org", expires_in=-3600)
    file = tmp_path / "token"
    file.write_text(f"{token}\n", encoding="utf-8")
    told = call("explain", "--token", str(file), "--set", "username=bob@example.org")
    assert told.status == 1
    assert "Wrong: The token expired at " in told.out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(token.encode())))
    as_json = call("explain", "--token", "--json")
    assert json.loads(as_json.out)["findings"][0]["id"] == "token-expired"
    assert token not in told.out + as_json.out


def test_a_token_on_the_command_line_is_not_repeated(call: Call) -> None:
    token = access_token("alice@example.org")
    told = call("explain", "--token", token)
    assert told.status == 2
    assert token not in told.err
    assert "process list" in told.err


def test_a_token_goes_with_host_and_username_alone(call: Call) -> None:
    told = call("explain", "--token", "--set", "port=25")
    assert (told.status, told.err.count("\n")) == (2, 1)


# An error of another program


def test_an_error(call: Call) -> None:
    outcome = call("explain", "--error", "Error: wrong version number { code: 'ESOCKET' }")
    assert (outcome.status, outcome.err) == (0, "")
    first, why, to_do, setting = outcome.out.splitlines()
    assert "plain-text-expected" not in outcome.out
    assert first.endswith(": wrong version number.")
    assert why.startswith("  Why: ")
    assert to_do.startswith("  To do: Set encryption to tls")
    assert setting == (
        "  Setting: encryption = tls; in nodemailer: secure: false, requireTLS: true, port: 587"
    )


def test_what_was_recognised_is_told(call: Call) -> None:
    assert (
        "\n  Recognised: self-signed certificate\n"
        in call("explain", "--error", "x: self-signed certificate").out
    )


def test_an_error_loads_no_dialogue(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "explain", "--error", REFUSED, status=0)
    assert weights(modules) == set()
    assert modules & {"asyncio", "smtp_tui.smtp.session", "smtp_tui.tui"} == set()


def test_an_error_that_no_setting_cures(call: Call) -> None:
    outcome = call("explain", "--error", "Permission denied (13)")
    assert outcome.status == 0
    assert "Setting:" not in outcome.out


def test_an_error_as_json(call: Call) -> None:
    outcome = call("explain", "--json", "--error", REFUSED)
    told: dict[str, Any] = json.loads(outcome.out)
    assert outcome.status == 0
    assert set(told) == KEYS
    assert told["cause"] == "auth-rejected"
    assert told["field"] == "password"
    assert told["said"] == REFUSED
    assert told["program"] is None


def test_what_is_not_recognised(call: Call) -> None:
    outcome = call("explain", "--error", "it does not work, hunter2")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.startswith("smtp-tui: the text shows no cause that smtp-tui knows; run")
    assert outcome.err.count("\n") == 1
    assert "hunter2" not in outcome.err


def test_what_is_not_recognised_as_json(call: Call) -> None:
    outcome = call("explain", "--error", "it does not work", "--json")
    told = json.loads(outcome.out)
    assert (outcome.status, outcome.err) == (1, "")
    assert set(told) == KEYS
    assert told.pop("summary").startswith("the text shows no cause that smtp-tui knows; run ")
    assert set(told.values()) == {None}


def test_a_text_that_begins_with_a_dash(call: Call) -> None:
    assert call("explain", "--error", f"-> AUTH PLAIN\n<- {REFUSED}").status == 0


@pytest.mark.parametrize("words", [("--error",), ("--error", "-"), ("--error", "--json")])
def test_from_standard_input(words: tuple[str, ...]) -> None:
    outcome = run_program("explain", *words, stdin=b"\xff log\r\n535 Incorrect \xe9 data\r\n")
    assert (outcome.status, outcome.err) == (0, "")
    assert "535 Incorrect" in outcome.out


def test_standard_input_has_a_bound(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"x" * (LARGEST_INPUT + 1))))
    outcome = call("explain", "--error")
    assert outcome == Outcome(
        2, "", "smtp-tui: standard input is larger than 4 MiB; give only the lines with the error\n"
    )


class Terminal(io.TextIOWrapper):
    """A standard input that somebody types into."""

    def isatty(self) -> bool:
        return True


def test_at_a_terminal_it_says_what_it_pause_reason(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(io.BytesIO(REFUSED.encode())))
    outcome = call("explain", "--error")
    assert outcome.status == 0
    assert outcome.err == "smtp-tui: paste the error, then press Ctrl+D on an empty line\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("host", "--error", "x wonderland"), "explain needs a KEY or --error, not both"),
        (("--error", "one", "wonderland"), "explain needs a KEY or --error, not both"),
        (("--error", ""), "--error needs the text of an error, as TEXT or on standard input"),
        (("host", "--json"), "explain --json needs --error, --message or --token"),
    ],
)
def test_what_does_not_go_together(call: Call, words: tuple[str, ...], complaint: str) -> None:
    assert call("explain", *words) == Outcome(2, "", f"smtp-tui: {complaint}\n")


def test_the_error_belongs_to_explain(call: Call) -> None:
    outcome = call("check", "--error", "wonderland")
    assert outcome == Outcome(2, "", "smtp-tui: the command check has no option --error\n")


def test_what_is_told_is_safe_for_a_terminal(call: Call) -> None:
    outcome = call("explain", "--error", "535 5.7.8 no \x1b[2J\x1b]0;x\x07 way")
    assert outcome.status == 0
    assert all(line.isprintable() for line in outcome.out.splitlines())


def test_a_password_is_not_repeated(call: Call) -> None:
    text = "swaks --auth-user me --auth-password wonderland\n<** 535 5.7.8 wonderland is wrong"
    for outcome in (call("explain", "--error", text), call("explain", "--json", "--error", text)):
        assert "is wrong" in outcome.out
        assert "wonderland" not in outcome.out + outcome.err


def test_the_schema_of_the_table(call: Call) -> None:
    outcome = call("explain", "--schema")
    assert (outcome.status, outcome.err) == (0, "")
    schema = json.loads(outcome.out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["port"]["title"] == "SMTP Port"
    for words in (("host",), ("--json",), ("--error", "x")):
        assert call("explain", "--schema", *words).status == 2
