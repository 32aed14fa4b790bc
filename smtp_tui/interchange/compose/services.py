"""Read the variables that a compose file gives its services, from all the places that set them.

The file's `environment` goes before its `env_file`s, the last of which counts, and an override file
goes before both. What the shell sets is unknown: only the `.env` file next to the compose file is
used for the variables in values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import field, replace
from typing import Any

from smtp_tui.interchange import yaml_tree
from smtp_tui.interchange.compose import env_files
from smtp_tui.interchange.compose.interpolation import (
    Interpolated,
    InterpolationError,
    interpolate,
    only_variable,
)
from smtp_tui.interchange.import_builder import Assignment, EnvRef, UnresolvedVariable
from smtp_tui.interchange.spec import InterchangeError, text
from smtp_tui.interchange.yaml_tree import (
    YamlAlias,
    YamlMapping,
    YamlNode,
    YamlScalar,
    YamlSequence,
    entries,
    find,
    resolved,
)
from smtp_tui.records import record

PROGRAM = "docker compose"
TAGS = ("!reset", "!override")
DOT_ENV = ".env"
_MOST_ENV_FILES = 16  # of a service; each is read from the disk

ReadNeighbour = Callable[[str], str | None]
"""Returns the text of a file by its path relative to the compose file, None if there is none."""

# Plain scalars that Go's YAML takes for numbers and that keep their text.
_STAYS = re.compile(r"-?[1-9][0-9]{0,17}|0|-?(?:0|[1-9][0-9]{0,5})\.[0-9]{0,3}[1-9]")
_SECRETS = "/run/secrets/"
_PASSWORD_FILE = re.compile(r"(?:PASS|SECRET).*_FILE\Z")


@record
class ComposeVariable:
    """A variable of a service.

    `value` is what the service gets, or an EnvRef or UnresolvedVariable. `node` is the scalar in
    the compose file that sets it. `file` is another file that sets it, if any. `names` are the
    variables in its value. `is_shared` tells that other parts of the compose file use the same
    scalar. `secret` is the file on this machine if the value is the place of a secret in the
    container.
    """

    name: str
    value: Any = field(repr=False)
    line: int | None = None
    file: str = ""
    node: YamlScalar | None = field(default=None, repr=False)
    names: tuple[str, ...] = ()
    is_shared: bool = False
    secret: str = ""

    @property
    def assignment(self) -> Assignment:
        """The variable for an import; a line of another file is left out."""
        value = self.value
        if isinstance(value, str) and value and _PASSWORD_FILE.search(self.name):
            # A path inside the container; on this machine it may be any file.
            value = self.secret or UnresolvedVariable("compose-inside", {"file": value})
        return Assignment(self.name, value, None if self.file else self.line)


@record
class ComposeService:
    """A service, its variables and remarks on them.

    `environment` is the mapping or list in the file that has the variables, `is_shared` tells that
    other parts of the file use it too.
    """

    name: str
    image: str
    variables: dict[str, ComposeVariable] = field(repr=False)
    environment: YamlMapping | YamlSequence | None = field(default=None, repr=False)
    is_shared: bool = False
    repeated: frozenset[str] = frozenset()
    remarks: tuple[str, ...] = ()


class ComposeFile:
    """The services of a compose file; InterchangeError if docker compose would reject it.

    `override` is the text of the file that compose merges into it. The places of the nodes are
    right only if `exact`.
    """

    def __init__(
        self,
        content: str,
        read: ReadNeighbour = lambda _: None,
        override: tuple[str, str] | None = None,
        *,
        exact: bool = False,
    ) -> None:
        self.text = content
        self.root = _root(content, exact=exact)
        self._read = read
        lines = _lines(DOT_ENV, read(DOT_ENV) or "", lambda _: None)
        self._dot_env = {line.name: line for line in lines}
        self._beside = override
        self._override = (override[0], _root(override[1], exact=False)) if override else None
        self._secrets = self._secret_files()
        self._includes = find(self.root, "include")[0] is not None
        self.services = {name: self._service(name, node) for name, node in _services(self.root)}

    def reread(self, content: str, *, exact: bool = False) -> ComposeFile:
        """Return the file with another text, and with the same files next to it."""
        return ComposeFile(content, self._read, self._beside, exact=exact)

    def known(self, name: str) -> str | None:
        """Return a variable of the `.env` file."""
        line = self._dot_env.get(name)
        return None if line is None or line.value.missing else line.value.value

    def line_of(self, name: str) -> int | None:
        """Return the line of the `.env` file that sets a variable."""
        line = self._dot_env.get(name)
        return None if line is None else line.line

    def _service(self, name: str, node: YamlNode) -> ComposeService:
        remarks: dict[str, None] = {}
        is_shared = isinstance(node, YamlAlias) or node.aliases > 0
        found, in_merge = find(node, "environment")
        is_shared = is_shared or in_merge
        own, repeated = self._environment(name, found, is_shared)
        environment = resolved(found)
        variables = self._from_env_files(node, own, remarks) | own
        if self._override:
            file, root = self._override
            over = dict(_services(root)).get(name)
            if over is not None:
                # A null removes no variable: compose passes it through.
                node_there, _ = find(over, "environment")
                others, _ = self._environment(name, node_there, True)
                for other in others.values():
                    variables[other.name] = replace(other, file=file, node=None)
                if others:
                    remarks[text("compose-override", file=file)] = None
        if find(node, "extends")[0] is not None:
            remarks[text("compose-extends")] = None
        if find(node, "profiles")[0] is not None:
            remarks[text("compose-profiles")] = None
        if self._includes:
            remarks[text("compose-include")] = None
        for key, variable in variables.items():
            if isinstance(variable.value, str) and variable.value.startswith(_SECRETS):
                path = self._secrets.get(variable.value.removeprefix(_SECRETS))
                if path is not None:
                    variables[key] = replace(variable, secret=path)
        image, _ = find(node, "image")
        return ComposeService(
            name,
            image.text if isinstance(image, YamlScalar) else "",
            variables,
            environment if isinstance(environment, YamlMapping | YamlSequence) else None,
            is_shared or isinstance(found, YamlAlias) or bool(environment and environment.aliases),
            repeated,
            tuple(remarks),
        )

    def _environment(
        self, service: str, found: YamlNode | None, is_shared: bool
    ) -> tuple[dict[str, ComposeVariable], frozenset[str]]:
        """Return the variables of an `environment`, and the names that a list repeats."""
        node = resolved(found)
        is_shared = is_shared or isinstance(found, YamlAlias) or bool(node and node.aliases)
        variables: dict[str, ComposeVariable] = {}
        repeated = set()
        if isinstance(node, YamlMapping):
            for key, value, in_merge in entries(node):
                inner = resolved(value)
                shares = is_shared or in_merge or value is not inner
                name = key.text
                if not isinstance(inner, YamlScalar):
                    raise InterchangeError(text("compose-value", line=key.line, name=name))
                variables[name] = self._variable(name, inner, inner.text, key.line, shares)
        elif isinstance(node, YamlSequence):
            for item in node.items:
                inner = resolved(item)
                is_text = isinstance(inner, YamlScalar) and not _is_number(inner)
                if not isinstance(inner, YamlScalar) or not is_text or inner.is_null:
                    raise InterchangeError(text("compose-entry", line=item.line))
                name, sign, written = inner.text.partition("=")
                shares = is_shared or item is not inner
                if "$" in name:
                    # In a list compose expands the names too.
                    whole, names = expanded(inner.text, self.known)
                    name, sign, written = str(whole).partition("=")
                    if isinstance(whole, str) and sign:
                        variables[name] = ComposeVariable(
                            name, written, item.line, "", inner, names or (name,), shares
                        )
                    continue
                if name in variables:
                    repeated.add(name)
                if sign:
                    read = self._variable(name, inner, written, item.line, shares, in_list=True)
                else:
                    read = self._passed(name, inner, item.line, shares)
                variables[name] = read
        elif found is not None and not (isinstance(node, YamlScalar) and node.tag == "!reset"):
            raise InterchangeError(text("compose-environment", line=found.line, service=service))
        return variables, frozenset(repeated)

    def _variable(
        self,
        name: str,
        node: YamlScalar,
        written: str,
        line: int,
        is_shared: bool,
        *,
        in_list: bool = False,
    ) -> ComposeVariable:
        names: tuple[str, ...] = ()
        if node.is_null and not in_list:
            return self._passed(name, node, line, is_shared)
        if not in_list and _is_number(node) and not _STAYS.fullmatch(node.text):
            is_switch = node.text.casefold() in ("true", "false")
            value: Any = node.text.casefold() if is_switch else UnresolvedVariable("compose-number")
        else:
            value, names = expanded(written, self.known)
        return ComposeVariable(name, value, line, "", node, names, is_shared)

    def _passed(self, name: str, node: YamlScalar, line: int, is_shared: bool) -> ComposeVariable:
        """Return a variable without a value, which compose takes from the shell or `.env`."""
        value = self.known(name)
        names = () if value is None else (name,)
        content = EnvRef(name) if value is None else value
        return ComposeVariable(name, content, line, "", node, names, is_shared)

    def _from_env_files(
        self,
        node: YamlNode,
        own: dict[str, ComposeVariable],
        remarks: dict[str, None],
    ) -> dict[str, ComposeVariable]:
        variables: dict[str, ComposeVariable] = {}

        def known(name: str) -> str | None:
            value = self.known(name)
            set_here = own.get(name) or variables.get(name)
            if value is None and set_here and isinstance(set_here.value, str):
                return set_here.value
            return value

        found, _ = find(node, "env_file")
        for path, is_required, is_raw in _env_file_paths(found):
            try:
                expanded_path = interpolate(path, self.known)
            except InterpolationError:
                raise InterchangeError(text("compose-template", name="env_file")) from None
            if expanded_path.missing:
                remarks[text("compose-env-file-unknown", file=path)] = None
                continue
            file = expanded_path.value
            content = self._read(file)
            if content is None:
                if is_required:
                    remarks[text("compose-no-env-file", file=file)] = None
                continue
            if is_raw:
                for number, line in enumerate(content.splitlines(), 1):
                    name, sign, value = line.lstrip().partition("=")
                    if sign and not name.startswith("#"):
                        variables[name] = ComposeVariable(name, value, number, file)
                continue
            for read in _lines(file, content, known):
                value, names = _value_of(read.value, None)
                variables[read.name] = ComposeVariable(
                    read.name, value, read.line, file, names=names
                )
        return variables

    def _secret_files(self) -> dict[str, str]:
        """Return the files of the secrets by their names, which are also those in containers."""
        found, _ = find(self.root, "secrets")
        secrets = {}
        for key, value, _ in entries(found):
            file, _ = find(value, "file")
            if isinstance(file, YamlScalar):
                path, _ = expanded(file.text, self.known)
                if isinstance(path, str):
                    secrets[key.text] = path
        return secrets


def expanded(written: str, known: Callable[[str], str | None]) -> tuple[Any, tuple[str, ...]]:
    """Return what a value becomes, and the variables in it."""
    try:
        found = interpolate(written, known)
    except InterpolationError:
        return UnresolvedVariable("compose-template"), ()
    return _value_of(found, only_variable(written))


def _value_of(found: Interpolated, alone: str | None) -> tuple[Any, tuple[str, ...]]:
    if found.required:
        names = ", ".join(found.required)
        return UnresolvedVariable("compose-required", {"names": names}), found.names
    if not found.missing:
        return found.value, found.names
    if alone is not None:
        return EnvRef(alone), found.names
    names = ", ".join(dict.fromkeys(found.missing))
    return UnresolvedVariable("from-variables", {"names": names}), found.names


def _is_number(node: YamlScalar) -> bool:
    """Whether compose reads a scalar as a number, a date or a switch."""
    is_switch = node.text in ("true", "True", "TRUE", "false", "False", "FALSE")
    return node.is_plain and (is_switch or yaml_tree.NUMBER.fullmatch(node.text) is not None)


def _lines(
    file: str, content: str, known: Callable[[str], str | None]
) -> list[env_files.EnvFileLine]:
    try:
        return env_files.read(content, known)
    except env_files.EnvFileError as error:
        raise InterchangeError(text("compose-env-file", file=file, line=error.line)) from None


def _root(content: str, *, exact: bool) -> YamlMapping:
    roots = yaml_tree.parse(content, PROGRAM, most=2, tags=TAGS, exact=exact)
    if len(roots) > 1:
        raise InterchangeError(text("compose-documents"))
    root = roots[0] if roots else None
    if not isinstance(root, YamlMapping) or not isinstance(root.get("services"), YamlMapping):
        raise InterchangeError(text("no-services"))
    return root


def _services(root: YamlMapping) -> Iterator[tuple[str, YamlNode]]:
    for key, value, _ in entries(root.get("services")):
        yield key.text, value


def _env_file_paths(found: YamlNode | None) -> Iterator[tuple[str, bool, bool]]:
    """Yield the paths of an `env_file`, whether each must exist, and whether it is read as is."""
    node = resolved(found)
    parts = node.items if isinstance(node, YamlSequence) else [node] if node else []
    for part in parts[:_MOST_ENV_FILES]:
        inner = resolved(part)
        if isinstance(inner, YamlScalar):
            yield inner.text, True, False
            continue
        path, required, style = (find(inner, key)[0] for key in ("path", "required", "format"))
        if isinstance(path, YamlScalar):
            is_required = not (isinstance(required, YamlScalar) and required.text == "false")
            yield path.text, is_required, isinstance(style, YamlScalar) and style.text == "raw"
