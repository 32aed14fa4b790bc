"""Change the settings of a text, keep every other byte, and verify that."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.toml_edit.layout import Splice, ending, spliced
from smtp_tui.interchange.import_builder import WrittenValue
from smtp_tui.interchange.inplace.syntax import FileSyntax
from smtp_tui.interchange.spec import text

_SEPARATORS = re.compile(r"[ \t]*+[,;]?+[ \t]*+")


def apply_changes(
    content: str, syntax: FileSyntax, changes: Mapping[str, Any], near: Collection[str]
) -> str:
    """Return the text with settings changed; new ones follow the last of those in `near`.

    None removes a setting. InterchangeError if the syntax cannot hold a value, DocumentError if
    the changed text does not mean what was wanted.
    """
    before = {written.entry.name: written for written in syntax.written(content)}
    splices: list[Splice] = []
    added: dict[str, Any] = {}
    removed: list[WrittenValue] = []
    for name, value in changes.items():
        written = before.get(name)
        if written is None and value is not None:
            added[name] = value
        elif written is not None and value is None:
            removed.append(written)
        elif written is not None:
            splices.append(
                (written.start, written.end, _replacement(content, syntax, written, value))
            )
    splices += _removals(content, removed, syntax.between)
    related = [written for name, written in before.items() if name in near]
    kept = [one for one in related if changes.get(one.entry.name, "") is not None]
    splices += _insertions(content, syntax, added, kept or [*before.values()])
    new = spliced(content, _joined(splices))
    _verify(syntax, new, before, changes)
    return new


def _replacement(content: str, syntax: FileSyntax, written: WrittenValue, value: object) -> str:
    spelled = syntax.spelled(written.entry.name, value)
    # An empty value stands right after the colon.
    is_empty = written.start == written.end and content[written.start - 1 : written.start] == ":"
    return f" {spelled}" if is_empty else spelled


def _removals(content: str, removed: list[WrittenValue], between: str) -> Iterator[Splice]:
    """Yield the edits that remove statements; what stands `between` two never ends the list."""
    run: tuple[int, int] | None = None  # those that end their list, with nothing after them
    for one in sorted(removed, key=lambda written: written.before, reverse=True):
        if run and content[one.after : run[0]].strip() == between:
            run = (one.before, run[1])
        elif between and not _has(content, one.after, between):
            yield from _run_removal(content, run, between)
            run = (one.before, one.after)
        else:
            yield _removal(content, one)
    yield from _run_removal(content, run, between)


def _has(content: str, at: int, between: str) -> bool:
    match = _SEPARATORS.match(content, at)
    return bool(match and between in match[0])


def _run_removal(content: str, run: tuple[int, int] | None, between: str) -> Iterator[Splice]:
    if run:
        sign = content.rfind(between, 0, run[0])
        is_first = sign < 0 or bool(content[sign + len(between) : run[0]].strip())
        yield (run[0] if is_first else sign, run[1], "")


def _removal(content: str, written: WrittenValue) -> Splice:
    """Return the edit that removes a statement: its line, if nothing else stands there."""
    match = _SEPARATORS.match(content, written.after)
    start, end = written.before, match.end() if match else written.after
    line_start = content.rfind("\n", 0, start) + 1
    line_end = content.find("\n", end)
    line_end = len(content) if line_end < 0 else line_end
    rest = content[end:line_end].strip()
    if content[line_start:start].strip() or (rest and not rest.startswith(("#", ";", "//"))):
        return (start, end, "")
    return (line_start, min(line_end + 1, len(content)), "")


def _insertions(
    content: str, syntax: FileSyntax, added: Mapping[str, Any], near: list[WrittenValue]
) -> Iterable[Splice]:
    """Yield the edits that add settings."""
    rest: dict[str, str] = {}
    for name, value in added.items():
        statement = syntax.statement(name, value)
        example = _example(content, syntax, name) if syntax.has_examples else None
        if example is None:
            rest[name] = statement
        else:
            yield _lines(content, example[1], example[0], [statement])
    if not rest:
        return
    if not near:
        lines = [*syntax.opening(content), *rest.values()]
        yield _lines(content, syntax.place_for_new(content), "", lines)
        return
    behind: dict[str, tuple[WrittenValue, list[str]]] = {}
    for name, statement in rest.items():
        above = name.rpartition(".")[0]
        siblings = [one for one in near if one.entry.name.rpartition(".")[0] == above]
        last = max(siblings or near, key=lambda written: written.after)
        behind.setdefault(last.entry.name, (last, []))[1].append(statement)
    for last, statements in behind.values():
        yield from _after(content, syntax, last, statements)


def _after(
    content: str, syntax: FileSyntax, last: WrittenValue, statements: list[str]
) -> Iterable[Splice]:
    """Yield the edits that put statements after another one, on lines of their own if it is."""
    match = _SEPARATORS.match(content, last.after)
    end = match.end() if match else last.after
    position = last.after
    line_start = content.rfind("\n", 0, last.before) + 1
    if syntax.between and not content[line_start : last.before].strip():
        end_of_line = ending(content, line_start)
        indent = content[line_start : last.before]
        pieces = [f"{syntax.between}{end_of_line}{indent}{statement}" for statement in statements]
        yield (position, position, "".join(pieces))
        return
    if statements[0].endswith(","):
        if "," in content[position:end]:
            position = content.index(",", position) + 1
        else:
            yield (position, position, ",")
    line_end = content.find("\n", end)
    line_end = len(content) if line_end < 0 else line_end
    indent = content[line_start : last.before]
    rest = content[end:line_end].strip()
    if not indent.strip() and (not rest or rest.startswith(("#", ";", "//"))):
        yield _lines(content, min(line_end + 1, len(content)), indent, statements)
    elif syntax.separator is None:
        raise DocumentError(text("inplace-shared-line", name=last.entry.name))
    else:
        joined = "".join(f"{syntax.separator}{statement}" for statement in statements)
        yield (position, position, joined)


def _lines(content: str, position: int, indent: str, statements: list[str]) -> Splice:
    """Return the edit that inserts lines at the start of a line, or at the text's end."""
    end = ending(content, max(position - 1, 0))
    block = "".join(f"{indent}{statement}{end}" for statement in statements)
    if position and content[position - 1] != "\n":
        # The last line had no end, so the new last line has none either.
        block = end + block.removesuffix(end)
    return (position, position, block)


def _example(content: str, syntax: FileSyntax, name: str) -> tuple[str, int] | None:
    """Return the indent of the last comment that sets a name, and where its line ends."""
    empty = syntax.statement(name, "")
    sign = "=" if "=" in empty else ":"
    words = r"[ \t]*+".join(re.escape(part) for part in empty.partition(sign)[0].split())
    pattern = rf"^([ \t]*+)#++[ \t]*+(?:export[ \t]++)?+{words}[ \t]*+{sign}[^\n]*+(?:\n|\Z)"
    found = [(match[1], match.end()) for match in re.finditer(pattern, content, re.MULTILINE)]
    return found[-1] if found else None


def _joined(splices: Iterable[Splice]) -> list[Splice]:
    """Join insertions at the same place, in their order."""
    found: dict[tuple[int, int], str] = {}
    for start, end, piece in splices:
        found[start, end] = found.get((start, end), "") + piece
    return [(start, end, piece) for (start, end), piece in found.items()]


def _verify(
    syntax: FileSyntax, new: str, before: Mapping[str, WrittenValue], changes: Mapping[str, Any]
) -> None:
    """Raise DocumentError unless exactly these settings have changed."""
    after = {written.entry.name: written.entry.value for written in syntax.written(new)}
    wanted = {name: written.entry.value for name, written in before.items()} | dict(changes)
    for name, value in wanted.items():
        found = after.pop(name, None)
        if found != value and not (name in changes and _means(found, value)):
            raise DocumentError(text("inplace-not-as-wanted", name=name))
    if after:
        raise DocumentError(text("inplace-affects"))


def _means(found: object, wanted: object) -> bool:
    """Whether a text is that of the wanted value, where a file has texts alone."""
    return (
        isinstance(wanted, str | int)
        and isinstance(found, str | int)
        and (str(found) == str(wanted))
    )
