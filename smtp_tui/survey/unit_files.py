"""Read the variables that systemd's unit files, and podman's container files, give a program."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from pathlib import Path

from smtp_tui.interchange import envfile
from smtp_tui.interchange.import_builder import Assignment, UnresolvedVariable
from smtp_tui.records import record

ReadFile = Callable[[str], str | None]
_SECTIONS = frozenset(("Service", "Container"))
_KINDS = (".service", ".container")
# The folders of one system, whose files make up a unit together, in systemd's order: a file in a
# later one replaces one of the same name in an earlier one.
_LEVELS = ("usr/share", "usr/lib", "lib", "usr/local/lib", "run", "etc")
_OF_SYSTEM = re.compile(
    rf"(?P<root>.*?)/(?P<level>{'|'.join(_LEVELS)})/(?:systemd/system|containers/systemd)"
)
# The words of `Environment=`: each may be quoted whole or in part.
_WORD = re.compile(r"""(?:"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|\\.|[^\s"'\\])++""", re.DOTALL)
_PIECE = re.compile(r"""(?P<quote>["'])(?P<quoted>(?:\\.|(?!(?P=quote)).)*+)(?P=quote)|\\(.)|(.)""")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "s": " ", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


@record
class UnitFile:
    """A unit file, or a drop-in for one; `read` returns the text of a file that it names."""

    path: Path
    content: str = field(repr=False)
    read: ReadFile = field(repr=False)

    @property
    def unit(self) -> str:
        """The unit's name."""
        return self.path.parent.name.removesuffix(".d") if self.is_drop_in else self.path.name

    @property
    def is_drop_in(self) -> bool:
        """Whether it only adds to a unit."""
        return self.path.parent.name.endswith(".d")

    @property
    def system(self) -> str:
        """What the unit's files have in common: a system's root, else the folder they are in.

        Another user may have files of the same name, which this unit has nothing to do with.
        """
        folder = str(self.path.parents[1 if self.is_drop_in else 0])
        found = _OF_SYSTEM.fullmatch(folder)
        return f"{found['root']}/" if found else folder

    @property
    def level(self) -> int:
        """Its place in systemd's order."""
        found = _OF_SYSTEM.match(str(self.path.parent))
        return _LEVELS.index(found["level"]) if found else -1


@record
class UnitVariables:
    """The variables of a unit, and the files that set them; `image` is that of its container."""

    unit: str
    variables: tuple[Assignment, ...]
    files: tuple[Path, ...]
    image: str = ""


def is_unit_file(path: Path) -> bool:
    """Whether systemd or podman reads a path as a unit file or a drop-in."""
    folder = path.parent.name
    return path.name.endswith(_KINDS) or (
        folder.endswith(tuple(f"{kind}.d" for kind in _KINDS)) and path.name.endswith(".conf")
    )


def units(files: Iterable[UnitFile]) -> Iterator[UnitVariables]:
    """Yield the units that have variables, each with its drop-ins."""
    groups: dict[tuple[str, str], list[UnitFile]] = {}
    for file in files:
        groups.setdefault((file.system, file.unit), []).append(file)
    for (_, name), group in groups.items():
        group.sort(key=lambda file: file.level)
        whole = [file for file in group if not file.is_drop_in]
        drop_ins = {file.path.name: file for file in group if file.is_drop_in}
        ordered = [*whole[-1:], *(drop_ins[key] for key in sorted(drop_ins))]
        reader = _UnitReader()
        for file in ordered:
            reader.add(file)
        if found := reader.variables():
            yield UnitVariables(name, found, tuple(reader.files), reader.image)


class _UnitReader:
    def __init__(self) -> None:
        self.image = ""
        self.files: list[Path] = []
        self._own: dict[str, Assignment] = {}
        self._named: list[tuple[str, UnitFile]] = []

    def add(self, file: UnitFile) -> None:
        """Read the lines of a file; an empty value takes back what came before it."""
        for name, value in _lines(file.content):
            if name == "Environment":
                if not value:
                    self._own.clear()
                for entry in _assignments(value):
                    self._own[entry.name] = entry
            elif name == "EnvironmentFile":
                self._named = [*self._named, (value, file)] if value else []
            elif name == "Image":
                self.image = value
        if self._own or self._named:
            self.files.append(file.path)

    def variables(self) -> tuple[Assignment, ...]:
        """Return the variables; those of the files go before those of the unit itself."""
        found = dict(self._own)
        for written, file in self._named:
            path = written.removeprefix("-")
            # `%i` and the like depend on the unit; systemd also takes patterns.
            if not path.startswith("/") or any(letter in path for letter in "%*?["):
                continue
            content = file.read(path)
            if content is None:
                continue
            self.files.append(Path(path))
            found |= {entry.name: entry for entry in envfile.read(content, "systemd")}
        return tuple(entry for name, entry in found.items() if name)


def _lines(content: str) -> Iterator[tuple[str, str]]:
    """Yield the settings of the sections that run programs, with continued lines joined."""
    section, pending = "", ""
    for line in content.splitlines():
        stripped = line.strip()
        if stripped.startswith(("#", ";")):  # also between the lines of one value
            continue
        if stripped.endswith("\\"):
            pending += stripped[:-1] + " "
            continue
        whole, pending = (pending + stripped).strip(), ""
        if whole.startswith("[") and whole.endswith("]"):
            section = whole[1:-1]
        elif section in _SECTIONS and "=" in whole:
            name, _, value = whole.partition("=")
            yield name.strip(), value.strip()


def _assignments(value: str) -> Iterator[Assignment]:
    for word in _WORD.findall(value):
        name, sign, written = _unquoted(word).partition("=")
        if not sign:
            continue
        plain = written.replace("%%", "\0")
        known: object = plain.replace("\0", "%")
        # `%i`, `%h` and the like: what they become depends on the unit and on the machine.
        if re.search("%[A-Za-z]", plain):
            known = UnresolvedVariable("from-variables", {"names": "%"})
        yield Assignment(name, known)


def _unquoted(word: str) -> str:
    def unescape(text: str) -> str:
        return re.sub(r"(?s)\\(.)", lambda pair: _ESCAPES.get(pair[1], pair[1]), text)

    return "".join(
        unescape(piece["quoted"]) if piece["quote"] else unescape(piece[0])
        for piece in _PIECE.finditer(word)
    )
