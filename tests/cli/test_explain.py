"""`explain`: the sidebar's pages, on paper."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smtp_tui.settings.fields import FIELDS, Field
from smtp_tui.settings.pages import explanation
from tests.cli.program import Outcome

Call = Callable[..., Outcome]


def test_the_list(call: Call) -> None:
    outcome = call("explain")
    assert outcome.status == 0
    assert [line.split()[0] for line in outcome.out.splitlines()] == [field.key for field in FIELDS]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
def test_every_page(call: Call, field: Field) -> None:
    outcome = call("explain", field.key)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.strip() == explanation(field.key).strip()


def test_a_key_in_another_spelling(call: Call) -> None:
    assert call("explain", "TLS-Minimum").out.startswith("# TLS Minimum")


def test_no_such_key(call: Call) -> None:
    outcome = call("explain", "pasword")
    assert outcome == Outcome(2, "", "smtp-tui: 'pasword' is no setting; did you mean password?\n")
