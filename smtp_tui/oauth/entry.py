"""A sign-in: what a provider granted, to whom, and to which servers it may go. Pure: no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from smtp_tui.records import record

VERSION = 1
LARGEST = 64 * 1024
"""Maximum bytes of a stored sign-in."""


class Flow(StrEnum):
    """How a sign-in was made."""

    DEVICE = "device"  # a code to type on another device (RFC 8628)
    PASTE = "paste"  # the browser's redirect, pasted back (RFC 7636, RFC 8252)
    CLIENT = "client"  # the application itself, with its secret (RFC 6749, section 4.4)


@record(kw_only=True)
class Endpoints:
    """A provider's URLs, as its metadata names them."""

    issuer: str
    token: str
    authorization: str | None = None
    device: str | None = None
    revocation: str | None = None
    secret_in_form: bool = False  # the client's secret; else it goes into a header


@record(kw_only=True)
class AccessToken:
    """A token to log in with; `expires_at` is a time of `time.time`, `lifetime` are seconds."""

    value: str = field(repr=False)
    expires_at: float
    lifetime: float
    scope: str = ""


@record(kw_only=True)
class Granted:
    """The provider's answer; `ends_at` is the end of the refresh token, if the provider says it.

    `user` is who signed in, as an ID token or the access token says it; None if neither does.
    """

    access: AccessToken
    refresh_token: str | None = field(default=None, repr=False)
    ends_at: datetime | None = None
    user: str | None = None


@record(kw_only=True)
class SignIn:
    """An entry of the store; no repr shows its tokens or its secret.

    `provider` is `microsoft`, `google` or an issuer's URL, `hosts` are the servers that may get the
    access token. `rotates` is None until a renewal has shown whether the refresh token changes.
    """

    name: str
    provider: str
    username: str
    hosts: tuple[str, ...]
    flow: Flow
    client_id: str
    tenant: str | None = None
    scopes: tuple[str, ...] = ()
    endpoints: Endpoints
    client_secret: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    granted_at: datetime
    ends_at: datetime | None = None
    rotates: bool | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no output may show."""
        return tuple(filter(None, (self.client_secret, self.refresh_token)))

    def after(self, granted: Granted, now: datetime) -> SignIn:
        """Return the entry after a renewal, with the new refresh token if there is one."""
        old, new = self.refresh_token, granted.refresh_token
        if old is None:
            return self
        if new in (None, old):
            ends_at = granted.ends_at or self.ends_at
            return replace(self, ends_at=ends_at, rotates=self.rotates is True)
        return replace(
            self, refresh_token=new, granted_at=now, ends_at=granted.ends_at, rotates=True
        )


def to_json(sign_in: SignIn) -> str:
    """Return the stored form, which holds the secrets."""
    values: dict[str, Any] = {key.name: getattr(sign_in, key.name) for key in fields(sign_in)}
    endpoints = sign_in.endpoints
    values["endpoints"] = {key.name: getattr(endpoints, key.name) for key in fields(endpoints)}
    for key in ("granted_at", "ends_at"):
        values[key] = values[key] and values[key].astimezone(UTC).isoformat(timespec="seconds")
    return json.dumps({"version": VERSION, **values}, indent=1)


def from_json(text: str) -> SignIn:
    """Parse the stored form; ValueError names the key that is wrong, and never repeats a value."""
    stored: object
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(stored, dict):
        raise ValueError("it is not a JSON object")
    if stored.get("version") != VERSION:
        raise ValueError(f"its version is not {VERSION}")
    endpoints = _object(stored, "endpoints")
    flow = _text(stored, "flow")
    if flow not in set(Flow):
        raise ValueError("its flow is none that smtp-tui knows")
    rotates = stored.get("rotates")
    if not isinstance(rotates, bool | None):
        raise ValueError("its rotates is neither true nor false")
    return SignIn(
        name=_text(stored, "name"),
        provider=_text(stored, "provider"),
        username=_text(stored, "username"),
        hosts=_texts(stored, "hosts"),
        flow=Flow(flow),
        client_id=_text(stored, "client_id"),
        tenant=_optional(stored, "tenant"),
        scopes=_texts(stored, "scopes"),
        endpoints=Endpoints(
            issuer=_text(endpoints, "issuer"),
            token=_text(endpoints, "token"),
            authorization=_optional(endpoints, "authorization"),
            device=_optional(endpoints, "device"),
            revocation=_optional(endpoints, "revocation"),
            secret_in_form=endpoints.get("secret_in_form") is True,
        ),
        client_secret=_optional(stored, "client_secret"),
        refresh_token=_optional(stored, "refresh_token"),
        granted_at=_moment(_text(stored, "granted_at"), "granted_at"),
        ends_at=_moment(ends, "ends_at") if (ends := _optional(stored, "ends_at")) else None,
        rotates=rotates,
    )


def _text(stored: Mapping[str, object], key: str) -> str:
    value = stored.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"its {key} is missing or not text")
    return value


def _optional(stored: Mapping[str, object], key: str) -> str | None:
    return None if stored.get(key) is None else _text(stored, key)


def _texts(stored: Mapping[str, object], key: str) -> tuple[str, ...]:
    values = stored.get(key)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"its {key} is not a list of texts")
    return tuple(values)


def _object(stored: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = stored.get(key)
    if not isinstance(value, dict):
        raise ValueError(f"its {key} is not an object")
    return value


def _moment(text: str, key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"its {key} is not a date") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
