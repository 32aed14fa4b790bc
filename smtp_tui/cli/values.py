"""`KEY=VALUE` from the command line; a literal password is never taken from there."""

from __future__ import annotations

from collections.abc import Iterable

from smtp_tui.cli.calls import NO_LITERAL, UsageError
from smtp_tui.config.wording import one_line
from smtp_tui.settings.fields import BY_KEY, Kind

_TEXTS = (Kind.TEXT, Kind.PASSWORD)
_QUOTES = ('"', "'")


def assignments(pairs: Iterable[str]) -> dict[str, object]:
    """Read `KEY=VALUE` pairs; UsageError names every fault in them."""
    values, faults = read_pairs(pairs)
    if faults:
        raise UsageError("; ".join(faults))
    return values


def read_pairs(pairs: Iterable[str]) -> tuple[dict[str, object], list[str]]:
    """Return the values of `KEY=VALUE` pairs, the last of a key counts, and a line a fault."""
    values: dict[str, object] = {}
    faults = []
    for number, pair in enumerate(pairs, 1):
        try:
            key, text = _parted(pair, number)
            values[key] = _value(key, text)
        except UsageError as error:
            faults.append(str(error))
    return values, faults


def no_setting(key: str) -> str:
    """Say that there is no such setting, and which one may be meant."""
    from difflib import get_close_matches

    close = get_close_matches(key.casefold().replace("-", "_"), BY_KEY, 1)
    hint = f"did you mean {close[0]}?" if close else "smtp-tui explain lists the settings"
    return f"there is no setting {one_line(key, 80)!r}; {hint}"


def _parted(pair: str, number: int) -> tuple[str, str]:
    key, sign, text = pair.partition("=")
    if not sign:
        # The word is not repeated: it may be a password.
        what = key if key in BY_KEY else f"setting number {number}"
        raise UsageError(f"{what} has no =VALUE")
    if key != key.rstrip():  # a line out of a file: `key = "value"`
        text = text.strip()
    key = key.strip()
    if key not in BY_KEY:
        raise UsageError(no_setting(key))
    return key, text


def _value(key: str, text: str) -> object:
    kind = BY_KEY[key].kind
    is_toml = text.startswith((*_QUOTES, "{") if kind in _TEXTS else _QUOTES)
    value = _toml(key, text) if is_toml else text
    if kind is Kind.PASSWORD and not isinstance(value, dict):
        raise UsageError(NO_LITERAL)
    return value


def _toml(key: str, text: str) -> object:
    import tomllib

    try:
        parsed = tomllib.loads(f"value = {text}")
    except ValueError:
        raise UsageError(
            f"{key}: a value that begins with a quote or a brace must be TOML, and this is not; "
            f"write {key}='\"text\"' or {key}='{{…}}'"
        ) from None
    if set(parsed) != {"value"}:
        raise UsageError(f"{key}: this is more than one TOML value")
    return parsed["value"]
