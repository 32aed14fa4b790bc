"""Get an access token for a check: from this process, or renewed under the sign-in's lock."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from smtp_tui.oauth.entry import AccessToken, SignIn
from smtp_tui.settings.password_sources import OAuthSource
from smtp_tui.smtp.addresses import THIS_MACHINE, Network


async def access_token(
    source: OAuthSource,
    *,
    username: str,
    host: str,
    base: Path,
    environ: Mapping[str, str],
    limit: float,
    network: Network = THIS_MACHINE,
) -> AccessToken:
    """Return a token for logging in at `host`; OAuthError.

    It is renewed if less than 5 minutes, or a tenth of its lifetime, is left.
    """
    raise NotImplementedError


async def revoke(sign_in: SignIn, *, limit: float = 10.0, network: Network = THIS_MACHINE) -> bool:
    """End a sign-in at its provider; False if the provider has no way to do so. OAuthError."""
    raise NotImplementedError
