"""Validate the keys that an admin chose, and build Textual bindings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from textual.binding import Binding, BindingType

from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.commands import LOG_COMMANDS, SIGN_KEYS, FormCommand, configurable, key_name

_NAMED = {sign.casefold(): name for name, sign in SIGN_KEYS.items()} | {"@": "@", "space": "@"}

_ANYWHERE = re.compile(
    r"f([1-9]|1\d|2[0-4])|insert|alt\+[ac-eg-z]"
    r"|ctrl\+([a-z]|underscore|backslash|circumflex_accent|right_square_bracket|@)"
)
_TAKEN = {
    **dict.fromkeys(("ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m"), "is Backspace, Tab or Enter"),
    **dict.fromkeys(("ctrl+a", "ctrl+d", "ctrl+e", "ctrl+k", "ctrl+u", "ctrl+w"), "edits text"),
    **dict.fromkeys(("alt+b", "alt+f"), "moves by a word"),
    "ctrl+c": "shows how to quit",
    "ctrl+z": "goes to the shell",
}


def key_from(text: str) -> str:
    """Parse a key in any usual notation: `F5`, `Ctrl+T`, `^T`, `C-t`, `Alt+E`, `Shift+N`, `?`."""
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
class CustomKeyBindings:
    """The keys to set, by action, and the problems found."""

    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def configured_keymap(wanted: Mapping[str, Sequence[str]]) -> CustomKeyBindings:
    """Return the keys that an admin chose, and the keys of commands that lose one to them."""
    result, owners = CustomKeyBindings(), dict[str, str]()
    default_keys = {command.action: command.default_keys for command in configurable()}
    # Log commands may use a letter; the others must work while text is typed.
    log_actions = {command.action for command in LOG_COMMANDS}
    for action, texts in wanted.items():
        if action not in default_keys:
            result.problems.append(f"there is no command {escape_controls(action)}")
            continue
        for text in texts:
            key = key_from(text)
            problem = _key_problem(key, accepts_letters=action in log_actions)
            if not problem and key in owners:
                problem = f"already belongs to {owners[key]}"
            if problem:
                result.problems.append(f"{action}: {escape_controls(text)} {problem}")
            else:
                owners[key] = action
                result.keys[action] = (*result.keys.get(action, ()), key)
    # Other commands lose their default keys that were chosen, but never the last one.
    for action, keys in default_keys.items():
        left = tuple(key for key in keys if key not in owners)
        if action in result.keys or left == keys:
            continue
        # Flow control may swallow Ctrl+S, so it cannot be the last key.
        if {*left} - {"ctrl+s"}:
            result.keys[action] = left
            continue
        for key in (key for key in keys if key in owners):
            owner = owners[key]
            others = tuple(other for other in result.keys[owner] if other != key)
            result.keys[owner] = others or default_keys[owner]
            result.problems.append(f"{owner}: {key_name(key)} is the only key of {action}")
    return result


def _key_problem(key: str, *, accepts_letters: bool) -> str:
    """Return why a command cannot have a key, or an empty string."""
    if key in _TAKEN:
        return _TAKEN[key]
    if len(key) == 1 and key.isprintable() and key not in " ,":
        return "" if accepts_letters else "is typed into fields; use a function key, Ctrl or Alt"
    return "" if _ANYWHERE.fullmatch(key) else "cannot be the key of a command"


def bindings(commands: Iterable[FormCommand]) -> list[BindingType]:
    """Bind commands; the id of a configurable one is its action, for Textual's keymap."""
    return [
        Binding(
            ",".join(command.default_keys),
            f"screen.run_command('{command.action}')" if command.handler else command.action,
            show=False,
            id=command.action if command.is_configurable else None,
        )
        for command in commands
    ]
