"""Each application's own file: recognised, read, changed in its own words, and nowhere else."""

from __future__ import annotations

import tomllib
from collections import Counter
from difflib import ndiff
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.config.dialects.detect import all_headers
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoTableError, NotExpressibleError
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.validate import equivalent, parse_settings
from tests.config.dialect_samples import SAMPLES, Changes, Edit, Sample
from tests.config.fidelity import BOM, bytes_outside, foreign_ends

ALL = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.dialect)
NOWHERE = Path("/nonexistent")


def opened(folder: Path, sample: Sample) -> Document:
    path = folder / sample.name
    path.write_bytes(sample.text.encode())
    return Document.open(path)


def of_each(kind: str) -> list[Any]:
    return [
        pytest.param(sample, one, id=f"{sample.dialect}-{number}")
        for sample in SAMPLES
        for number, one in enumerate(getattr(sample, kind))
    ]


def test_there_is_a_sample_for_every_dialect_that_ships() -> None:
    heads, faults = all_headers(NOWHERE)
    assert faults == ()
    assert sorted(head.name for head in heads) == sorted(sample.dialect for sample in SAMPLES)
    assert all(head.source and not head.own for head in heads)


@ALL
def test_it_is_recognised_and_its_table_goes_before_others(tmp_path: Path, sample: Sample) -> None:
    document = opened(tmp_path, sample)
    assert document.dialect == sample.dialect
    assert document.tables() == (sample.table,)
    assert document.default_table() == sample.table


@ALL
def test_it_is_no_other_applications(tmp_path: Path, sample: Sample) -> None:
    document = opened(tmp_path, sample)
    heads, _ = all_headers(NOWHERE)
    data, path = tomllib.loads(sample.text), document.path
    assert [head.name for head in heads if head.reason(data, path.name)] == [sample.dialect]


@ALL
def test_it_is_read_by_our_keys(tmp_path: Path, sample: Sample) -> None:
    document = opened(tmp_path, sample)
    assert document.values(sample.table) == {**sample.defaults, **sample.values}
    assert document.given(sample.table) == frozenset(sample.values)
    assert parse_settings(document.values(sample.table)).problems == ()


@ALL
def test_what_it_cannot_express_is_told_for_each_field(tmp_path: Path, sample: Sample) -> None:
    limits = opened(tmp_path, sample).limits
    assert limits.keys() <= BY_KEY.keys() - {"host", "username", "password"}
    assert all((text.endswith(".") and text[0].isupper()) or text for text in limits.values())
    assert "tls_fingerprint" in limits


@pytest.mark.parametrize(("sample", "edit"), of_each("edits"))
def test_a_change_touches_its_own_lines(tmp_path: Path, sample: Sample, edit: Edit) -> None:
    changes, gone, come = edit
    document = opened(tmp_path, sample)
    before = document.values(sample.table)
    document.save(sample.table, changes)
    told = list(ndiff(sample.text.splitlines(), document.text.splitlines()))
    assert [line[2:] for line in told if line[0] == "-"] == gone.splitlines()
    assert sorted(line[2:] for line in told if line[0] == "+") == sorted(come.splitlines())

    # What was to change did, and what was not did not.
    again = Document.open(document.path)
    after = again.values(sample.table)
    assert after == document.values(sample.table)
    for key, value in changes.items():
        if value is None:
            assert key not in again.given(sample.table)
        else:
            assert equivalent(key, after.get(key, False), value), key
    for key in sample.values.keys() - changes.keys() - {"starttls_auto", "authentication"}:
        assert equivalent(key, after.get(key), before[key]), key


@pytest.mark.parametrize("bom", ["", BOM])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@ALL
def test_no_byte_changes_outside_the_lines_of_the_change(
    tmp_path: Path, sample: Sample, end: str, bom: str
) -> None:
    path = tmp_path / sample.name
    old = bom + sample.text.replace("\n", end)
    lines = sample.text.split("\n")
    for changes, gone, come in sample.edits:
        path.write_bytes(old.encode())
        Document.open(path).save(sample.table, changes)
        new = path.read_bytes().decode()
        left, right = Counter(gone.split("\n")), Counter(come.split("\n"))
        free = [number for number, line in enumerate(lines) if line and line in left]
        assert bytes_outside(old, new, free.__contains__, right.__contains__) == 0
        assert foreign_ends(old, new) == 0
        assert sum(left.values()) >= len(free)


@pytest.mark.parametrize(("sample", "changes"), of_each("refused"))
def test_what_cannot_be_said_is_refused(tmp_path: Path, sample: Sample, changes: Changes) -> None:
    document = opened(tmp_path, sample)
    with pytest.raises(NotExpressibleError) as caught:
        document.save(sample.table, changes)
    (key, *_) = changes
    assert f"({key}) cannot have this value" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert document.path.read_text() == sample.text


@ALL
def test_a_sign_in_is_refused_and_a_command_that_gets_its_token_is_named(
    tmp_path: Path, sample: Sample
) -> None:
    document = opened(tmp_path, sample)
    with pytest.raises(NotExpressibleError, match="cannot read a sign-in of smtp-tui") as caught:
        document.changed(sample.table, {"password": {"oauth": "support"}})
    names_token = "smtp-tui token" in str(caught.value).replace('", "', " ")
    assert names_token is sample.dialect.startswith("himalaya")


@ALL
def test_the_same_again_changes_nothing(tmp_path: Path, sample: Sample) -> None:
    document = opened(tmp_path, sample)
    values = document.values(sample.table)
    assert document.changed(sample.table, values) == sample.text
    respelled = {"encryption": str(values["encryption"]).upper()}
    assert document.changed(sample.table, respelled) == sample.text


@ALL
def test_a_new_table_can_be_made(tmp_path: Path, sample: Sample) -> None:
    document = Document.new(tmp_path / "new.toml", sample.dialect)
    try:
        table = document.new_table()
    except NoTableError:
        table = sample.table
    changes = {"host": "a.example", **({"port": 25} if "port" not in document.limits else {})}
    document.save(table, changes, create=True)
    again = Document.open(document.path, sample.dialect)
    assert again.values(table)["host"] == "a.example"


PLAIN = (
    '[smtp]\nhost = "a.example"\n',
    '[smtp]\nhost = "a.example"\nport = 25\nusername = "u"\npassword = "p"\nfrom = "a@b.c"\n',
    'host = "a"\nport = 25\n',
    '[email]\nhost = "a"\nport = 25\nusername = "u"\npassword = "p"\n',
    '[accounts.x]\nhost = "a"\nport = 25\n',
    '[profiles.x]\nhost = "a"\nport = 25\n',
    '[api.smtp]\nhost = "a"\nport = 25\nsender = "a@b.c"\n',
    "[global.smtp]\nhost = 'a'\nport = 25\n",
    "",
)


@pytest.mark.parametrize("text", PLAIN)
def test_plain_keys_are_nobodys_dialect(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    document = Document.open(path)
    assert (document.dialect, document.application, document.limits) == ("plain", None, {})


@pytest.mark.parametrize(
    ("name", "dialect"), [("kapacitor.conf", "kapacitor"), ("teleport-email.toml", "teleport")]
)
def test_a_name_tells_where_the_keys_do_not(tmp_path: Path, name: str, dialect: str) -> None:
    path = tmp_path / name
    path.write_text('[smtp]\nhost = "a.example"\nport = 25\n')
    assert Document.open(path).dialect == dialect
    assert Document.open(path.rename(tmp_path / "app.toml")).dialect == "plain"


def test_other_tables_of_such_a_file_have_our_keys(tmp_path: Path) -> None:
    vuls = next(sample for sample in SAMPLES if sample.dialect == "vuls")
    document = opened(tmp_path, vuls)
    assert document.values("servers.web") == {
        "host": "192.0.2.7",
        "port": "22",
        "username": "scanner",
    }
    assert "port = 23" in document.changed("servers.web", {"port": 23}).replace('"', "")


def test_a_dialect_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "app.toml"
    path.write_text('[mail]\nserver = "a.example"\nsmtp_encryption = "TLS"\n')
    assert Document.open(path).dialect == "plain"
    document = Document.open(path, "lldap")
    assert document.values("mail")["encryption"] == "ssl"
    with pytest.raises(NoTableError, match=r"settings yet in \[smtp_options\], where lldap"):
        document.default_table()
    lldap = next(sample for sample in SAMPLES if sample.dialect == "lldap")
    plain = Document.open(opened(tmp_path, lldap).path, "plain")
    assert plain.values("smtp_options")["host"] == "smtp.example.org"
