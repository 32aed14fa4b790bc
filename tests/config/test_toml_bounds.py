"""A text that would take gigabytes or minutes to parse is refused before it is parsed."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.file_reader import (
    DEEPEST,
    LARGEST,
    LONGEST_WORD,
    MOST_TABLES,
    excess,
    parse_toml,
)
from tests.table import table

DEEP, LONG = "parts", "characters"
DOTS = ".a" * DEEPEST


@table(
    ("text", "what"),
    [
        (f"a{DOTS} = 1", DEEP),
        (f"[a{DOTS}]", DEEP),
        (f"[[a{DOTS}]]", DEEP),
        ("a = { b" + " . a" * DEEPEST + " = 1 }", DEEP),
        ("a = [{ b" + "\t.\ta" * DEEPEST + " = 1 }]", DEEP),
        ('"a"' + ".'b'.\"c\"" * DEEPEST + " = 1", DEEP),
        ('""' + ".''" * DEEPEST + " = 1", DEEP),
        (f'x = """a"""" # "\na{DOTS} = 1', DEEP),
        ("{a = '''x'''', b" + DOTS + " = 'y'}", DEEP),
        (f'{{a = """x"""", b{DOTS} = "y"}}', DEEP),
        (f"a = '#'\nb{DOTS} = 1", DEEP),
        (f'a = "\\""\nb{DOTS} = 1', DEEP),
        (f"# it's\nb{DOTS} = 1", DEEP),
        (f"a = 0x{'f' * LONGEST_WORD}", LONG),
        (f"a = {'1' * (LONGEST_WORD + 1)}", LONG),
        (f"a = {'1' * (LONGEST_WORD + 1)}.5", LONG),
        (f"a = 1.{'1' * (LONGEST_WORD + 1)}", LONG),
        (f"a = [1, 0b{'1' * LONGEST_WORD}]", LONG),
        ("".join(f" [t{number}]\n" for number in range(MOST_TABLES + 1)), "tables"),
        ("a = [" + "{}," * MOST_TABLES + "]", "tables"),
        ("a = [" + "[]," * MOST_TABLES + "]", "tables"),
        ("".join(f"a{number} = {{}}\n" for number in range(MOST_TABLES + 1)), "tables"),
        ("".join(f"a.b{number}.c.d = 1\n" for number in range(MOST_TABLES // 3 + 1)), "tables"),
    ],
)
def test_refused(text: str, what: str) -> None:
    with pytest.raises(DocumentError, match=what) as caught:
        parse_toml(text, Path("mail.toml"))
    assert str(caught.value).startswith("mail.toml ")
    assert len(str(caught.value)) < 120


@table(
    "text",
    [
        f'a = "a{DOTS} = 1"',
        f"a = 'a{DOTS}'",
        f'a = """\na{DOTS} = 1\n"""',
        f"a = '''\n[a{DOTS}]\n'''",
        f"# a{DOTS} = 1",
        f'a = """x""" # a{DOTS} = 1',
        f'a = "{"1" * 5000}" # {"1" * 5000}',
        f'"{"k" * 5000}" = 1',
        f"a = {'1' * LONGEST_WORD}" if LONGEST_WORD < 1000 else "a = 1",
        ".".join("a" * (DEEPEST - 1)) + " = 1",
        "a = 1.5\n" * 1 + "".join(f"b{number} = 1.5\n" for number in range(1000)),
        "".join(f"[a.t{number}]\n" for number in range(1000)),
    ],
)
def test_allowed(text: str) -> None:
    assert excess(text) is None
    parse_toml(text, Path("mail.toml"))


@table(
    "piece",
    [
        '"',
        "'",
        '\\"',
        '"""\\',
        "'''",
        '\\"""',
        "a.",
        "a.a ",
        "''.",
        '"".',
        "#",
        "[",
        "a" * 2000,
        '"a',
    ],
)
def test_the_search_itself_takes_no_longer_than_the_text_is_long(piece: str) -> None:
    text = "." * DEEPEST + "\n" + '"""' * (piece == '\\"""') + piece * (200_000 // len(piece))
    began = time.process_time()
    excess(text)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * 16_000 + " = 1\n",
        "".join(f"[k{number}{'.a' * 60}]\n" for number in range(60_000)),
        f"a = 0x{'f' * 4_000_000}\n",
    ],
)
def test_memory(tmp_path: Path, text: str) -> None:
    """Each took half a gigabyte to four; a start alone takes 25 MB."""
    file = tmp_path / "mail.toml"
    file.write_text(text)
    assert len(text) < LARGEST
    limit = 300 * 2**20
    done = subprocess.run(
        [sys.executable, "-m", "smtp_tui", "get", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert done.returncode == 3, done.stderr
    assert done.stderr.count("\n") == 1
    assert "too much for a settings file" in done.stderr


@pytest.mark.parametrize("table", [".".join("a" * 80), "a" * (LONGEST_WORD + 1)])
def test_no_change_makes_a_file_that_could_not_be_read(tmp_path: Path, table: str) -> None:
    file = tmp_path / "new.toml"
    with pytest.raises(DocumentError, match="was not changed: it would contain"):
        Document.new(file).save(table, {"host": "a"})
    assert not file.exists()


def test_a_hexadecimal_number_is_no_defect(toml_file: Callable[[str], Path]) -> None:
    file = toml_file(f'[smtp]\nhost = "a"\nport = 0x{"f" * 900}\ntimeout = 0x{"f" * 900}\n')
    values = Document.open(file).values("smtp")
    assert str(values["port"])
