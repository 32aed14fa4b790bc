"""The interface for Python programs: the examples of its page run, and its promises hold."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

import smtp_tui
from smtp_tui.demo import PASSWORD, USERNAME, SampleFile, running_demo
from smtp_tui.smtp.events import Event, Received, StageEntered
from tests.recordings import FOLDER

PAGE = (Path(__file__).parents[1] / "docs/python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
# What each example prints, as a regular expression.
PRINTS = [
    rf"The server accepts the login of {USERNAME} with PLAIN, inside TLS.*\n",
    r"plain-text-expected tls\n",
    r"220\n250\n220\nTLSv1\.\d\n250\n221\nTrue\n",
    r"\[None, 'connection-refused'\]\n",
    r"auth-rejected 0\.1\.0 \d+\n",
]


@pytest.fixture(scope="module")
def sample() -> Iterator[SampleFile]:
    with running_demo() as running:
        yield running


@pytest.fixture
def values(sample: SampleFile) -> dict[str, Any]:
    """Settings that work."""
    return {
        "host": "localhost",
        "port": port_of(sample),
        "encryption": "tls",
        "ca_file": str(sample.file.with_name("demo-ca.pem")),
        "username": USERNAME,
        "password": PASSWORD,
    }


def port_of(sample: SampleFile) -> int:
    found = re.search(r"^port = (\d+)", sample.text, re.MULTILINE)
    assert found
    return int(found[1])


@pytest.mark.parametrize(
    ("example", "printed"), [*zip(EXAMPLES, PRINTS, strict=True)], ids=range(5)
)
def test_an_example_does_what_the_page_says(
    example: str,
    printed: str,
    sample: SampleFile,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    monkeypatch.chdir(tmp_path)
    recording = (FOLDER / "postfix-wrong-password.jsonl").read_text(encoding="utf-8")
    (tmp_path / "failure.jsonl").write_text(recording, encoding="utf-8")
    # The page's server is the demo's, with its own CA.
    authority = sample.file.with_name("demo-ca.pem")
    here = f'"host": "localhost", "ca_file": {str(authority)!r}'
    code = example.replace('"host": "mail.example.org"', here)
    code = code.replace('"port": 587', f'"port": {port_of(sample)}')
    exec(compile(code, "docs/python.md", "exec"), {"__name__": "example"})
    assert re.fullmatch(printed, capsys.readouterr().out)


@pytest.mark.integration
def test_the_examples_are_typed(tmp_path: Path) -> None:
    for number, example in enumerate(EXAMPLES):
        (tmp_path / f"example_{number}.py").write_text(example, encoding="utf-8")
    words = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--no-error-summary",
        str(tmp_path),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_a_check_in_a_running_loop_names_the_other_function(values: dict[str, Any]) -> None:
    async def call() -> None:
        smtp_tui.check(values)

    with pytest.raises(RuntimeError, match=r"await smtp_tui\.check_async instead"):
        asyncio.run(call())


def test_events_come_as_they_happen(values: dict[str, Any]) -> None:
    seen: list[Event] = []
    verdict = smtp_tui.check(values, on_event=seen.append)
    assert verdict.ok
    assert smtp_tui.exit_status(verdict) == 0
    assert any(isinstance(event, Received) for event in seen)
    assert PASSWORD not in repr(seen)
    lines = [smtp_tui.as_json(event) for event in (*seen, verdict)]
    assert lines.count(None) == sum(isinstance(event, StageEntered) for event in seen) + 1
    assert lines[-1]
    assert (lines[-1]["event"], lines[-1]["ok"]) == ("verdict", True)


async def test_a_closed_generator_closes_the_connection(values: dict[str, Any]) -> None:
    before = asyncio.all_tasks()
    async with aclosing(smtp_tui.check_events(values)) as updates:
        async for update in updates:
            if isinstance(update, Received):
                break
    assert asyncio.all_tasks() == before


def test_a_file_and_its_table(sample: SampleFile, tmp_path: Path) -> None:
    assert smtp_tui.check(sample.file).cause == "auth-mechanism-not-offered"
    assert smtp_tui.check(str(sample.file), table="smtp").cause == "auth-mechanism-not-offered"
    other = tmp_path / ".env"
    other.write_text("GF_SMTP_ENABLED=true\nGF_SMTP_HOST=127.0.0.1:1\n")
    assert smtp_tui.check(other).cause == "connection-refused"
    with pytest.raises(smtp_tui.DocumentError, match="there is no table mail"):
        smtp_tui.check(sample.file, table="mail")
    with pytest.raises(smtp_tui.DocumentError, match="does not exist"):
        smtp_tui.check(tmp_path / "none.toml")
    with pytest.raises(ValueError, match="table names a table of a file"):
        smtp_tui.check({"host": "a"}, table="smtp")


def test_a_message_and_what_needs_one(values: dict[str, Any]) -> None:
    verdict = smtp_tui.check(values, recipients=["a@example.org"], sender="b@example.org")
    assert [each.address for each in verdict.recipients] == ["a@example.org"]
    assert "No message was sent." in verdict.summary
    verdict = smtp_tui.check(values, recipients=["a@example.org"], message="Good morning")
    assert verdict.summary.startswith("The server accepted the message")
    wrong: dict[str, Any]
    for wrong in ({"sender": "a@b.c"}, {"message": "x"}, {"recipients": ["not an address"]}):
        with pytest.raises(ValueError, match=r"need recipients|address"):
            smtp_tui.check(values, **wrong)
    with pytest.raises(TypeError, match="a list of addresses"):
        smtp_tui.check(values, recipients="a@example.org")


def test_settings_that_cannot_be_used_are_a_verdict() -> None:
    verdict = smtp_tui.check({"host": "a.example", "port": "many"})
    assert (verdict.stage, verdict.cause) == (smtp_tui.Stage.SETTINGS, "settings-invalid")
    assert smtp_tui.exit_status(verdict) == 3


def test_the_password_of_the_call_comes_first(values: dict[str, Any]) -> None:
    verdict = smtp_tui.check(values, password="wrong-Wonderland")
    assert verdict.cause == "auth-rejected"
    assert "wrong-Wonderland" not in repr(verdict)
