"""Load causes and warnings with their texts, experiments and fixes.

An entry of `causes.toml` has the label, the texts, the experiments to run after the failure and
the fixes to propose; one of `warnings.toml` has the label and the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any


def load_texts(name: str) -> dict[str, Any]:
    """Parse a file of texts, without caching."""
    import tomllib  # saves 5 ms in a check without a file, warning or failure

    return tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


@cache
def texts_of(name: str) -> dict[str, Any]:
    """Return the entries of a file of texts by id, cached."""
    return load_texts(name)


def causes() -> dict[str, dict[str, Any]]:
    """Return the entries of `causes.toml` by id."""
    return texts_of("causes.toml")


def parts_of(
    cause: str,
    *,
    is_local: bool = False,
    is_lmtp: bool = False,
    has_token: bool = False,
    is_socket: bool = False,
) -> dict[str, str]:
    """Return a cause's texts.

    The flags select those for a server here, for one that speaks LMTP, for settings that log in
    with an access token, and for a UNIX socket.
    """
    entry = causes()[cause]
    parts = {part: entry[part] for part in ("what", "why", "cure")}
    flags = {"lmtp": is_lmtp, "token": has_token, "local": is_local, "socket": is_socket}
    for name, is_so in flags.items():
        if is_so:
            parts |= entry.get(name, {})
    return parts


def label(identity: str) -> str:
    """Return the label of a cause or warning, or its id if it has none."""
    entry = texts_of("warnings.toml").get(identity) or causes().get(identity, {})
    text: str = entry.get("label", identity)
    return text


def listed(words: Sequence[str], last: str) -> str:
    """Join words as in a sentence: `a, b or c`, where `last` is `or`."""
    *others, final_word = words
    return f"{', '.join(others)} {last} {final_word}" if others else final_word
