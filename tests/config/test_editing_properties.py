"""Whatever the file and the change: other lines stay, and the data is what was meant."""

import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from smtp_tui.config.document import Document
from smtp_tui.config.toml_edit.edit import same_data
from smtp_tui.config.toml_edit.values import toml_value_like
from smtp_tui.settings.fields import BY_KEY
from tests.config.fidelity import BOM, CLOSE, MARK, OPEN, Marked, foreign_ends

pytestmark = pytest.mark.integration

DOCUMENTS = 1000

KEYS = ("host", "port", "domain", "username", "password", "starttls_auto", "timeout")

# What stands round our keys; some of it looks like them, and some is one of them as a comment.
STRANGERS = (
    "",
    "   ",
    "# port = 1",
    "#domain=''   # the name in EHLO",
    "# timeout = 3 is what most take",
    "## ---- é 🚀 ----",
    "# [smtp]",
    "x{n} = 1 # host = 'x'",
    '\'x{n}\' = """\nport = 3\n[smtp]\nhost = \'x\'\n"""""',
    "x{n} = '''\n\\'''' # c",
    "x{n}.host = [ # ]\n  \"#\", ']',\n  # port = 2\n]",
    "x{n} = {{ port = 1, a.b = {{ }}, host = '}}' }}",
    "x{n} = [ {{ host = 'a' }}, [ ], 1979-05-27 07:32:00Z ]",
    '"x{n}" . "a\\"b" = 1e3 # c',
)
SPELLED = {
    "host": ("'a.example'", '"a.example"', '"""a.example"""', '"""\na.\\\n   example"""'),
    "port": ("25", "0x19", "'25'"),
    "domain": ("'a.example'", '"[192.0.2.1]"'),
    "username": ("'me'", '"m\\u0065 # # \\""', "''"),
    "password": (
        *("'secret'", "{ env = 'X' }", '{file="a, b"}', "{ command = ['a', \"}\"] }"),
        "'''\nsec'ret'''",
    ),
    "starttls_auto": ("true", "'no'"),
    "timeout": ("30", "30.5", "1_000"),
}
NEW: dict[str, st.SearchStrategy[Any]] = {
    "host": st.sampled_from(["a.example", "b.example"]),
    "port": st.sampled_from([25, 587]),
    "domain": st.sampled_from(["a.example", "é.example"]),
    "username": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0")),
    "password": st.sampled_from(["secret", "o'\"x", {"env": "X"}, {"file": "c"}, {"ask": True}]),
    "starttls_auto": st.booleans(),
    "timeout": st.sampled_from([30.0, 31.0, 30.5]),
}


@dataclass
class Case:
    """A file and a change of its table."""

    old: Marked
    table: str
    changes: dict[str, Any]


@st.composite
def strangers(draw: st.DrawFn, section: str) -> list[str]:
    forms = draw(st.lists(st.sampled_from(STRANGERS), max_size=4))
    return [form.format(n=f"{section}{place}") for place, form in enumerate(forms)]


@st.composite
def body(draw: st.DrawFn, prefix: str) -> list[str]:
    """Our keys in any order and spacing, strangers between them."""
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, min_size=1))
    width = draw(st.sampled_from([0, 0, 14]))
    equals = draw(st.sampled_from([" = ", "=", " =\t"]))
    indentation = draw(st.sampled_from(["", "", "  ", "\t"]))
    lines = []
    for place, key in enumerate(keys):
        lines += draw(strangers(f"b{place}"))
        value = draw(st.sampled_from(SPELLED[key]))
        comment = draw(st.sampled_from(["", "", " # why", "\t#"]))
        line = f"{indentation}{prefix}{key.ljust(width)}{equals}{value}{comment}"
        lines.append(owned(line, key))
    return lines + draw(strangers("c"))


def owned(text: str, key: str) -> str:
    """Mark every line of a text as this key's."""
    return "\n".join(f"{line}{MARK}{key}" for line in text.split("\n"))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    before = draw(strangers("a"))
    after = ["[z]", *draw(strangers("z"))] if draw(st.booleans()) else []
    table, lines = draw(layouts())
    if table == ".":
        before, lines = [], before + lines
    if draw(st.booleans()) and lines[0].startswith("["):
        before = [*before, "[y]", *draw(strangers("y"))]
    last = draw(st.sampled_from([[], [""]]))
    text = draw(st.sampled_from(["", BOM])) + "\n".join([*before, *lines, *after, *last])
    changes = draw(st.fixed_dictionaries({}, optional={key: NEW[key] | st.none() for key in KEYS}))
    return Case(Marked.parse(text, draw(st.sampled_from(["\n", "\r\n"]))), table, changes)


LAYOUTS = (
    *("section", "array", "dotted", "root", "braces", "braces in braces", "braces in an array"),
    *("below its own sub-table", "before its super-table", "the password in a section"),
)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[str, list[str]]:
    match draw(st.sampled_from(LAYOUTS)):
        case "section":
            return 'a."b.c"', ["[ a . 'b.c' ] # ours", *draw(body(""))]
        case "array":
            return "a[1]", ["[[a]]", "host = 'x'", "[[a]]", *draw(body(""))]
        case "dotted":
            return "smtp", draw(body("smtp."))
        case "root":
            return ".", draw(body(""))
        case "braces":
            return "smtp", [f"smtp = {draw(braces())} # ours"]
        case "braces in braces":
            return "a.b", [f"a = {{ x = '}}', b = {draw(braces())}, y = 1 }}"]
        case "braces in an array":
            pieces = ["a = [ # host = 1", "  { host = 'x' },", f"  {draw(braces(1))}, # ours"]
            return "a[1]", [*pieces, "  # port = 1", "]"]
        case "below its own sub-table":
            return "smtp", ["[smtp.x]", "port = 1", "[w]", "[smtp]", *draw(body("")), "[smtp.q]"]
        case "before its super-table":
            return "a.b", ["[a.b]", *draw(body("")), "[a]", "port = 1", "# host = 'x'"]
        case _:
            keys = draw(st.lists(st.sampled_from(KEYS[:4]), unique=True))
            lines = [owned(f"{key} = {draw(st.sampled_from(SPELLED[key]))}", key) for key in keys]
            section = owned("[smtp.password] # there\nenv  =  'X' # c", "password")
            return "smtp", ["[smtp]", *lines, section, "# last"]


@st.composite
def braces(draw: st.DrawFn, least: int = 0) -> str:
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, min_size=least))
    values = {key: [one for one in SPELLED[key] if "\n" not in one] for key in keys}
    pairs = ", ".join(f"{key} = {draw(st.sampled_from(values[key]))}" for key in keys)
    return f"{OPEN}{{ {pairs} }}{CLOSE}"


@settings(max_examples=DOCUMENTS)
@given(cases())
def test_a_change_touches_its_keys_only(case: Case) -> None:
    text = case.old.text
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "app.toml"
        path.write_bytes(text.encode())
        document = Document.open(path)
        old = document.values(case.table)
        # A table that stands in its file by dotted keys alone cannot lose the last of them.
        assume("smtp." not in text or (old | case.changes).keys() - _removed(case))
        new = document.changed(case.table, case.changes)

    in_its_section = ("env", "file", "ask") if "password" in case.changes else ()
    assert case.old.bytes_outside(new, (*case.changes, *in_its_section)) == 0
    assert foreign_ends(text, new) == 0
    if text.endswith("\n") or not _ends_in_a_blank_line(case):
        assert new.endswith("\n") == text.endswith("\n") or new.removeprefix("\ufeff") == ""
    # The values are what was asked for, and all other data is as before.
    reopened = tomllib.loads(new.removeprefix(BOM))
    values = dict(_table(reopened, case.table))
    assert values.keys() == (old | case.changes).keys() - _removed(case)
    for key, value in values.items():
        if key not in case.changes:
            assert same_data(value, old[key])
        elif not same_data(value, toml_value_like(old.get(key), case.changes[key])):
            # Left as it was, since it means the same.
            assert same_data(value, old[key])
            assert BY_KEY[key].parse(value) == BY_KEY[key].parse(case.changes[key])
    _table(reopened, case.table).clear()
    _table(reopened, case.table).update(old)
    assert same_data(reopened, tomllib.loads(text.removeprefix(BOM)))


def _ends_in_a_blank_line(case: Case) -> bool:
    """Whether a blank line is the last that stays: then an end of it cannot be told from none."""
    lines = case.old.text.split("\n")
    for line, owner in zip(reversed(lines), reversed(case.old.owners), strict=True):
        if owner not in _removed(case):
            return not line.strip("\r")
    return True


def _removed(case: Case) -> set[str]:
    return {key for key, value in case.changes.items() if value is None}


PLACES: dict[str, list[str | int]] = {
    'a."b.c"': ["a", "b.c"],
    "a[1]": ["a", 1],
    "a.b": ["a", "b"],
    ".": [],
    "smtp": ["smtp"],
}


def _table(data: dict[str, Any], table: str) -> dict[str, Any]:
    here: Any = data
    for step in PLACES[table]:
        here = here[step]
    assert isinstance(here, dict)
    return here
