"""YAML, read by PyYAML's safe loader, bounded: no file of settings nests or repeats without end."""

from __future__ import annotations

from typing import Any

from smtp_tui.interchange.results import InterchangeError, MissingLibraryError
from smtp_tui.interchange.texts import text

MOST_ALIASES = 64
DEEPEST = 32


class Table(dict[str, Any]):
    """A mapping that knows on which line each of its keys stands."""

    def __init__(self, lines: dict[str, int]) -> None:
        super().__init__()
        self._lines = lines

    def line(self, key: str) -> int | None:
        """Return a key's line; one that was merged in has none."""
        return self._lines.get(key)


def load(content: str) -> Table:
    """Return what a file holds; InterchangeError where it is no YAML, or no settings."""
    try:
        import yaml
    except ImportError:
        raise MissingLibraryError(text("no-yaml")) from None
    try:
        _bounded(yaml, content)
        data = _loader(yaml)(content).get_single_data()
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "it"
        raise InterchangeError(text("not-yaml", where=where)) from None
    if not isinstance(data, Table):
        raise InterchangeError(text("no-smarthost"))
    return data


def _bounded(yaml: Any, content: str) -> None:
    aliases = depth = 0
    for event in yaml.parse(content, Loader=yaml.SafeLoader):
        aliases += isinstance(event, yaml.AliasEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if aliases > MOST_ALIASES or depth > DEEPEST:
            raise InterchangeError(text("too-deep"))


def _loader(yaml: Any) -> Any:
    """Make a safe loader whose mappings know their lines."""

    def construct(loader: Any, node: Any) -> Any:
        lines = {key.value: key.start_mark.line + 1 for key, _ in node.value}
        table = Table(lines)
        yield table
        loader.flatten_mapping(node)
        pairs = loader.construct_mapping(node, deep=True)
        table.update({str(key): value for key, value in pairs.items()})

    made: Any = type("Loader", (yaml.SafeLoader,), {})
    made.add_constructor("tag:yaml.org,2002:map", construct)
    return made
