"""Sign in by device code, by a pasted redirect, or as an application; renew. No screen here."""

from __future__ import annotations

from dataclasses import field

from smtp_tui.oauth.entry import Endpoints, Granted, SignIn
from smtp_tui.records import record
from smtp_tui.smtp.addresses import THIS_MACHINE, Network


@record(kw_only=True)
class Client:
    """The application that an admin registered, and how to reach its provider."""

    provider: str
    endpoints: Endpoints
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...]
    username: str = ""
    limit: float = 10.0  # seconds for each request
    network: Network = THIS_MACHINE
    ca_file: str | None = None


class DeviceSignIn:
    """A sign-in that waits for a code to be typed at an address, on any device."""

    code: str
    address: str
    complete_address: str | None  # holds the code already
    ends_in: float  # seconds

    async def wait(self) -> Granted:
        """Poll until the provider answers; OAuthError, also for a refusal and after `ends_in`."""
        raise NotImplementedError


class PastedSignIn:
    """A sign-in in a browser, whose last address is pasted back."""

    address: str

    async def finish(self, pasted: str) -> Granted:
        """Use the pasted address, or only its code; OAuthError if it is not the right one."""
        raise NotImplementedError


async def begin_device(client: Client) -> DeviceSignIn:
    """Ask for a code; OAuthError."""
    raise NotImplementedError


def begin_paste(client: Client, redirect: str | None = None) -> PastedSignIn:
    """Make the address to open in a browser; the provider's usual redirect if none is given."""
    raise NotImplementedError


async def client_sign_in(client: Client) -> Granted:
    """Sign in as the application itself; OAuthError."""
    raise NotImplementedError


async def renew(sign_in: SignIn, client: Client) -> Granted:
    """Use the refresh token, or the client's secret, for a new access token; OAuthError."""
    raise NotImplementedError
