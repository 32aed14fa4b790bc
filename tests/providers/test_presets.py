"""The admin's own providers beside those of the program."""

from __future__ import annotations

from pathlib import Path

from smtp_tui.providers import presets_with, providers
from tests.providers.test_reading import GOOD


def test_without_files(tmp_path: Path) -> None:
    known = presets_with(tmp_path / "none")
    assert known.providers == providers()
    assert (known.own, known.faults) == (frozenset(), ())


def test_own_ones_come_first_and_replace_ours(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD)
    (tmp_path / "b.toml").write_text(GOOD.replace('"ours"', '"gmail"'))
    (tmp_path / "notes.txt").write_text("no providers")
    known = presets_with(tmp_path)
    assert [one.id for one in known.providers[:2]] == ["ours", "gmail"]
    assert len(known.providers) == len(providers()) + 1
    assert known.own == {"ours", "gmail"}
    assert known.providers[1].host == "relay.example.org"


def test_a_faulty_file_is_told_in_one_line_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD.replace("465", "0"))
    (tmp_path / "b.toml").write_text("[[provider\n")
    (tmp_path / "c.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "d.toml").write_bytes(b"#" * (1024 * 1024 + 1))
    (tmp_path / "e.toml").write_text("provider = 5\n")
    (tmp_path / "good.toml").write_text(GOOD)
    known = presets_with(tmp_path)
    assert known.own == {"ours"}
    words = ("provider ours: 0 is not a port", "is ignored", "it is not UTF-8", "larger than 1 MiB")
    for word, fault in zip((*words, "no [[provider]] tables"), known.faults, strict=True):
        assert word in fault
        assert fault.isprintable()


def test_the_table_that_the_manual_shows(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs/find.md"
    blocks = page.read_text(encoding="utf-8").split("```toml\n")
    (block,) = (one.partition("```")[0] for one in blocks if one.startswith("[[provider]]"))
    (tmp_path / "page.toml").write_text(block)
    assert presets_with(tmp_path).faults == ()
    assert presets_with(tmp_path).own == {"ours"}
