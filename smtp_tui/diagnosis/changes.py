"""Changes of settings by key, as a file has them; empty text takes a setting away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from smtp_tui.settings.choices import Encryption, TlsVersion
from smtp_tui.settings.fields import BY_KEY, Settings

Change = Mapping[str, object]

# What the change of one of these vouches for may be another machine than the one that was meant.
TRUST = frozenset({"server_name", "ca_file", "tls_fingerprint"})


def changed(settings: Settings, change: Change) -> Settings:
    """Return the settings with a change made; ValueError where a value is none."""
    values: dict[str, Any] = {}
    for key, value in change.items():
        field = BY_KEY[key]
        values[field.attribute] = None if value == "" else field.parse(value)
    return replace(settings, **values)


def is_possible(change: Change) -> bool:
    """Whether every value of a change is one that its field accepts.

    A server may have chosen them: the names of its certificate are any text.
    """
    return not any(
        BY_KEY[key].problem_with(value)
        for key, value in change.items()
        if value is not None and value != ""
    )


def keeping_port(settings: Settings, change: Change) -> Change:
    """Add the port to a change of the encryption that would move an unset one elsewhere."""
    if "encryption" not in change or "port" in change or "port" in settings.given:
        return change
    moved = BY_KEY["port"].default({"encryption": Encryption(str(change["encryption"]))})
    return change if moved == settings.port else {**change, "port": settings.port}


def weakens(settings: Settings, change: Change) -> bool:
    """Whether security suffers by a change."""
    return (
        change.get("openssl_verify_mode") == "none"
        or (change.get("encryption") == "none" and settings.encryption is not Encryption.NONE)
        or change.get("starttls_auto") is False
        or change.get("tls_minimum") in (TlsVersion.V1_0, TlsVersion.V1_1)
    )
