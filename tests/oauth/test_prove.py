"""`send --prove` with a sign-in: Dovecot's IMAP asks a real provider about the token."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from smtp_tui.arrival.mailbox import MailboxError, MailboxSession, parse_mailbox_address
from tests.cli.program import Outcome, environment, run_program
from tests.oauth.test_login import entry, file, sign_in
from tests.servers.authority import issue
from tests.servers.delivery_chain import (
    INBOX,
    DeliveryChain,
    chain_obstacle,
    running_delivery_chain,
)
from tests.servers.mail import shared_folder
from tests.servers.mailboxes import running_mailboxes
from tests.servers.oidc import OidcServer
from tests.servers.requirements import require
from tests.servers.tokens import access_token
from tests.servers.users import ALICE

pytestmark = pytest.mark.integration

__all__ = ("file",)  # a fixture


@pytest.fixture(scope="module")
def chain(shared_provider: OidcServer) -> Iterator[DeliveryChain]:
    """Relay, receiver and mailboxes, which know no other tokens than the provider's."""
    require(chain_obstacle())
    with running_delivery_chain(shared_provider.introspection_url) as running:
        yield running


def prove(chain: DeliveryChain, name: str, host: str = "localhost") -> Outcome:
    boxes = chain.mailboxes
    settings = (
        *("host=127.0.0.1", f"port={chain.port}", "encryption=none", "authentication=none"),
        f"ca_file={boxes.authority_file}",
    )
    return run_program(
        *("send", "--json", "--to", INBOX, "--from", "app@sender.test", "--within", "20"),
        *(word for setting in settings for word in ("--set", setting)),
        *("--prove", f"imaps://{ALICE.name}@{host}:{boxes.imaps_port}"),
        *("--prove-password", f'{{ oauth = "{name}" }}'),
        env=environment(),
    )


def test_the_sign_in_opens_the_mailbox(
    provider: OidcServer, chain: DeliveryChain, file: Path
) -> None:
    assert sign_in(provider, file).status == 0
    before = json.loads(entry().read_text("utf-8"))["refresh_token"]
    found = prove(chain, "alice")
    assert (found.status, found.err) == (0, "")
    assert found.verdict["delivery"]["arrival"]["found"] is True
    after = json.loads(entry().read_text("utf-8"))["refresh_token"]
    assert after != before  # the provider replaces it at each renewal
    assert before not in found.out
    assert after not in found.out

    # The sign-in is for one host, and its token goes to no other.
    elsewhere = prove(chain, "alice", "127.0.0.1")
    assert elsewhere.verdict["cause"] == "prove-mailbox-failed"
    assert "its token does not go to 127.0.0.1" in elsewhere.verdict["summary"]

    # Signing in again for the IMAP server too.
    assert sign_in(provider, file, "--also-host", "127.0.0.1").status == 0
    assert prove(chain, "alice", "127.0.0.1").verdict["delivery"]["arrival"]["found"] is True

    run_program("logout", str(file))
    ended = prove(chain, "alice")
    assert "nothing was sent" in ended.verdict["summary"]
    assert ended.status != 0


def test_a_token_that_the_provider_does_not_know(chain: DeliveryChain) -> None:
    with (
        closing(_mailbox(chain.mailboxes.imaps_port, chain.mailboxes.authority_file)) as mailbox,
        pytest.raises(MailboxError) as caught,
    ):
        mailbox.folders(5)
    assert caught.value.is_final
    assert str(caught.value).startswith("the server rejected the access token (")


def test_a_server_with_the_standard_mechanism_alone() -> None:
    require(chain_obstacle())
    with shared_folder() as folder:
        authority, only = issue(folder), ("OAUTHBEARER",)
        with (
            running_mailboxes(folder / "boxes", authority, token_mechanisms=only) as boxes,
            closing(_mailbox(boxes.imaps_port, boxes.authority_file)) as mailbox,
        ):
            assert mailbox.folders(5)


def _mailbox(port: int, authority_file: Path) -> MailboxSession:
    """Alice's mailbox, with a token that the key of the tests signed."""
    address = parse_mailbox_address(f"imaps://{ALICE.name}@localhost:{port}")
    context = ssl.create_default_context(cafile=str(authority_file))
    return MailboxSession(address, context, access_token(ALICE.name), is_token=True)
