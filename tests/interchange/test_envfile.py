"""The quotings of `.env` files: what is written is read back, by us and by those it is for."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given

from smtp_tui.interchange import envfile
from smtp_tui.interchange.import_builder import EnvRef, UnresolvedVariable
from smtp_tui.interchange.importer import import_text
from smtp_tui.interchange.spec import QUOTINGS, InterchangeError
from tests.interchange.awkward import HANDMADE, SIGNS, passwords
from tests.interchange.readers import (
    ENV_READERS,
    Values,
    by_node,
    by_node_each,
    by_php,
    by_ruby,
    by_shell,
)
from tests.table import table

pytestmark = pytest.mark.integration

# What each cannot hold, of the handmade ones; everything else must get through.
REFUSED = {
    "docker": set(),
    "systemd": set(),
    "laravel": set(),
    "ruby": {"'$(id)", "'\\n"},
    "python": {"${HOME}"},
    "node": set(),
}

# A shell would run what systemd takes as it stands; PHP stops at much that we only list.
ONE_BY_ONE = [one for one in ENV_READERS if one[1] not in (by_shell, by_php)]


def written(quoting: str, values: list[str]) -> tuple[str, dict[str, str]]:
    """A file of all the values that the quoting can hold."""
    lines = []
    held = {}
    for number, value in enumerate(values):
        try:
            lines += envfile.write([(f"K{number}", value)], quoting)
        except InterchangeError:
            continue
        held[f"K{number}"] = value
    return "".join(f"{line}\n" for line in lines), held


@pytest.mark.parametrize("quoting", QUOTINGS)
def test_what_does_not_fit_is_refused_without_repeating_it(quoting: str) -> None:
    for value in HANDMADE:
        if value in REFUSED[quoting]:
            with pytest.raises(InterchangeError) as caught:
                envfile.write([("SMTP_PASSWORD", value)], quoting)
            assert quoting in str(caught.value)
            assert "SMTP_PASSWORD" in str(caught.value)
        else:
            (line,) = envfile.write([("SMTP_PASSWORD", value)], quoting)
            assert line.startswith("SMTP_PASSWORD=")


@given(value=passwords)
@table("quoting", QUOTINGS)
def test_what_is_written_is_read_back(quoting: str, value: str) -> None:
    try:
        lines = envfile.write([("A", "x"), ("PASSWORD", value), ("Z", "y'z")], quoting)
    except InterchangeError:
        return
    found = {entry.name: entry.value for entry in envfile.read("\n".join(lines), quoting)}
    assert found == {"A": "x", "PASSWORD": value, "Z": "y'z"}


@pytest.mark.parametrize(("quoting", "reader"), ENV_READERS)
def test_what_is_written_the_program_reads(
    tmp_path: Path, quoting: str, reader: Callable[[Path], Values]
) -> None:
    chance = random.Random(20)
    values = ["".join(chance.choices(SIGNS, k=chance.randint(1, 9))) for _ in range(1500)]
    text, held = written(quoting, [*HANDMADE, *values])
    assert len(held) > 1400
    file = tmp_path / "env"
    file.write_text(text, encoding="utf-8")
    found = reader(file)
    assert {name: found.get(name) for name in held} == held


@pytest.mark.parametrize(("quoting", "reader"), ONE_BY_ONE)
def test_what_others_write_is_read_as_the_program_does(
    tmp_path: Path, quoting: str, reader: Callable[[Path], Values]
) -> None:
    chance = random.Random(7)
    held: dict[Path, str] = {}
    for number in range(60 if reader is by_ruby else 400):
        line = "K=" + "".join(chance.choices("ab '\"\\# ", k=chance.randint(1, 8)))
        value = {one.name: one.value for one in envfile.read(line, quoting)}.get("K")
        if isinstance(value, str):
            file = tmp_path / f"env{number}"
            file.write_text(line + "\n", encoding="utf-8")
            held[file] = value
    found = by_node_each([*held]) if reader is by_node else map(reader, held)
    for (file, value), read in zip(held.items(), found, strict=True):
        assert read == {"K": value}, file.read_text("utf-8")


@table(
    ("quoting", "line", "value"),
    [
        ("docker", "K='a b' # no comment", "'a b' # no comment"),
        ("docker", "K= a ", " a "),
        ("docker", "K=$X", "$X"),
        ("systemd", "K = a b  ", "a b"),
        ("systemd", "K='a'\"b\" c", "abc"),
        ("systemd", 'K="a\\"b\\$c\\z"', 'a"b$c\\z'),
        ("systemd", "K=a#b ; c", "a#b ; c"),
        ("systemd", "K=a\\\nb", "ab"),
        ("ruby", "export K='a $b' # c", "a $b"),
        ("ruby", "K: a", "a"),
        ("ruby", 'K="a\\"b\\$c"', 'a"b$c'),
        ("ruby", "K=a # c", "a"),
        ("python", "export K = a b # c", "a b"),
        ("python", "K='it\\'s'", "it's"),
        ("python", 'K="a\\tb"', "a\tb"),
        ("python", "K=a#b", "a#b"),
        ("laravel", "K=a#b", "a"),
        ("laravel", "K='a $b' # c", "a $b"),
        ("laravel", 'K="a\\"b\\$c"', 'a"b$c'),
        ("laravel", "K=$a", "$a"),
        ("node", "export K='a $b' # c", "a $b"),
        ("node", 'K="a\\nb"', "a\nb"),
        ("node", "K=`it's`", "it's"),
        ("node", "K= a b#c", "a b"),
    ],
)
def test_a_value(quoting: str, line: str, value: str) -> None:
    (entry,) = envfile.read(f"# c\n\n{line}\n", quoting)
    assert (entry.name, entry.value, entry.line) == ("K", value, 3)


@pytest.mark.parametrize(
    ("quoting", "line", "value"),
    [
        ("ruby", "K=$X", EnvRef("X")),
        ("ruby", 'K="${X}"', EnvRef("X")),
        ("ruby", "K=$(id)", UnresolvedVariable("from-command")),
        ("ruby", "K=a$X", UnresolvedVariable("from-variables", {"names": "X"})),
        ("python", "K=${X}", EnvRef("X")),
        ("python", "K='${X:-a}'", EnvRef("X", "a")),
        ("laravel", 'K="${X}"', EnvRef("X")),
    ],
)
def test_a_variable(quoting: str, line: str, value: object) -> None:
    (entry,) = envfile.read(line, quoting)
    assert entry.value == value


@pytest.mark.parametrize("quoting", ["ruby", "python", "laravel"])
def test_a_variable_of_the_same_file(quoting: str) -> None:
    _, entry = envfile.read('X=a\nK="b${X}"\n', quoting)
    assert (entry.value, entry.borrowed) == ("ba", ("X",))


def test_variables_do_not_grow_without_end() -> None:
    lines = ["X0=" + "a" * 100, *(f'X{n}="${{X{n - 1}}}${{X{n - 1}}}"' for n in range(1, 60))]
    entries = envfile.read("\n".join(lines), "python")
    assert isinstance(entries[-1].value, UnresolvedVariable)


@table(
    ("quoting", "line", "why"),
    [
        ("docker", "a b=c", "no-assignment"),
        ("systemd", "wonderland", "no-assignment"),
        ("systemd", "1=a", "no-assignment"),
        ("systemd", "K='a", "more-lines"),
        ("ruby", "wonderland", "no-assignment"),
        ("ruby", "K='a", "more-lines"),
        ("python", "K='a'b", "no-assignment"),
        ("laravel", "K=a b", "space-in-value"),
        ("laravel", 'K="a', "more-lines"),
        ("laravel", 'K="a\\q"', "bad-escape"),
        ("node", "wonderland", "no-assignment"),
        ("node", "K='a", "more-lines"),
        ("node", "K='a'b", "quote-and-more"),
        ("node", "K='a\\'", "quote-and-more"),
    ],
)
def test_a_line_that_cannot_be_read(quoting: str, line: str, why: str) -> None:
    (entry,) = envfile.read(f"{line}\n", quoting)
    assert (entry.name, entry.value, entry.line) == ("", UnresolvedVariable(why), 1)


def test_a_byte_order_mark_and_carriage_returns() -> None:
    for quoting in QUOTINGS:
        (entry,) = envfile.read("\ufeffK=a\r\n", quoting)
        assert (entry.name, entry.value) == ("K", "a")


def test_a_quoting_that_is_none() -> None:
    with pytest.raises(InterchangeError, match="'perl' is not a quoting; the quotings are docker"):
        envfile.read("K=a", "perl")


def test_variables_without_end_are_not_all_named() -> None:
    names = "".join(f"${{N{number}}}" for number in range(5000))
    found = import_text(f'SMTP_ADDRESS=x\nSMTP_PASSWORD="{names}{names}"\n', "chatwoot")
    (why,) = [one.why for one in found.unread if one.name == "SMTP_PASSWORD"]
    assert "N0, N1" in why
    assert len(why) < 600
