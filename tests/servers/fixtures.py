"""The servers as a fixture."""

from collections.abc import Iterator

import pytest

from tests.servers.mail import MailServers, running_mail_servers
from tests.servers.requirements import obstacle, require


@pytest.fixture(scope="session")
def mail_servers() -> Iterator[MailServers]:
    """Postfix and Dovecot, started once for all tests; skipped where they cannot run."""
    require(obstacle())
    with running_mail_servers() as servers:
        yield servers
