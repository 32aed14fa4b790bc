"""Whatever the file and the change: other lines stay, and the data is what was meant."""

import re
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from smtp_tui.config.document import Document
from smtp_tui.config.proof import same
from smtp_tui.config.spelling import typed_like
from smtp_tui.settings.fields import BY_KEY

KEYS = ("host", "port", "domain", "username", "password", "starttls_auto", "timeout")

# What stands round our keys; some of it looks like them.
STRANGERS = (
    "",
    "   ",
    "# port = 1",
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
    "host": ("'a.example'", '"a.example"', '"""a.example"""'),
    "port": ("25", "0x19", "'25'"),
    "domain": ("'a.example'", '"[192.0.2.1]"'),
    "username": ("'me'", '"m\\u0065 # # \\""', "''"),
    "password": ("'secret'", "{ env = 'X' }", '{file="a, b"}', "{ command = ['a', \"}\"] }"),
    "starttls_auto": ("true", "'no'"),
    "timeout": ("30", "30.5"),
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

    text: str
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
        lines.append(f"{indentation}{prefix}{key.ljust(width)}{equals}{value}{comment}")
    return lines + draw(strangers("c"))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    before = draw(strangers("a"))
    after = ["[z]", *draw(strangers("z"))] if draw(st.booleans()) else []
    table, lines = draw(layouts())
    if table == ".":
        before, lines = [], before + lines
    if draw(st.booleans()) and lines[0].startswith("["):
        before = [*before, "[y]", *draw(strangers("y"))]
    text = "\n".join([*before, *lines, *after])
    text = text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    ending = draw(st.sampled_from(["", "\r\n" if "\r" in text else "\n"]))
    changes = draw(st.fixed_dictionaries({}, optional={key: NEW[key] | st.none() for key in KEYS}))
    return Case(draw(st.sampled_from(["", "\ufeff"])) + text + ending, table, changes)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[str, list[str]]:
    match draw(st.sampled_from(["section", "array", "dotted", "root", "braces", "scattered"])):
        case "section":
            return 'a."b.c"', ["[ a . 'b.c' ] # ours", *draw(body(""))]
        case "array":
            return "a[1]", ["[[a]]", "host = 'x'", "[[a]]", *draw(body(""))]
        case "dotted":
            return "smtp", draw(body("smtp."))
        case "root":
            return ".", draw(body(""))
        case "braces":
            keys = draw(st.lists(st.sampled_from(KEYS), unique=True))
            pairs = [f"{key} = {draw(st.sampled_from(SPELLED[key]))}" for key in keys]
            return "smtp", [f"smtp = {{ {', '.join(pairs)} }} # ours"]
        case _:
            return "smtp", ["[smtp.x]", "port = 1", "[w]", "[smtp]", *draw(body("")), "[smtp.q]"]


def others(text: str, case: Case) -> list[str]:
    """The lines that do not look like those of changed keys."""
    names = "|".join(case.changes) or "-"
    ours = re.compile(rf"\s*(smtp\.)?({names})\s*=|smtp = \{{")
    lines = text.removeprefix("\ufeff").removesuffix("\n").removesuffix("\r").split("\n")
    return [line.removesuffix("\r") for line in lines if not ours.match(line)]


@given(cases())
def test_a_change_touches_its_keys_only(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "app.toml"
        path.write_bytes(case.text.encode())
        document = Document.open(path)
        old = document.values(case.table)
        # A table that stands in its file by dotted keys alone cannot lose the last of them.
        assume("smtp." not in case.text or (old | case.changes).keys() - _removed(case))
        new = document.changed(case.table, case.changes)

    # All but the table's own values is as before, and those are what was asked for.
    reopened = tomllib.loads(new.removeprefix("\ufeff"))
    assert new.startswith("\ufeff") == case.text.startswith("\ufeff")
    assert new.endswith("\n") == case.text.endswith("\n") or new == ""
    assert ("\r" in case.text) or ("\r" not in new)
    assert "\r\n" not in case.text or "\n" not in new.replace("\r\n", "")
    assert others(new, case) == others(case.text, case)
    values = _table(reopened, case.table)
    assert values.keys() == (old | case.changes).keys() - _removed(case)
    for key, value in values.items():
        if key not in case.changes:
            assert same(value, old[key])
        elif not same(value, typed_like(old.get(key), case.changes[key])):
            # Left as it was, since it means the same.
            assert same(value, old[key])
            assert BY_KEY[key].parse(value) == BY_KEY[key].parse(case.changes[key])


def _removed(case: Case) -> set[str]:
    return {key for key, value in case.changes.items() if value is None}


def _table(data: dict[str, Any], table: str) -> dict[str, Any]:
    places: dict[str, list[str | int]] = {
        'a."b.c"': ["a", "b.c"],
        "a[1]": ["a", 1],
        ".": [],
        "smtp": ["smtp"],
    }
    here: Any = data
    for step in places[table]:
        here = here[step]
    assert isinstance(here, dict)
    return here
