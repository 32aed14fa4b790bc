"""For pytest-asyncio below 1, which Debian 13 has (`pytest -p tests.older_tools`).

It leaves each test's successor a loop, and `asyncio.run` drops that one unclosed: a warning in
whatever test Python 3.13 collects it.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from contextlib import suppress

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Close the loop that is left when the test's fixtures have ended."""
    yield
    # RuntimeError: there is none.
    with warnings.catch_warnings(action="ignore"), suppress(RuntimeError):
        asyncio.get_event_loop_policy().get_event_loop().close()
