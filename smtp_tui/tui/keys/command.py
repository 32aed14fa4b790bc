"""What a command is: an action, its keys, and its words in hints, help and menu."""

from __future__ import annotations

from collections.abc import Mapping

from textual.binding import Binding

from smtp_tui.records import record
from smtp_tui.tui.keys.keymap import key_name


@record
class Command:
    """A command: its action, its keys, its word in the hint line, and its row in the help.

    What `is_begun` takes its time: `works` does it, by the action's name. A key `outside` is a
    character, so it counts only where no text is typed.

    Each function key has an alternative, because serial lines, `screen` and some terminals' own
    menus swallow them. None is on Ctrl+A, B, C, Q or S, which multiplexers, interrupts and flow
    control take; on Ctrl+P, where `docker attach` waits for a second key, none is alone.
    """

    action: str
    key: str
    alternative: str
    word: str
    help: str
    is_global: bool = False
    is_begun: bool = False
    outside: str = ""
    is_configurable: bool = False

    @property
    def binding(self) -> Binding:
        """The command as Textual binds it; where its keys may be chosen they go by its name."""
        action = f"screen.begin('{self.action}')" if self.is_begun else self.action
        name = self.action if self.is_configurable else None
        return Binding(",".join(self.usual_keys), action, self.word, show=False, id=name)

    @property
    def usual_keys(self) -> tuple[str, ...]:
        """The keys it has unless the admin chose others."""
        return tuple(filter(None, (self.key, self.alternative, self.outside)))

    @property
    def keys_in_force(self) -> tuple[str, ...]:
        """The keys it has."""
        return _in_force.get(self, self.usual_keys)

    @property
    def keys(self) -> str:
        """The keys as people write them."""
        return " ".join(map(key_name, self.keys_in_force))

    @property
    def hint_keys(self) -> str:
        """The keys for the line of hints, which has no room for one that counts at times only."""
        keys = [key for key in self.keys_in_force if key != self.outside]
        return " ".join(map(key_name, keys))

    @property
    def first_key(self) -> str:
        """The key to name where there is room for one."""
        return key_name(self.keys_in_force[0])

    @property
    def title(self) -> str:
        """Its word, in a list of commands."""
        return self.word or self.action.capitalize()


_in_force: dict[Command, tuple[str, ...]] = {}


def use_keys(keys: Mapping[Command, tuple[str, ...]]) -> None:
    """Let commands have other keys than their usual ones; what is not named has those."""
    _in_force.clear()
    _in_force.update(keys)
