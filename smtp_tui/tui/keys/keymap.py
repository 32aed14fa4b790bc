"""Keys by name: how people write them, which may be given to a command, and who has which. Pure.

A capital for its letter: hints write keys as they are engraved, and Caps Lock is a key too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol, TypeVar

from textual.app import App
from textual.events import Key

from smtp_tui.records import record
from smtp_tui.smtp.escaping import escape_controls

_ENGRAVED = {"escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn", "insert": "Ins"}
_SIGNS = {
    "underscore": "_",
    "backslash": "\\",
    "circumflex_accent": "^",
    "right_square_bracket": "]",
    "@": "Space",
}
_NAMED = {sign.casefold(): name for name, sign in _SIGNS.items()} | {"@": "@"}

_ANYWHERE = re.compile(
    r"f([1-9]|1\d|2[0-4])|insert|alt\+[ac-eg-z]"
    r"|ctrl\+([a-z]|underscore|backslash|circumflex_accent|right_square_bracket|@)"
)
_TAKEN = {
    **dict.fromkeys(("ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m"), "is Backspace, Tab or Enter"),
    **dict.fromkeys(("ctrl+d", "ctrl+e", "ctrl+k", "ctrl+u", "ctrl+w"), "edits text"),
    **dict.fromkeys(("alt+b", "alt+f"), "moves by a word"),
    "ctrl+c": "shows how to quit",
    "ctrl+z": "goes to the shell",
}


class HasKeys(Protocol):
    """Whatever has keys and a name."""

    @property
    def action(self) -> str:
        """Its name."""

    @property
    def usual_keys(self) -> tuple[str, ...]:
        """The keys it has unless others are chosen."""


One = TypeVar("One", bound=HasKeys)


def key_name(key: str) -> str:
    """Write a key as it is engraved: `F5`, `^T`, `Alt+E`, `Esc`."""
    if key.startswith("ctrl+"):
        letter = key.removeprefix("ctrl+")
        return "^" + _SIGNS.get(letter, letter.upper())
    if key.startswith("alt+"):
        return "Alt+" + key.removeprefix("alt+").upper()
    if len(key) == 1 and key.isupper():
        return f"Shift+{key}"
    return _ENGRAVED.get(key, key.capitalize())


def spelled(key: str) -> str:
    """Write a key for a sentence: `Ctrl+T`."""
    return "Ctrl+" + key_name(key)[1:] if key.startswith("ctrl+") else key_name(key)


def with_alt(key: str) -> bool:
    """Whether Alt was held: its keys come with a character as if that had been typed."""
    return key.startswith("alt+")


def key_from(text: str) -> str:
    """Read a key as people write it: `F5`, `Ctrl+T`, `^T`, `C-t`, `Alt+E`, `Shift+N`, `?`."""
    if len(text) == 1:
        return text
    word = text.strip().casefold()
    if shifted := re.fullmatch(r"(?:s-|shift[+-])([a-z])", word):
        return shifted[1].upper()
    for pattern, modifier in ((r"\^|c-|ctrl[+-]", "ctrl+"), (r"m-|alt[+-]", "alt+")):
        if match := re.match(pattern, word):
            letter = word[match.end() :]
            return modifier + (_NAMED.get(letter, letter) if modifier == "ctrl+" else letter)
    return {"ins": "insert", "esc": "escape"}.get(word, word)


@record
class KeymapResult:
    """What an admin's choice of keys came to: who has which keys, and what cannot be, in words."""

    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def configured_keymap(
    wanted: Mapping[str, Sequence[str]], commands: Iterable[One], in_log: Iterable[One]
) -> KeymapResult:
    """Work out the keys of the commands that an admin named, and of those that lose one by it.

    A command `in_log` may be on a letter; the others count while text is typed.
    """
    letters = {one.action for one in in_log}
    usual = {one.action: one.usual_keys for one in (*commands, *in_log)}
    choice, owners = KeymapResult(), dict[str, str]()
    for action, texts in wanted.items():
        if action not in usual:
            choice.problems.append(f"there is no command {escape_controls(action)}")
            continue
        good = []
        for text in texts:
            key = key_from(text)
            why = _refusal(key, takes_letters=action in letters)
            if not why and key in owners:
                why = f"already belongs to {owners[key]}"
            if why:
                choice.problems.append(f"{action}: {escape_controls(text)} {why}")
                continue
            owners[key] = action
            good.append(key)
        if good:
            choice.keys[action] = tuple(good)
    _give_way(choice, owners, usual)
    return choice


def _refusal(key: str, *, takes_letters: bool) -> str:
    """Say why a key cannot be given to a command."""
    if key in _TAKEN:
        return _TAKEN[key]
    if len(key) == 1 and key.isprintable() and key not in " ,":
        return "" if takes_letters else "is typed into fields; use a function key, Ctrl or Alt"
    return "" if _ANYWHERE.fullmatch(key) else "cannot be the key of a command"


def _give_way(
    choice: KeymapResult, owners: Mapping[str, str], usual: Mapping[str, tuple[str, ...]]
) -> None:
    """Take chosen keys from the commands that usually have them, but never the last one."""
    for action, keys in usual.items():
        if action in choice.keys:
            continue
        left = tuple(key for key in keys if key not in owners)
        if left == keys:
            continue
        if left:
            choice.keys[action] = left
            continue
        for key in keys:
            taker = owners[key]
            kept = tuple(one for one in choice.keys[taker] if one != key) or usual[taker]
            choice.keys[taker] = kept
            choice.problems.append(f"{taker}: {key_name(key)} is the only key of {action}")


async def handle_shifted_letter(app: App[Any], event: Key) -> None:
    """Do what the letter does where nothing takes its capital, nor types it."""
    letter, active = event.key.lower(), app.screen.active_bindings
    if len(letter) != 1 or letter == event.key or event.key in active or letter not in active:
        return
    event.stop()
    bound = active[letter]
    await app.run_action(bound.binding.action, bound.node)
