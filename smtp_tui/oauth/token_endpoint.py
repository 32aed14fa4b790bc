"""Post to a provider's endpoints as a client, and check the shape of every reply.

oauthlib's own parser is not used: it accepts a token that is no text, fails on JSON that is no
object, and raises a warning that carries the token when other scopes are granted than asked for.
"""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus, urlsplit

from smtp_tui.config.errors import one_line
from smtp_tui.diagnosis.tokens import read_token
from smtp_tui.oauth.entry import AccessToken, Endpoints, Granted
from smtp_tui.oauth.errors import refusal, unreachable, unusable
from smtp_tui.oauth.providers import display_name
from smtp_tui.records import record
from smtp_tui.smtp.addresses import THIS_MACHINE, Network
from smtp_tui.web.https import ReplyTooLarge, WebError, request

_LIFETIME = 3600.0  # seconds, if the provider does not say it
_MOST_SECONDS = 100 * 366 * 86400.0
_SERVER_ERROR, _TOO_MANY = 500, 429


@record(kw_only=True)
class Client:
    """The application that an admin registered, and how to reach its provider."""

    provider: str
    endpoints: Endpoints
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...] = ()
    username: str = ""
    limit: float = 10.0  # seconds for each request
    network: Network = THIS_MACHINE
    ca_file: str | None = None

    @property
    def name(self) -> str:
        """The provider, for messages."""
        return display_name(self.provider)


async def ask_for_token(client: Client, form: Mapping[str, str], secrets: Iterable[str]) -> Granted:
    """Ask the token endpoint; OAuthError. No error repeats one of the secrets."""
    answer = await post(client, client.endpoints.token, form, secrets)
    value, refresh = answer.get("access_token"), answer.get("refresh_token")
    # It becomes part of an AUTH command, and a refresh token of a form.
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value:
        raise unusable(client.name, "its reply holds no access token")
    if refresh is not None and not (isinstance(refresh, str) and refresh):
        raise unusable(client.name, "its reply holds a refresh token that is not text")
    if str(answer.get("token_type", "")).casefold() != "bearer":
        raise unusable(client.name, "it grants a token of another type than Bearer")
    now, scope = time.time(), answer.get("scope")
    lifetime = seconds_in(answer, "expires_in") or _LIFETIME
    # In words of Google, Keycloak and others; Microsoft does not say it.
    ends_in = seconds_in(answer, "refresh_token_expires_in", "refresh_expires_in")
    return Granted(
        access=AccessToken(
            value=value,
            expires_at=now + lifetime,
            lifetime=lifetime,
            scope=scope if isinstance(scope, str) else "",
        ),
        refresh_token=refresh,
        ends_at=datetime.fromtimestamp(now, UTC) + timedelta(seconds=ends_in) if ends_in else None,
        user=_user_in(answer.get("id_token")) or _user_in(value),
    )


def _user_in(token: object) -> str | None:
    # The provider itself sent it over HTTPS, so its signature proves no more (OpenID Connect Core,
    # section 3.1.3.7).
    return read_token(token).user if isinstance(token, str) else None


async def post(
    client: Client, url: str, form: Mapping[str, str], secrets: Iterable[str]
) -> Mapping[str, object]:
    """Post a form as the client; return the reply's JSON object. OAuthError."""
    sent, authorization = {**form, "client_id": client.client_id}, ""
    if client.client_secret is not None and client.endpoints.secret_in_form:
        sent["client_secret"] = client.client_secret
    elif client.client_secret is not None:
        # RFC 6749, section 2.3.1: both are encoded as in a form.
        pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"
    try:
        reply = await request(
            url,
            form=sent,
            authorization=authorization,
            limit=client.limit,
            network=client.network,
            ca_file=client.ca_file,
        )
    except ReplyTooLarge as error:
        raise unusable(client.name, str(error)) from None
    except WebError as error:
        raise unreachable(client.name, error) from None
    known = (*secrets, *filter(None, (client.client_secret,)))
    grant = form.get("grant_type", "")
    return _object_in(client, reply.status, reply.body, known, grant)


def _object_in(
    client: Client, status: int, body: bytes, secrets: Iterable[str], grant: str
) -> Mapping[str, object]:
    """Return the object of a positive reply; raise the error of any other."""
    try:
        answer = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict):
        if isinstance(answer.get("error"), str):
            raise refusal(client.provider, client.name, answer, secrets, grant)
        if status == 200:
            return answer
    if status in (200, 204) and not body:
        return {}
    kind = "" if isinstance(answer, dict) and body else ", and no JSON object"
    problem = unusable if status == 200 else unreachable
    raise problem(client.name, f"it replies {status}{kind}")


def text_in(client: Client, answer: Mapping[str, object], key: str) -> str:
    """Return a required text of a reply; OAuthError."""
    value = answer.get(key)
    if not isinstance(value, str) or not value:
        raise unreachable(client.name, f"its reply holds no {key}")
    return value


def web_address_in(client: Client, answer: Mapping[str, object], key: str) -> str:
    """Return an address for a browser, without anything that a terminal would not print."""
    address = text_in(client, answer, key)
    try:
        is_web = urlsplit(address).scheme in ("https", "http")
    except ValueError:
        is_web = False
    if not is_web or not address.isascii() or not address.isprintable() or " " in address:
        shown = one_line(address, 80)
        raise unreachable(client.name, f"the {key} of its reply is no web address: {shown}")
    return address


def seconds_in(answer: Mapping[str, object], *keys: str) -> float:
    """Return the first positive number of seconds among a reply's keys, or 0."""
    for key in keys:
        value = answer.get(key)
        try:
            # Some providers send the number as text.
            number = float(value) if isinstance(value, int | float | str) else 0.0
        except (ValueError, OverflowError):
            continue
        if math.isfinite(number) and number > 0:
            return min(number, _MOST_SECONDS)
    return 0.0
