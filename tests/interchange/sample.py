"""What a sample of a format is, and how its encryption is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sample:
    """A text of a format, the values in it, the lines or names not understood, the remarks."""

    format: str
    text: str
    values: dict[str, Any]
    unread: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    name: str = ""
    beside: dict[str, str] = field(default_factory=dict)


AUTO = {"encryption": "none", "starttls_auto": True}
OPEN = {"encryption": "none", "starttls_auto": False}
SSL = {"encryption": "ssl"}
TLS = {"encryption": "tls"}
