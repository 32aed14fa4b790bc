"""Files that nobody would write: they end in time, in one line, and without a secret."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.config.errors import DocumentError
from smtp_tui.interchange.compose.settings import ComposeSettings
from tests.interchange.compose.files import CHATWOOT, FLOW, SHARED, VAULTWARDEN
from tests.table import table

WHERE = Path("/nowhere/compose.yaml")
PIECES = (
    "services:\n", "  web:\n", "    environment:\n", "      SMTP_HOST: a.example\n", "- A=1\n",
    "&a ", "*a", "<<: *a\n", "? ", "! ", "!!str ", "|\n", ">\n", "{", "}", "[", "]", ",", ": ",
    "'", '"', "#", "\n", "  ", "    ", "\t", "$", "${", "${A:-", "---\n", "...\n", "%YAML 1.2\n",
    "\0", "\ufeff", "é", "\u2028", "null", "env_file: .env\n", "\r\n", "      SMTP_PORT: 25\n",
)  # fmt: skip


def problem(text: str) -> str:
    """Why a text is refused; read, and changed, it says nothing."""
    try:
        settings = ComposeSettings(text, WHERE)
        for table in settings.tables():
            settings.values(table)
            settings.remarks(table)
            settings.given(table)
            new = settings.changed(table, {"host": "b.example"}, create=False)
            if new.values(table)["host"] != "b.example":
                return "changed to something else\n"
    except DocumentError as error:
        return str(error)
    return ""


@given(
    sample=st.sampled_from([VAULTWARDEN, CHATWOOT, SHARED, FLOW, ""]),
    pieces=st.lists(st.tuples(st.integers(0, 700), st.sampled_from(PIECES)), max_size=6),
)
def test_any_text_is_read_or_refused(sample: str, pieces: list[tuple[int, str]]) -> None:
    text = sample
    for at, piece in pieces:
        text = text[:at] + piece + text[at:]
    found = problem(text)
    assert "\n" not in found
    assert "wonder" not in found


@table(
    "text",
    [
        "services: " + "[" * 5_000,
        "services: " + "{a: " * 5_000,
        "services:\n" + "".join(f"  s{number}: {{image: x}}\n" for number in range(20_000)),
        "services: {a: &a {environment: *a}}",
        "services: {a: {<<: &a {<<: *a}}}",
        "services: {a: {environment: {A: &b [*b]}}}",
        "services: {a: {image: x, environment: {A: " + "${A:-" * 2_000 + "}" * 2_000 + "}}}",
        "services:\n  a:\n    environment:\n" + "".join(f"      A{n}: 1\n" for n in range(20_000)),
        "services: {a: {env_file: [" + "x.env, " * 20_000 + "]}}",
        "services: &a\n  b: *a\n",
    ],
)
def test_much_of_everything(text: str) -> None:
    assert len(problem(text)) < 600


def test_a_value_full_of_dollar_signs_is_read_in_time() -> None:
    for value in ("$" * 50_000, "${" * 50_000, "${A}" * 10_000, "${A:-x}" * 10_000):
        text = f"services: {{a: {{image: x, environment: ['SMTP_HOST={value}']}}}}"
        ComposeSettings(text, WHERE).tables()
