"""Import and export settings in YAML and JSON, from the places that `formats.toml` declares.

A format's table `tree` has the `syntax`, and the `prefix` of the settings' keys, which are joined
with dots. The keys count from the places `at`, of which the first with such a key is taken; a step
`*` there is any entry of a list or mapping. A place must hold what `item` says; places are chosen
by their key `account`. `fold` is a way to write keys that the program reads alike, `strip` is left
out of the names. `tags` are the program's own YAML tags, `variable` is a value that stands for an
environment variable (groups `name` and `default`), and a value with a match of `computed` is not
known here. A file to write begins `inside` these keys, where `-` begins the entry of a list;
`plain` keys have values without quotes, the keys `whole` have dots of their own, `needs` names keys
that smtp-tui cannot fill in, and `reference` is how the file names an environment variable. A file
with one of the `older` keys is not changed. For the values of Helm charts, `texts` are names whose
values need quotes, and `spelling` names how the values of some, or of all, have to be spelled (see
`formats/helm.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from smtp_tui.interchange import yaml_tree
from smtp_tui.interchange.envfile import of_json
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats import helm
from smtp_tui.interchange.formats.steps import STEPS
from smtp_tui.interchange.formats.tree_places import spelled_value, written_leaves
from smtp_tui.interchange.formats.variables import read_declared
from smtp_tui.interchange.import_builder import (
    Assignment,
    EnvRef,
    ImportBuilder,
    UnresolvedVariable,
    WrittenValue,
)
from smtp_tui.interchange.spec import (
    FormatSpec,
    ImportAccountError,
    ImportSource,
    InterchangeError,
    listed,
    text,
)
from smtp_tui.interchange.yaml_tree import YamlTable

_MOST_DOCUMENTS = 64
_MOST_KEYS = 10_000  # a few lines of YAML aliases can stand for more than fit into memory
_FOLDS: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "dashes": lambda name: name.replace("_", "-"),
    "brackets": lambda name: name.strip("[]"),
}
_LEFT_OUT = object()
Places = dict[str, list[Assignment]]


def accounts(content: str, form: FormatSpec) -> tuple[str, ...]:
    """Return the names of the places that hold settings."""
    return tuple(_places(content, form))


def keys_in(content: str, form: FormatSpec) -> list[str]:
    """Return the settings, where the program has them."""
    places = _places(content, form)
    return list(dict.fromkeys(entry.name for entries in places.values() for entry in entries))


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the settings of the named place, or of the first."""
    return read_place(source, form, STEPS)


def read_place(
    source: ImportSource, form: FormatSpec, steps: Mapping[str, Callable[..., object]]
) -> ImportBuilder:
    """Import the settings of a place by the declared steps."""
    places = _places(source.text, form)
    if not places:
        raise InterchangeError(text("tree-nothing", keys=listed(form.tree["prefix"])))
    name = source.account or next(iter(places))
    if name not in places:
        known = listed(places)
        raise ImportAccountError(text("no-such-account", name=repr(name[:40]), names=known))
    entries = places[name]
    if form.values == "json":
        entries = [of_json(entry) for entry in entries]
    builder = ImportBuilder(form, entries)
    if len(places) > 1 and source.account is None:
        others = ", ".join(other for other in places if other != name)
        builder.remark("", "account-chosen", name=name, others=others)
    read_declared(builder, steps)
    strip = form.tree.get("strip", "")
    builder.report_leftovers(*(prefix.removeprefix(strip) for prefix in form.tree["prefix"]))
    return builder


def _places(content: str, form: FormatSpec) -> Places:
    """Return the settings of each place, by its account."""
    found: Places = {}
    roots = _roots(content, form)
    for path in form.tree.get("at", ("",)):
        for root in roots:
            for place in _at(root, path.split(".") if path else []):
                if isinstance(place, dict) and _is_wanted(place, form):
                    entries = [*_entries(place, form)]
                    account = str(place.get(form.tree.get("account", ""), "") or "default")
                    if any(entry.value is not None for entry in entries):
                        found.setdefault(account, entries)
        if found:
            break
    return found


def _roots(content: str, form: FormatSpec) -> list[Any]:
    if form.tree["syntax"] == "json":
        return [parse_json(content, form.title)]
    tags = form.tree.get("tags", ())
    roots = yaml_tree.parse(content, form.title, most=_MOST_DOCUMENTS, tags=tags)
    return [yaml_tree.plain_data(root) for root in roots]


def parse_json(content: str, program: str) -> Any:
    """Parse a file; InterchangeError if it is not JSON."""
    try:
        return json.loads(content.removeprefix("\ufeff"), object_pairs_hook=YamlTable)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        where = f"line {line}" if line else "it"
        raise InterchangeError(text("not-json-file", where=where, program=program)) from None


def _at(data: Any, path: list[str]) -> Iterator[Any]:
    if not path:
        yield data
        return
    step, *rest = path
    parts: list[Any] = []
    if step == "*" and isinstance(data, list | dict):
        parts = [*(data.values() if isinstance(data, dict) else data)]
    elif isinstance(data, dict) and step in data:
        parts = [data[step]]
    for part in parts:
        yield from _at(part, rest)


def _is_wanted(place: Mapping[str, Any], form: FormatSpec) -> bool:
    wanted: Mapping[str, str] = form.tree.get("item", {})
    return all(place.get(name) == value for name, value in wanted.items())


def _entries(place: Mapping[str, Any], form: FormatSpec) -> Iterator[Assignment]:
    tree = form.tree
    prefixes = tuple(tree["prefix"])
    fold = _FOLDS.get(tree.get("fold", ""), str)
    strip = tree.get("strip", "")
    number = 0

    def flat(
        table: Mapping[str, Any], above: str, depth: int, repeated: str = ""
    ) -> Iterator[Assignment]:
        nonlocal number
        for name, value in table.items():
            key = above + fold(name)
            inside = f"{key}."
            is_ours = key.startswith(prefixes)
            if not is_ours and not any(prefix.startswith(inside) for prefix in prefixes):
                continue
            number += 1
            if number > _MOST_KEYS or depth > yaml_tree.DEEPEST:
                raise InterchangeError(text("too-deep"))
            known = table if isinstance(table, YamlTable) else YamlTable()
            twice = repeated or (above + name if name in known.repeated else "")
            if isinstance(value, dict):
                yield from flat(value, inside, depth + 1, twice)
            elif is_ours:
                line = known.lines.get(name)
                resolved = resolve(value, form, key)
                yield Assignment(key.removeprefix(strip), resolved, line, repeated=twice)

    yield from flat(place, "", 0)


def resolve(value: Any, form: FormatSpec, name: str) -> Any:
    """Return a value, or what the program puts in its place."""
    tree = form.tree
    if name in tree.get("texts", ()) and helm.is_no_text(value):
        return UnresolvedVariable("helm-number")
    if isinstance(value, str):
        if tree.get("variable") and (match := re.fullmatch(tree["variable"], value)):
            return EnvRef(match["name"], match.groupdict().get("default") or None)
        if tree.get("computed") and re.search(tree["computed"], value):
            return UnresolvedVariable("computed")
        if spelling := helm.spelling_of(name, form):
            return spelling.read(value)
    return value


def encoded(name: str, value: Any, form: FormatSpec) -> Any:
    """Return a value with which the program gets this one; InterchangeError if there is none."""
    if not isinstance(value, str):
        return value
    spelling = helm.spelling_of(name, form)
    written = spelling.write(value) if spelling else value
    if resolve(written, form, name) != value:
        raise InterchangeError(text("replaced", name=name, program=form.title))
    return written


SEPARATOR = ", "


def between(form: FormatSpec) -> str:
    """Return what must stand between two settings, besides a line end."""
    return "," if form.tree["syntax"] == "json" else ""


def written_values(content: str, form: FormatSpec) -> list[WrittenValue]:
    """Return the settings with their places."""
    return written_leaves(content, form, fold=_FOLDS.get(form.tree.get("fold", ""), str))


def place_for_new(content: str, form: FormatSpec) -> int:
    """Return where a text ends; a setting of another section may look like an example."""
    del form
    return len(content)


def spelled(name: str, value: object, form: FormatSpec) -> str:
    """Return a value as the file holds it."""
    return spelled_value(name, encoded(name, value, form), form)


def statement(name: str, value: object, form: FormatSpec) -> str:
    """Return the line that sets a value next to the other settings."""
    key = name.rpartition(".")[2]
    key = json.dumps(key) if form.tree["syntax"] == "json" else key
    return f"{key}: {spelled(name, value, form)}"


def write(out: ExportBuilder) -> str:
    """Export the settings, each at its place."""
    tree = out.form.tree
    pairs = {name: encoded(name, value, out.form) for name, value in out.pairs()}
    if out.lacks_secret:
        pairs[out.secret_name] = _left_out(out)
    if needs := tree.get("needs"):
        out.note("", "tree-needs", names=", ".join(needs))
    if tree["syntax"] == "json":
        known = {name: value for name, value in pairs.items() if value is not _LEFT_OUT}
        return json.dumps(_nested(known), indent=2, ensure_ascii=False) + "\n"
    lines = [*_yaml(_nested(pairs, tree.get("whole", ())), frozenset(tree.get("plain", ())))]
    for step in reversed(tree.get("inside", ())):
        indented = [f"  {line}" for line in lines]
        lines = [f"- {lines[0]}", *indented[1:]] if step == "-" else [f"{step}:", *indented]
    return "\n".join([*lines, ""])


def _left_out(out: ExportBuilder) -> object:
    if reference := out.form.tree.get("reference"):
        out.note("password", "becomes-variable", name=out.variable)
        return reference.replace("NAME", out.variable)
    out.note("password", "secret-left-out", name=out.secret_name)
    return _LEFT_OUT


def _nested(pairs: Mapping[str, Any], whole: Iterable[str] = ()) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in pairs.items():
        first = next((one for one in whole if name.startswith(f"{one}.")), "")
        *above, last = name.removeprefix(f"{first}.").split(".")
        above[:0] = [first] if first else []
        table = nested
        for step in above:
            table = table.setdefault(step, {})
        table[last] = value
    return nested


def _yaml(table: Mapping[str, Any], plain: frozenset[str]) -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            inner = [*_yaml(value, plain)]
            # A key with no more than a comment would be null, which deletes what a chart has there.
            is_open = all(line.lstrip().startswith("#") for line in inner)
            yield f"# {name}:" if is_open else f"{name}:"
            yield from (f"  {line}" for line in inner)
        elif value is _LEFT_OUT:
            yield f"# {text('secret-place', name=name)}"
            yield f"# {name}:"
        elif name in plain:
            yield f"{name}: {value}"
        else:
            # YAML reads such JSON values the same way.
            yield f"{name}: {json.dumps(value, ensure_ascii=False)}"
