"""What an operator comes to do, in no more keys than it takes today."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys import JOURNEYS, count
from tests.screens.relay import Relay, running_relay
from tests.servers.mail import MailServers

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def relay() -> Iterator[Relay]:
    with running_relay() as running:
        yield running


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_takes_no_more_keys(name: str, mail_servers: MailServers, relay: Relay) -> None:
    operator = count(name, mail_servers, relay)
    keys, letters = JOURNEYS[name].limit
    assert operator.keys <= keys
    assert operator.letters <= letters
