"""Records made of tags, `name=value; …`: DMARC (RFC 7489), DKIM keys (RFC 6376), MTA-STS."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from smtp_tui.records import record


class Policy(Enum):
    """What receivers are asked to do with mail that fails (RFC 7489, section 6.3)."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class KeyState(Enum):
    """What a DKIM key record amounts to."""

    GOOD = "good"
    REVOKED = "revoked"
    BROKEN = "broken"


@record(kw_only=True)
class Dmarc:
    """A DMARC record: its policy for the domain itself and for names below it."""

    policy: Policy
    below: Policy


def tags_of(text: str) -> dict[str, str]:
    """Return the tags of a record by name, the first of a name counts; what is none is left out."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        name, sign, value = part.partition("=")
        if sign and name.strip():
            tags.setdefault(name.strip().casefold(), value.strip())
    return tags


def record_with(texts: Iterable[str], version: str) -> str | None:
    """Return the record that begins with a version tag; None without one.

    ValueError where there is more than one: then none counts.
    """
    found = [one for one in texts if _version(one) == version]
    if len(found) > 1:
        raise ValueError("there are two records")
    return found[0] if found else None


def dmarc_of(text: str) -> Dmarc:
    """Read a DMARC record; ValueError says what is wrong."""
    tags = tags_of(text)
    policy = _policy(tags.get("p"), "p", has_reports=bool(tags.get("rua")))
    below = _policy(tags["sp"], "sp") if "sp" in tags else policy
    return Dmarc(policy=policy, below=below)


def key_state(text: str) -> KeyState:
    """Say what a DKIM key record amounts to (RFC 6376, section 3.6.1)."""
    tags = tags_of(text)
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return KeyState.BROKEN
    return KeyState.GOOD if tags["p"] else KeyState.REVOKED


def _version(text: str) -> str:
    name, sign, value = text.split(";")[0].partition("=")
    return value.strip() if sign and name.strip() == "v" else ""


def _policy(value: str | None, tag: str, *, has_reports: bool = False) -> Policy:
    """Read a policy; without a readable one a record that wants reports only watches."""
    try:
        return Policy((value or "").casefold())
    except ValueError:
        if has_reports:
            return Policy.NONE
        raise ValueError(f"{tag} is not a policy") from None
