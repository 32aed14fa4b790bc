"""An application's keys in the data of its file: looked up and changed by their dialect's names."""

from __future__ import annotations

from typing import Any

from smtp_tui.config.compound import (
    PORT,
    SCHEME,
    Compound,
    parsed_host_and_port,
    parsed_url,
)
from smtp_tui.config.dialect import Dialect, Place
from smtp_tui.config.tablepath import TablePath, get
from smtp_tui.config.translating import Inexpressible, UnknownSpelling


class Theirs:
    """One table of a file in a dialect; `put` changes the data it was made with."""

    def __init__(self, dialect: Dialect, data: dict[str, Any], path: TablePath) -> None:
        self.dialect = dialect
        self.data = data
        self.path = path
        self.variant = self._found_variant()

    def get(self, key: str) -> Any:
        """Return the value of a key, None where it is absent or an empty text."""
        value = self._part(key[1:]) if key[0] == ":" else self._looked_up(self._where(key))
        return None if value == "" else value

    def has(self, key: str) -> bool:
        """Tell whether a key stands in the file, of a part: its whole text."""
        form = self.dialect.form
        if key.startswith(":"):
            return form is not None and self.get(form.key) is not None
        return self.get(key) is not None

    def effective(self, key: str) -> Any:
        """Return what the application takes a key for, "" where it is absent and has no default."""
        value = self.get(key)
        return self.dialect.absent.get(key, "") if value is None else value

    def put(self, key: str, value: Any) -> None:
        """Change a key, None takes it out; Inexpressible where its text has no room for it."""
        if key.startswith(":"):
            self._put_part(key[1:], value)
            return
        *above, last = self._where(key)
        if value is None:
            self._take_out((*above, last))
            return
        here: Any = self.data
        for step in above:
            if isinstance(here, dict):
                here = here.setdefault(step, {})
            else:
                here = here[step] if isinstance(here, list) and isinstance(step, int) else None
        if not isinstance(here, dict):
            raise Inexpressible(f"would have to be in {key}, where the file has something else")
        here[last] = value

    def choose(self, variant: str | None) -> None:
        """Take the variants' table out, and let what is put from now on stand in another."""
        assert self.dialect.variants is not None
        self.put(self.dialect.variants.table, None)
        self.variant = variant

    def places(self, key: str) -> list[Place]:
        """List the places that one of our settings may stand at now."""
        setting = self.dialect.settings[key]
        return [place for place in setting.places if place.belongs_to(self.variant)]

    def name_of(self, place: Place) -> str:
        """Return what to call a place in a sentence."""
        form = self.dialect.form
        if place.key.startswith(":") and form is not None:
            return f"the {place.key[1:]} in {form.key}"
        steps = (self.variant or "*" if step == "*" else step for step in place.key.split("."))
        return ".".join(steps).removeprefix(".")

    def compound(self) -> Compound | None:
        """Take the compound text apart; None where it is absent, UnknownSpelling if it is none."""
        form = self.dialect.form
        if form is None:
            return None
        text = self.get(form.key) or form.default
        if text is None:
            return None
        found = None
        if isinstance(text, str):
            found = parsed_url(text, form.schemes) if form.is_url else parsed_host_and_port(text)
        if found is None or (form.is_url and found.scheme is None and form.bare is None):
            raise UnknownSpelling(
                f"{form.key} is not a URL that begins with "
                f"{' or '.join(f'{one}://' for one in sorted(form.schemes))}, or it holds a "
                "character that must be percent-encoded, like / as %2F"
                if form.is_url
                else f"{form.key} is not a hostname with or without a port"
            )
        return found

    def _found_variant(self) -> str | None:
        variants = self.dialect.variants
        table = self._looked_up(self._where(variants.table)) if variants else None
        return next(iter(table), None) if isinstance(table, dict) else None

    def _where(self, key: str) -> TablePath:
        if key.startswith("."):
            return tuple(key[1:].split("."))
        steps = (self.variant or "*" if step == "*" else step for step in key.split("."))
        return (*self.path, *steps)

    def _looked_up(self, where: TablePath) -> Any:
        try:
            return get(self.data, where)
        except (KeyError, IndexError, TypeError):
            return None

    def _take_out(self, where: TablePath) -> None:
        """Remove a key, and the tables above it that are empty then, but for the dialect's own."""
        while True:
            holder = self._looked_up(where[:-1])
            if not isinstance(holder, dict):
                return
            holder.pop(where[-1], None)
            where = where[:-1]
            inside = where[: len(self.path)] == self.path and len(where) > len(self.path)
            if holder or not inside:
                return

    def _part(self, name: str) -> str | int | None:
        found = self.compound()
        if found is None:
            return None
        try:
            part = found.part(name)
        except ValueError:
            raise UnknownSpelling("contains percent-encoding that is not UTF-8") from None
        form = self.dialect.form
        if name == SCHEME and part is None and form is not None:
            return form.bare
        return int(part) if name == PORT and part is not None else part

    def _put_part(self, name: str, value: Any) -> None:
        form = self.dialect.form
        assert form is not None
        try:
            found = self.compound() or Compound(host="", scheme=form.new)
            text = None if value in (None, "") else str(value)
            self.put(form.key, str(found.with_part(name, text)))
        except UnknownSpelling as error:
            raise Inexpressible(f"cannot be changed: {error}") from None
        except ValueError as error:
            raise Inexpressible(f"is part of {form.key}, which {error}") from None
