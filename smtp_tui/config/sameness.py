"""Whether two raw values of a setting mean the same: what does is never rewritten."""

from __future__ import annotations

from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.reading import is_absent


def means_the_same(key: str, old: object, new: object) -> bool:
    """Tell whether a change from `old` to `new`, None where the key is absent, changes nothing."""
    if old is None or new is None:
        return old is new
    if type(old) is type(new) and old == new:
        return True
    field = BY_KEY.get(key)
    if field is None:
        return False
    if is_absent(field, old) or is_absent(field, new):
        return is_absent(field, old) and is_absent(field, new)
    try:
        return field.parse(old) == field.parse(new)
    except ValueError:
        return False
