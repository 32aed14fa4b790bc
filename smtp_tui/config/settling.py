"""The last step of a change in another application's words: it must come out as it was wanted.

Whatever is written is read back: what was stated must come out as stated, and what was given and
not to change as it was. Several keys may say one thing (`modes`), and an application's defaults
move with them; where no way of saying it does all that, the change is refused.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from smtp_tui.config.dialect import Dialect, Mode
from smtp_tui.config.errors import NotExpressibleError
from smtp_tui.config.sameness import means_the_same
from smtp_tui.config.theirs import Theirs
from smtp_tui.config.translating import Inexpressible, UnknownSpelling
from smtp_tui.config.understanding import Understanding, same_word, understood
from smtp_tui.config.wording import one_line
from smtp_tui.settings.fields import BY_KEY

_ENCRYPTION, _AUTO = "encryption", "starttls_auto"
_Put = Callable[[Theirs, Mapping[str, object]], None]


def settled(
    theirs: Theirs,
    old: Understanding,
    wanted: Mapping[str, object],
    stated: Mapping[str, object],
    put: _Put,
) -> dict[str, Any]:
    """Return the data in which all comes out as stated, the mode chosen for it.

    `wanted` are those of the stated settings that mean something else in `old`; `put` writes
    settings to their places.
    """
    desired = _desired(old, stated)
    if not (wrong := _left_wrong(theirs, desired, stated, put)):
        return theirs.data
    for mode in _candidates(theirs.dialect, desired):
        trial = Theirs(theirs.dialect, copy.deepcopy(theirs.data), theirs.path)
        try:
            _put_mode(trial, mode)
        except (Inexpressible, UnknownSpelling):
            continue
        if not _left_wrong(trial, desired, stated, put):
            return trial.data
    raise _contradiction(theirs.dialect, wanted, wrong)


def _left_wrong(
    theirs: Theirs, desired: Mapping[str, object], stated: Mapping[str, object], put: _Put
) -> list[str]:
    """Write what was a default and no longer is, and list what is wrong even so."""
    moved = [key for key in _differing(theirs, desired) if key in stated]
    with contextlib.suppress(NotExpressibleError):
        put(theirs, {key: stated[key] for key in moved})
    return _differing(theirs, desired)


def _contradiction(
    dialect: Dialect, wanted: Mapping[str, object], wrong: list[str]
) -> NotExpressibleError:
    """Say of what was wanted that it cannot be, or what would change with it."""
    blamed = [key for key in wrong if key in wanted]
    blamed += [key for key in wanted if key in dialect.notes or key == "port"]
    key = next(iter((*blamed, *wanted)))
    reason = f"it would also change the {BY_KEY[wrong[0]].label}"
    if key in wrong:
        alone = "STARTTLS where offered goes with encryption none only: set both"
        reason = alone if key == _AUTO else "it cannot have this together with the other settings"
    return refusal(dialect, key, dialect.notes.get(key, dialect.notes.get(wrong[0], reason)))


def _desired(old: Understanding, stated: Mapping[str, object]) -> dict[str, object]:
    desired = {**{key: old.values[key] for key in old.given}, **stated}
    encryption = desired.get(_ENCRYPTION, old.values.get(_ENCRYPTION))
    # STARTTLS where offered means nothing beside the other encryptions.
    if not means_the_same(_ENCRYPTION, encryption, "none") and not stated.get(_AUTO):
        desired.pop(_AUTO, None)
    return desired


def _differing(theirs: Theirs, desired: Mapping[str, object]) -> list[str]:
    """List the settings that do not come out as desired."""
    read = understood(theirs.dialect, theirs.data, theirs.path)
    return [
        key
        for key, value in desired.items()
        if (
            key in read.given
            if value is None
            else not means_the_same(key, read.values.get(key, _implied(key)), value)
        )
    ]


def _implied(key: str) -> object:
    return False if key == _AUTO else None


def _candidates(dialect: Dialect, desired: Mapping[str, object]) -> Iterator[Mode]:
    """Yield the modes that say what is desired, those first that say no more than that."""
    for lenient in (False, True):
        for mode in dialect.modes:
            if all(_agrees(mode, key, desired, lenient) for key in dialect.mode_keys):
                yield mode


def _agrees(mode: Mode, key: str, desired: Mapping[str, object], lenient: bool) -> bool:
    have = mode.ours.get(key, _implied(key))
    if desired.get(key) is None:
        return lenient or not have or key != _AUTO
    return means_the_same(key, have, desired[key])


def _put_mode(theirs: Theirs, mode: Mode) -> None:
    for key, word in mode.when.items():
        if not same_word(theirs.effective(key), word):
            theirs.put(key, None if word == "" else word)


def refusal(dialect: Dialect, key: str, why: str) -> NotExpressibleError:
    """Say that a setting cannot be made so in this application's file."""
    label = f"{BY_KEY[key].label} ({key})" if key in BY_KEY else one_line(key, 40)
    name = dialect.head.application
    text = f"{label} cannot have this value in a file of {name}: {why.rstrip('.')}"
    return NotExpressibleError(text, key)
