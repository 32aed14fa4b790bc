"""Where a provider signs in: its endpoints, scopes and the flows that it allows."""

from __future__ import annotations

from smtp_tui.oauth.entry import Endpoints, Flow
from smtp_tui.smtp.addresses import THIS_MACHINE, Network


async def endpoints_of(
    provider: str,
    tenant: str | None = None,
    *,
    limit: float = 10.0,
    network: Network = THIS_MACHINE,
    ca_file: str | None = None,
) -> Endpoints:
    """Return the endpoints of `microsoft`, `google` or an issuer's URL; OAuthError."""
    raise NotImplementedError


def flows_of(provider: str, endpoints: Endpoints) -> tuple[Flow, ...]:
    """Return the flows to offer, best first."""
    raise NotImplementedError


def scopes_of(provider: str, flow: Flow, *, imap: bool = False) -> tuple[str, ...]:
    """Return the scopes to ask for; `imap` adds reading the mailbox, for a proof of arrival."""
    raise NotImplementedError


def hosts_of(provider: str, host: str) -> tuple[str, ...]:
    """Return the servers that a sign-in's token may go to: the host, and the provider's own."""
    raise NotImplementedError


def provider_for(host: str) -> str | None:
    """Return the provider whose servers include this host: `microsoft`, `google` or None."""
    raise NotImplementedError
