"""The options of swaks: which bear on the connection, and how each may be spelled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smtp_tui.interchange.entries import Entry, Unclear

# Every spelling of an option that bears on the connection, by the one that is kept.
_SPELLINGS = {
    "server": ("s", "server"), "port": ("p", "port"), "from": ("f", "from"),
    "helo": ("h", "helo", "ehlo", "lhlo"), "timeout": ("timeout",),
    "auth": ("a", "auth", "ao", "auth-optional", "aos", "auth-optional-strict"),
    "auth-user": ("au", "auth-user"), "auth-password": ("ap", "auth-password"),
    "local-interface": ("li", "local-interface"), "tls-protocol": ("tlsp", "tls-protocol"),
    "tls-ca-path": ("tls-ca-path",), "tls-cert": ("tls-cert",), "tls-key": ("tls-key",),
    "tls-sni": ("tls-sni",), "tls-verify-target": ("tls-verify-target",),
    "protocol": ("protocol",), "tls-cipher": ("tls-cipher",), "tls-chain": ("tls-chain",),
    "tls": ("tls",), "tls-optional": ("tlso", "tls-optional"),
    "tls-optional-strict": ("tlsos", "tls-optional-strict"),
    "tls-on-connect": ("tlsc", "tls-on-connect"), "tls-verify": ("tls-verify",),
    "tls-verify-ca": ("tls-verify-ca",), "tls-verify-host": ("tls-verify-host",),
    "4": ("4",), "6": ("6",),
}  # fmt: skip
_NAMES = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings}
_SWITCHES = frozenset(
    {"tls", "tls-optional", "tls-optional-strict", "tls-on-connect", "4", "6"}
    | {"tls-verify", "tls-verify-ca", "tls-verify-host"}
)
# The message, and what is shown of it: nothing for a table of settings.
_ASIDE = (
    "t", "to", "cc", "bcc", "d", "data", "body", "header", "h-", "attach", "q",
    "quit-after", "quit", "ah",
    "add-header", "n", "suppress-data", "hs", "hr", "hd", "silent", "apt", "pp",
    "auth-hide-password", "ahp", "protect-prompt", "show", "hide", "output", "S", "g", "stl",
)  # fmt: skip


def options_of(rest: list[Any]) -> Iterator[Entry]:
    """Yield the options; one that is not known takes the word behind it for its own."""
    at = 0
    while at < len(rest):
        word = rest[at]
        at += 1
        if not isinstance(word, str) or not word.startswith("-") or not word.strip("-="):
            yield Entry("", Unclear("stray-word"))
            continue
        written, sign, value = word.lstrip("-").partition("=")
        name = _NAMES.get(written, written)
        following = rest[at] if at < len(rest) else "-"
        if sign:
            found: Any = value
        elif name in _SWITCHES or (isinstance(following, str) and following.startswith("-")):
            found = "true"
        else:
            found, at = following, at + 1
        if not name.startswith("h-") and written not in _ASIDE:
            yield Entry(name, found)
