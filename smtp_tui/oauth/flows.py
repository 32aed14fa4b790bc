"""Sign in by device code, by a pasted redirect, or as an application; renew. No screen here.

oauthlib makes the requests (RFC 6749, 7636, 8628); `token_endpoint` sends them, reads the replies.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import os
import time
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from oauthlib.oauth2 import BackendApplicationClient, DeviceClient, WebApplicationClient

from smtp_tui.config.errors import PasswordCause, one_line
from smtp_tui.oauth.entry import Flow, Granted, SignIn
from smtp_tui.oauth.errors import PENDING, SLOW_DOWN, OAuthError, refusal
from smtp_tui.oauth.providers import MICROSOFT, known_providers
from smtp_tui.oauth.token_endpoint import (
    Client,
    ask_for_token,
    post,
    seconds_in,
    text_in,
    web_address_in,
)
from smtp_tui.smtp.addresses import THIS_MACHINE, Network

LOOPBACK = "http://127.0.0.1/"
"""Where a browser is sent that nobody listens to: its address is pasted back (RFC 8252)."""
LONGEST_PASTE = 16 * 1024
# Codes must not be guessed, so they are long; a word is a slip.
SHORTEST_CODE = 16
INTERVAL, _LONGER = 5.0, 5.0  # seconds (RFC 8628, sections 3.2 and 3.5)
_MOST_INTERVAL = 60.0
_CODE_LIFETIME, _MOST_LIFETIME = 900.0, 86400.0  # seconds
_VERIFIER = 64  # characters (RFC 7636, section 4.1: 43 to 128)
_FAILED: PasswordCause = "oauth-renewal-failed"
_NO_CODE = "the text holds no code; paste the whole address that the browser shows at the end"


class DeviceSignIn:
    """A sign-in that waits for a code to be typed at an address, on any device."""

    def __init__(self, client: Client, answer: Mapping[str, object]) -> None:
        self._client = client
        self._device_code = text_in(client, answer, "device_code")
        self.code = one_line(text_in(client, answer, "user_code"), 64)
        # Google's spelling is that of a draft.
        key = "verification_uri" if "verification_uri" in answer else "verification_url"
        self.address = web_address_in(client, answer, key)
        complete = "verification_uri_complete"
        self.complete_address = (
            web_address_in(client, answer, complete) if complete in answer else None
        )
        ends_in = seconds_in(answer, "expires_in")
        self.is_end_known = ends_in > 0
        self.ends_in = min(_MOST_LIFETIME, ends_in or _CODE_LIFETIME)
        self._interval = min(_MOST_INTERVAL, seconds_in(answer, "interval") or INTERVAL)
        self._ends_at = time.monotonic() + self.ends_in

    async def wait(self, report: Callable[[OAuthError], None] = lambda _: None) -> Granted:
        """Poll until the provider answers; OAuthError, also for a refusal and after `ends_in`.

        `report` gets each new error that another try may overcome.
        """
        trouble = ""
        client, code = self._client, self._device_code
        spoken = DeviceClient(client.client_id)
        while True:
            left = self._ends_at - time.monotonic()
            if left <= 0:
                text = f"nobody entered the code at {client.name} in time; start again"
                if trouble:
                    text = f"the code ended, and the last answer was none: {trouble}"
                raise OAuthError(text, _FAILED, provider=client.provider, error="expired_token")
            await asyncio.sleep(min(self._interval, left))
            form = dict(parse_qsl(spoken.prepare_request_body(code, scope=None)))
            try:
                return await ask_for_token(client, form, (code,))
            except OAuthError as error:
                if error.error == SLOW_DOWN:
                    self._interval = min(_MOST_INTERVAL, self._interval + _LONGER)
                # A poll that gets no answer is no refusal (RFC 8628, section 3.5).
                elif error.may_pass and str(error) != trouble:
                    trouble = str(error)
                    report(error)
                elif error.error != PENDING and not error.may_pass:
                    raise


async def begin_device(client: Client) -> DeviceSignIn:
    """Ask for a code; OAuthError."""
    if client.endpoints.device is None:
        raise OAuthError(
            f"{client.name} offers no sign-in by a code; use --flow paste",
            _FAILED,
            provider=client.provider,
        )
    form = {"client_id": client.client_id, "scope": " ".join(client.scopes)}
    return DeviceSignIn(client, await post(client, client.endpoints.device, form, ()))


class PastedSignIn:
    """A sign-in in a browser, whose last address is pasted back (RFC 7636, RFC 8252)."""

    def __init__(self, client: Client, redirect: str) -> None:
        assert client.endpoints.authorization
        self._client, self._redirect = client, redirect
        self._spoken = WebApplicationClient(client.client_id)
        self._verifier = self._spoken.create_code_verifier(_VERIFIER)
        self._state = base64.urlsafe_b64encode(os.urandom(18)).decode("ascii")
        known = known_providers().get(client.provider)
        more = dict(known.parameters) if known else {}
        if known is None and "offline_access" in client.scopes:
            more["prompt"] = "consent"  # OpenID Connect Core, section 11
        if client.username:
            more["login_hint"] = client.username
        self.address = str(
            self._spoken.prepare_request_uri(
                client.endpoints.authorization,
                redirect_uri=redirect,
                scope=list(client.scopes),
                state=self._state,
                code_challenge=self._spoken.create_code_challenge(self._verifier, "S256"),
                code_challenge_method="S256",
                **more,
            )
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no output may show."""
        return (self._verifier,)

    async def finish(self, pasted: str) -> Granted:
        """Use the pasted address, or only its code; OAuthError if it is not the right one."""
        client, verifier = self._client, self._verifier
        code = self._code_in(pasted.strip())
        if isinstance(code, OAuthError):
            del pasted
            raise code
        body = self._spoken.prepare_request_body(
            code=code, redirect_uri=self._redirect, code_verifier=verifier
        )
        return await ask_for_token(client, dict(parse_qsl(body)), (code, verifier))

    def _code_in(self, pasted: str) -> str | OAuthError:
        # oauthlib refuses to read a redirect to http://, which loopback addresses are.
        if not pasted or len(pasted) > LONGEST_PASTE:
            return self._unfit("nothing was pasted" if not pasted else "the text is too long")
        if "=" not in pasted:
            is_text = pasted.isascii() and pasted.isprintable() and not {" ", ":"} & {*pasted}
            is_code = is_text and len(pasted) >= SHORTEST_CODE
            return unquote(pasted) if is_code else self._unfit(_NO_CODE)
        try:
            parts = urlsplit(pasted)
        except ValueError:
            return self._unfit(_NO_CODE)
        query = parts.query or parts.fragment or pasted.partition("?")[2] or pasted
        found = dict(parse_qsl(query))
        if not hmac.compare_digest(found.get("state", "").encode(), self._state.encode()):
            return self._unfit(
                "the address belongs to another sign-in (state); open the address shown here, "
                "and paste what it ends at"
            )
        if (issuer := found.get("iss")) is not None and not self._is_own(issuer):
            shown = one_line(issuer, 120)
            return self._unfit(f"the address is an answer of another provider: {shown}")
        if "error" in found:
            return refusal(self._client.provider, self._client.name, found, self.secrets)
        return found.get("code") or self._unfit(_NO_CODE)

    def _is_own(self, issuer: str) -> bool:
        """Whether an answer's issuer is the provider's (RFC 9207, section 2.4)."""
        own = self._client.endpoints.issuer
        if self._client.provider == MICROSOFT:  # names the user's tenant, not `common`
            return urlsplit(issuer)[:2] == urlsplit(own)[:2]
        return issuer == own

    def _unfit(self, why: str) -> OAuthError:
        return OAuthError(why, _FAILED, provider=self._client.provider)


def begin_paste(client: Client, redirect: str | None = None) -> PastedSignIn:
    """Make the address to open in a browser; the provider's usual redirect if none is given."""
    if client.endpoints.authorization is None:
        raise OAuthError(
            f"{client.name} offers no sign-in in a browser",
            _FAILED,
            provider=client.provider,
        )
    known = known_providers().get(client.provider)
    return PastedSignIn(client, redirect or (known.redirect if known else LOOPBACK))


async def client_sign_in(client: Client) -> Granted:
    """Sign in as the application itself; OAuthError."""
    spoken = BackendApplicationClient(client.client_id)
    body = spoken.prepare_request_body(scope=list(client.scopes) or None)
    return await ask_for_token(client, dict(parse_qsl(body)), ())


async def renew(
    sign_in: SignIn, *, limit: float, network: Network = THIS_MACHINE, ca_file: str | None = None
) -> Granted:
    """Get a new access token with the refresh token, or the client's secret; OAuthError."""
    client = _client_of(sign_in, limit, network, ca_file)
    if sign_in.flow is Flow.CLIENT:
        return await client_sign_in(client)
    assert sign_in.refresh_token
    # Without a scope: the provider grants what it granted before (RFC 6749, section 6).
    spoken = WebApplicationClient(client.client_id)
    body = spoken.prepare_refresh_body(refresh_token=sign_in.refresh_token)
    return await ask_for_token(client, dict(parse_qsl(body)), sign_in.secrets)


async def end_grant(
    sign_in: SignIn, *, limit: float, network: Network = THIS_MACHINE, ca_file: str | None = None
) -> bool:
    """Revoke the refresh token (RFC 7009); False if the provider cannot. OAuthError."""
    token = sign_in.refresh_token
    if sign_in.endpoints.revocation is None or token is None:
        return False
    client = _client_of(sign_in, limit, network, ca_file)
    form = {"token": token, "token_type_hint": "refresh_token"}
    await post(client, sign_in.endpoints.revocation, form, sign_in.secrets)
    return True


def _client_of(sign_in: SignIn, limit: float, network: Network, ca_file: str | None) -> Client:
    return Client(
        provider=sign_in.provider,
        endpoints=sign_in.endpoints,
        client_id=sign_in.client_id,
        client_secret=sign_in.client_secret,
        scopes=sign_in.scopes,
        username=sign_in.username,
        limit=limit,
        network=network,
        ca_file=ca_file,
    )
