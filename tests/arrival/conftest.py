"""The way of a message from a relay to a mailbox, and the DNS of its domains."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dns.server import NameServer, name_server
from tests.servers.delivery_chain import DeliveryChain, chain_obstacle, running_delivery_chain
from tests.servers.requirements import require


@pytest.fixture(scope="session")
def chain() -> Iterator[DeliveryChain]:
    """Relay, receiver and mailboxes; skipped where they cannot run."""
    require(chain_obstacle())
    with running_delivery_chain() as running:
        yield running


@pytest.fixture(scope="session")
def names(chain: DeliveryChain) -> Iterator[NameServer]:
    """The name server that knows the key of the relay."""
    with name_server(dict(chain.records)) as running:
        yield running
