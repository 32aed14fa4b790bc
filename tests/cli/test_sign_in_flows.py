"""What a sign-in says while the provider does not answer."""

from __future__ import annotations

import asyncio
import sys

import pytest

from smtp_tui.cli import sign_in_flows
from smtp_tui.cli.sign_in_flows import patiently


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said at once, instead of after two seconds."""
    lines: list[str] = []
    monkeypatch.setattr(sign_in_flows, "_PATIENCE", 0)
    monkeypatch.setattr(sign_in_flows, "print_error", lines.append)
    return lines


async def answer(said: list[str], count: int) -> str:
    """Answer once something was said, or after a few turns of the loop."""
    for _ in range(1000):
        if len(said) >= count:
            break
        await asyncio.sleep(0)
    return "answer"


async def test_a_terminal_shows_who_is_awaited(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert await patiently(answer(said, 1), "a.test") == "answer"
    assert said == ["waiting for a.test to answer"]


async def test_a_pipe_is_told_nothing(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    assert await patiently(answer(said, 1), "a.test") == "answer"
    assert said == []
