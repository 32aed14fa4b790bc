"""No file of another program is taken for one that smtp-tui knows."""

from __future__ import annotations

import configparser
import json
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.interchange.importer import candidates, evidence_in, import_text
from smtp_tui.interchange.spec import InterchangeError, formats
from smtp_tui.program import main
from tests.interchange.foreign_samples import SECOND_SIGNS, UNKNOWN, UNSURE
from tests.table import table


@table(("name", "text"), [*UNKNOWN.items()], ids=lambda case: case[0])
def test_a_file_of_an_unknown_program_is_not_read(name: str, text: str) -> None:
    assert candidates(text, name) == {}
    with pytest.raises(InterchangeError, match="does not recognise this format"):
        import_text(text, name=name)


@table(("name", "text"), [*UNSURE.items()], ids=lambda case: case[0])
def test_variables_of_an_unknown_program_are_never_sure(name: str, text: str) -> None:
    with pytest.raises(InterchangeError, match="not certain; name one with --from"):
        import_text(text, name=name)


@table(("form", "name", "text"), SECOND_SIGNS, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_second_sign_or_the_name_is_enough(form: str, name: str, text: str) -> None:
    found = import_text(text, name=name)
    assert (found.format, found.values["host"]) == (form, "a.example")
    is_named = bool(formats()[form].second_signs) and formats()[form].has_own_name(name)
    assert found.why.startswith(f"it is named {name}, and ") is is_named


def test_folders_above_do_not_make_a_name() -> None:
    form = formats()["synapse"]
    assert form.has_own_name("homeserver.yaml")
    assert not form.has_own_name("mail.yaml")
    assert form.is_named("mail.yaml")


@table(
    ("text", "keys"),
    [
        ("$CONFIG = array('mail_smtpmode' => 'smtp', 'x' => 'mail_smtphost');", "mail_smtpmode"),
        ("$CONFIG = [];\n$CONFIG['mail_domain'] = 'b.example'; // 'mail_smtphost'", "mail_domain"),
        (
            "$CONFIG = ['mail_smtphost' => 'a'];\n$CONFIG = ['mail_smtpport' => 25];",
            "mail_smtphost, mail_smtpport",
        ),
    ],
)
def test_only_what_php_sets_is_evidence(text: str, keys: str) -> None:
    assert (
        evidence_in(f"<?php\n{text}", "x.php")["nextcloud-config"].words
        == f"it sets {keys} in $CONFIG"
    )


TWICE: dict[str, tuple[str, str, str]] = {
    "synapse": ("homeserver.yaml", "email:\n  smtp_host: a\n  smtp_host: b\n", "email.smtp_host"),
    "vikunja": ("x.yml", "mailer:\n  host: a\nmailer:\n  host: b\n  authtype: plain\n", "mailer"),
    "alertmanager": (
        "x.yml",
        "global:\n  smtp_smarthost: a:1\n  smtp_smarthost: b:1\n",
        "smtp_smarthost",
    ),
    "keycloak": ("x-realm.json", '{"smtpServer": {"host": "a", "host": "b"}}', "smtpServer.host"),
    "nodemailer": ("x.json", '{"host": "a", "auth": {"user": "a"}, "host": "b"}', "host"),
    "ghost-json": (
        "config.production.json",
        '{"mail": {"transport": "SMTP", "options": {"host": "a", "host": "b"}}}',
        "host",
    ),
}


@table("form", [*TWICE])
def test_a_key_that_stands_twice_is_reported(form: str) -> None:
    name, text, key = TWICE[form]
    found = import_text(text, name=name)
    assert (found.format, found.values["host"]) == (form, "b")
    notes = [note.text for note in found.remarks if "more than once" in note.text]
    assert len(notes) == 1
    assert notes[0].startswith(f"{key} is in the file more than once: ")


@table(
    ("name", "text"),
    [
        ("x-realm.json", '{"realm": "x", "smtpServer": {"host": "a", "host": "b"}}'),
        ("homeserver.yaml", "email:\n  smtp_host: a\n  smtp_host: b\n"),
    ],
)
def test_a_key_that_stands_twice_is_not_changed(
    name: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    assert main(["set", str(file), "host=c"]) != 0
    assert "has a key twice" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == text


def test_odoo_does_not_start_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "odoo.conf"
    file.write_text("\ufeff[options]\nsmtp_server = a.example\n", encoding="utf-8")
    # Odoo's reader.
    with pytest.raises(configparser.MissingSectionHeaderError):
        configparser.RawConfigParser().read(file, encoding="utf-8")
    found = import_text(file.read_text(encoding="utf-8"), name=file.name)
    assert any("with which Odoo does not start" in note.text for note in found.remarks)
    assert main(["set", str(file), "host=b.example"]) == 0
    assert file.read_text(encoding="utf-8") == "\ufeff[options]\nsmtp_server = b.example\n"


@pytest.mark.parametrize(
    "text",
    [
        "<?php\n$CONFIG = ['mail_smtpmode' => 'sendmail'];\n",
        "<?php\n$CONFIG = ['mail_smtphost' => $host];\n",
    ],
    ids=["sendmail", "computed"],
)
def test_no_defaults_are_reported_where_nothing_is_found(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.php"
    file.write_text(text, encoding="utf-8")
    assert main(["import", str(file)]) != 0
    told = capsys.readouterr().err
    assert "no usable SMTP settings found" in told
    assert "not understood" in told
    assert "note:" not in told  # they would be on defaults


@table(
    ("given", "sender"),
    [
        ({}, "Grafana <admin@grafana.localhost>"),
        ({"from_address": "a@b.example"}, "Grafana <a@b.example>"),
        ({"from_address": "a@b.example", "from_name": ""}, "Grafana <a@b.example>"),
        ({"from_name": "Graphs"}, "Graphs <admin@grafana.localhost>"),
        ({"from_address": "a@b.example", "from_name": "Graphs"}, "Graphs <a@b.example>"),
    ],
)
def test_grafana_adds_its_own_name(given: dict[str, str], sender: str) -> None:
    # pkg/setting/setting.go merges what is not empty over conf/defaults.ini.
    lines = [f"{name} = {value}" for name, value in given.items()]
    text = "\n".join(["[smtp]", "host = a.example:25", *lines, ""])
    found: Any = import_text(text, "grafana")
    assert found.values["from"] == sender
    assert any(note.key == "from" for note in found.remarks) is not (
        len([*filter(None, given.values())]) == 2
    )


def test_a_bare_address_can_be_set_for_grafana(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "grafana.ini"
    file.write_text("[smtp]\nenabled = true\nhost = a.example:25\nfrom_address = a@b.example\n")
    assert main(["set", str(file), "from=c@b.example"]) == 0
    assert "from_address = c@b.example" in file.read_text(encoding="utf-8")
    plain = tmp_path / "mail.toml"
    plain.write_text('[smtp]\nhost = "a.example"\nfrom = "c@b.example"\n')
    assert main(["export", "grafana", str(plain)]) == 0
    assert "Grafana adds the name Grafana" in capsys.readouterr().err


def test_the_options_of_a_transport_are_found_where_they_are() -> None:
    options = {"host": "a.example", "port": 465, "secure": True, "auth": {"user": "u", "pass": "p"}}
    text = json.dumps({"server": {"host": "0.0.0.0", "port": 80}, "a": {"b": {"c": options}}})
    found = import_text(text)
    assert found.values["host"] == "a.example"
    assert found.remarks[0].text == "the settings under a.b.c are used"
    two = json.dumps({"a": options, "b": options})
    with pytest.raises(InterchangeError, match="does not recognise"):
        import_text(two)
    with pytest.raises(InterchangeError, match="no transport options"):
        import_text(two, "nodemailer")
