"""What of imported settings a file can hold, in whatever application's words it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from smtp_tui.config.document import Document
from smtp_tui.config.errors import NotExpressibleError
from smtp_tui.records import record

_TOGETHER = ("encryption", "starttls_auto")
_PROTECTING = frozenset(
    {"encryption", "starttls_auto", "openssl_verify_mode", "ca_file", "tls_minimum"}
    | {"tls_fingerprint", "server_name", "client_certificate", "client_key", "authentication"}
)


@record
class LeftOut:
    """Settings that the file's application has no way to say, and why."""

    keys: tuple[str, ...]
    why: str

    @property
    def protects(self) -> bool:
        """Whether mail or password may be less protected without them."""
        return not _PROTECTING.isdisjoint(self.keys)


@record
class Fitting:
    """The values that a table can hold, and what was left out of them."""

    values: dict[str, Any] = field(repr=False)
    left_out: tuple[LeftOut, ...] = ()


def fitting(
    document: Document, table: str, values: Mapping[str, Any], *, create: bool = False
) -> Fitting:
    """Leave out what the file cannot say; NotExpressibleError where that is the host itself."""
    left, left_out = dict(values), []
    while True:
        try:
            document.changed(table, left, create=create)
        except NotExpressibleError as error:
            blamed = _TOGETHER if error.key in _TOGETHER else (error.key,)
            keys = tuple(key for key in blamed if key in left)
            if not keys or "host" in keys:
                raise
            for key in keys:
                del left[key]
            left_out.append(LeftOut(keys, str(error)))
        else:
            return Fitting(left, tuple(left_out))
