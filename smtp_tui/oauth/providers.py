"""Where a provider signs in: its endpoints, scopes and the flows that it allows."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import field, fields
from datetime import date
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from smtp_tui.config.errors import PasswordCause, one_line
from smtp_tui.oauth.entry import Endpoints, Flow, SignIn
from smtp_tui.oauth.errors import OAuthError, unreachable
from smtp_tui.providers import DataProvenance, ProviderEntryKind, fits
from smtp_tui.records import record
from smtp_tui.settings.parsers import ascii_name
from smtp_tui.smtp.addresses import THIS_MACHINE, Network
from smtp_tui.web.https import WebError, request

MICROSOFT, GOOGLE = "microsoft", "google"
# What any provider of OpenID understands: who signs in, and a refresh token.
_SCOPES = ("openid", "offline_access")
_NO_PROVIDER: PasswordCause = "oauth-provider-unreachable"


@record(kw_only=True)
class KnownProvider:
    """An entry of `providers.toml`, which documents the keys."""

    name: str
    issuer: str
    authorization: str
    token: str
    device: str | None = None
    revocation: str | None = None
    tenant: str | None = None
    redirect: str
    scopes: tuple[str, ...]
    imap: tuple[str, ...] = ()
    application: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    flows: tuple[Flow, ...]
    rotates: bool
    hosts: tuple[str, ...]
    sources: tuple[str, ...]
    taken: date


@cache
def known_providers() -> Mapping[str, KnownProvider]:
    """Return the providers whose endpoints are known, by id."""
    tables = tomllib.loads(Path(__file__).with_name("providers.toml").read_text("utf-8"))
    for table in tables.values():
        table["flows"] = tuple(map(Flow, table["flows"]))
        for key in {entry.name for entry in fields(KnownProvider)} & table.keys():
            if isinstance(table[key], list):
                table[key] = tuple(table[key])
    return {name: KnownProvider(**table) for name, table in tables.items()}


def provenances() -> list[DataProvenance]:
    """Return the sources of each entry."""
    kind = ProviderEntryKind.OAUTH
    return [
        DataProvenance(kind=kind, name=name, sources=known.sources, taken=known.taken)
        for name, known in known_providers().items()
    ]


def display_name(provider: str) -> str:
    """Return a provider's name for messages: "Microsoft", or an issuer's host."""
    known = known_providers().get(provider)
    return (
        known.name if known else one_line(provider.partition("://")[2].strip("/") or provider, 80)
    )


async def endpoints_of(
    provider: str,
    tenant: str | None = None,
    *,
    limit: float = 10.0,
    network: Network = THIS_MACHINE,
    ca_file: str | None = None,
) -> Endpoints:
    """Return the endpoints of `microsoft`, `google` or an issuer's URL; OAuthError.

    An issuer is asked for its metadata, as RFC 8414 and then as OpenID discovery name it.
    """
    if known := known_providers().get(provider):
        place = tenant or known.tenant or ""
        urls = (known.issuer, known.token, known.authorization, known.device, known.revocation)
        filled = [url and url.replace("{tenant}", place) for url in urls]
        issuer, token, authorization, device, revocation = filled
        assert issuer
        assert token
        return Endpoints(
            issuer=issuer,
            token=token,
            authorization=authorization,
            device=device,
            revocation=revocation,
            secret_in_form=True,
        )
    problem = unreachable(display_name(provider), "it has no metadata")
    for url in _metadata_urls(provider):
        try:
            reply = await request(url, limit=limit, network=network, ca_file=ca_file)
            if reply.status == 200:
                return _endpoints_in(reply.body, provider)
            why = f"it replies {reply.status} to the request for its metadata"
            problem = unreachable(display_name(provider), why)
        except WebError as error:
            raise unreachable(display_name(provider), error) from None
        except OAuthError as error:
            problem = error
    raise problem


def is_issuer(text: str) -> bool:
    """Whether a text is the address of an issuer."""
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return has_host and parts.scheme == "https" and not (parts.query or parts.fragment)


def _metadata_urls(issuer: str) -> tuple[str, str]:
    """Return the URLs of an issuer's metadata (RFC 8414, section 3.1; OpenID discovery)."""
    if not is_issuer(issuer):
        raise OAuthError(
            f"'{one_line(issuer, 80)}' is not a provider: use microsoft, google, or the "
            "https:// address of an issuer",
            _NO_PROVIDER,
            provider=issuer,
        )
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    server = f"https://{parts.netloc}"
    return (
        f"{server}/.well-known/oauth-authorization-server{path}",
        f"{server}{path}/.well-known/openid-configuration",
    )


def _endpoints_in(body: bytes, issuer: str) -> Endpoints:
    name = display_name(issuer)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise unreachable(name, "its metadata is not JSON") from None
    if not isinstance(found, dict):
        raise unreachable(name, "its metadata is not a JSON object")
    named = found.get("issuer")
    if not isinstance(named, str) or named.rstrip("/") != issuer.rstrip("/"):
        # Another issuer's endpoints would get the secrets (RFC 8414, section 3.3).
        shown = one_line(named, 120)
        raise unreachable(name, f"its metadata is that of another issuer: {shown}")
    urls: dict[str, str | None] = {}
    for key in (
        "token_endpoint",
        "authorization_endpoint",
        "device_authorization_endpoint",
        "revocation_endpoint",
    ):
        url = found.get(key)
        if url is not None and not (isinstance(url, str) and url.startswith("https://")):
            raise unreachable(name, f"the {key} in its metadata is not an https:// address")
        urls[key] = url
    token = urls["token_endpoint"]
    if token is None:
        raise unreachable(name, "its metadata names no token_endpoint")
    # Without a list, it is HTTP Basic (RFC 8414, section 2).
    methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Endpoints(
        issuer=named,
        token=token,
        authorization=urls["authorization_endpoint"],
        device=urls["device_authorization_endpoint"],
        revocation=urls["revocation_endpoint"],
        secret_in_form="client_secret_basic" not in methods,
    )


def flows_of(provider: str, endpoints: Endpoints) -> tuple[Flow, ...]:
    """Return the flows to offer, best first."""
    if known := known_providers().get(provider):
        return known.flows
    offered = {
        Flow.DEVICE: endpoints.device is not None,
        Flow.PASTE: endpoints.authorization is not None,
        Flow.CLIENT: True,
    }
    return tuple(flow for flow, is_there in offered.items() if is_there)


def scopes_of(provider: str, flow: Flow, *, imap: bool = False) -> tuple[str, ...]:
    """Return the scopes to ask for; `imap` adds reading the mailbox, for a proof of arrival."""
    known = known_providers().get(provider)
    if known is None:
        return () if flow is Flow.CLIENT else _SCOPES
    if flow is Flow.CLIENT:
        return known.application
    return (*known.scopes, *(known.imap if imap else ()))


def may_read_mail(sign_in: SignIn) -> bool:
    """Whether a sign-in asked for the scopes to read the mailbox, as far as they are known."""
    known = known_providers().get(sign_in.provider)
    return known is None or set(known.imap) <= {*sign_in.scopes} or sign_in.flow is Flow.CLIENT


def hosts_of(provider: str, *hosts: str) -> tuple[str, ...]:
    """Return the servers that a sign-in's token may go to: the hosts, and the provider's own."""
    known = known_providers().get(provider)
    own = known.hosts if known else ()
    return tuple(dict.fromkeys((*map(_folded, hosts), *own)))


def may_go_to(hosts: tuple[str, ...], host: str) -> bool:
    """Whether a token for these servers may go to a host."""
    return fits(hosts, _folded(host))


def rotates(provider: str) -> bool | None:
    """Return whether a provider replaces the refresh token at each renewal, if known."""
    known = known_providers().get(provider)
    return known.rotates if known else None


def provider_for(host: str) -> str | None:
    """Return the provider whose servers include this host: `microsoft`, `google` or None."""
    return next(
        (name for name, known in known_providers().items() if may_go_to(known.hosts, host)), None
    )


def _folded(host: str) -> str:
    try:
        return ascii_name(host.strip().rstrip(".")).casefold()
    except ValueError:
        return host.strip().casefold()
