"""A provider is one table of known.toml: a made-up one is found everywhere it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smtp_tui import providers
from smtp_tui.diagnosis.advice import advise
from smtp_tui.discovery.candidates import DnsAnswers
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.steps import Candidate, CandidateSource, parse_query
from smtp_tui.program import main
from smtp_tui.providers import presets_with
from smtp_tui.tui.dialogs.presets import provider_list
from tests.dns.server import Zone, name_server

MADE_UP = """
[[provider]]
id = "made-up"
name = "Made-up Mail"
hosts = ["submit.made-up.example"]
ways = [{ port = 2465, encryption = "ssl" }]
authentication = ["plain"]
user = "address"
username_is = "the whole made-up address"
username_pattern = '[^@\\s]+@[^@\\s]+'
secret = "password"
password_is = "the made-up password"
domains = ["made-up.example"]
mx = ["mx.made-up.example"]
sources = ["https://made-up.example/help"]
taken = 2026-11-28
"""
VALUES = {"host": "submit.made-up.example", "port": 2465, "encryption": "ssl"}


@pytest.fixture(autouse=True)
def _made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add the table to the file."""
    file = tmp_path / "known.toml"
    file.write_text(providers.FILE.read_text(encoding="utf-8") + MADE_UP, encoding="utf-8")
    monkeypatch.setattr(providers, "FILE", file)
    for cached in (providers.providers, providers._entries):
        cached.cache_clear()
    yield
    for cached in (providers.providers, providers._entries):
        cached.cache_clear()


def test_the_host_is_recognised() -> None:
    found = providers.provider_of("submit.made-up.example")
    assert found is not None
    assert found.id == "made-up"


def test_the_command_line_lists_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets"]) == 0
    assert "Made-up Mail" in capsys.readouterr().out
    assert main(["presets", "made-up"]) == 0
    shown = capsys.readouterr().out
    assert "submit.made-up.example" in shown
    assert "the made-up password" in shown


def test_the_form_lists_it(tmp_path: Path) -> None:
    presets = presets_with(tmp_path / "none")
    assert [one.id for one in provider_list(presets).found("made-up")] == ["made-up"]


def test_the_form_advises_by_it() -> None:
    said = {one.id for one in advise({**VALUES, "username": "alice", "password": "x"})}
    assert "provider-username" in said
    assert "host-is-a-mail-domain" in {one.id for one in advise({"host": "made-up.example"})}


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("submit.made-up.example", "preset-host"),
        ("made-up.example", "preset-domain"),
        ("hosted.example", "preset-mx"),
    ],
)
async def test_a_search_finds_it(name: str, finding: str) -> None:
    told: list[str] = []

    def report(id_: str, _: Candidate | None = None, /, **names: object) -> None:
        told.append(id_)

    zone: Zone = {"hosted.example": {"MX": ["10 mx.made-up.example."]}}
    with name_server(zone) as server:
        resolver = Resolver(("127.0.0.1", server.port))
        answers = DnsAnswers(parse_query(name), resolver, providers.providers(), report)
        await answers.ask()
    assert finding in told
    found = [(one.host, one.port, one.source) for one in answers.candidates]
    assert found == [("submit.made-up.example", 2465, CandidateSource.PRESET)]
