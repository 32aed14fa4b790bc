"""What the tests of discovery share: no name is ever asked of the system."""

from __future__ import annotations

import pytest

from tests.dns.alone import stay_alone


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask nobody but the name server of the test."""
    stay_alone(monkeypatch)
