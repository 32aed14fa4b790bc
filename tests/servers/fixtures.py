"""The servers as a fixture."""

from collections.abc import Iterator

import pytest

from tests.servers.authority import issue
from tests.servers.exim import running_exim
from tests.servers.exim_program import exim_obstacle, find_exim
from tests.servers.mail import MailServers, running_mail_servers, shared_folder
from tests.servers.mailboxes import Mailboxes, mailboxes_obstacle, running_mailboxes
from tests.servers.requirements import obstacle, require


@pytest.fixture(scope="session")
def mail_servers() -> Iterator[MailServers]:
    """Postfix and Dovecot, started once for all tests; skipped where they cannot run."""
    require(obstacle())
    with running_mail_servers() as servers:
        yield servers


@pytest.fixture(scope="session")
def exim_servers(request: pytest.FixtureRequest) -> Iterator[MailServers]:
    """Exim beside Postfix, started once for all tests; skipped where it cannot run."""
    require(exim_obstacle())
    program = find_exim()
    assert program is not None
    # Not a parameter: a missing Exim is to be told before Postfix starts.
    with running_exim(program, request.getfixturevalue("mail_servers")) as servers:
        yield servers


@pytest.fixture(scope="session")
def mailboxes() -> Iterator[Mailboxes]:
    """Dovecot's IMAP and LMTP, started once for all tests; skipped where they cannot run."""
    require(mailboxes_obstacle())
    with shared_folder() as folder, running_mailboxes(folder / "boxes", issue(folder)) as running:
        yield running
