"""The applications' own files are changed in place: the wanted lines, and no other byte."""

from __future__ import annotations

import json
import os
from difflib import ndiff
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.config.diff import document_diff
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.open_document import open_document
from smtp_tui.interchange.importer import import_text
from smtp_tui.program import main
from tests.interchange.awkward import HANDMADE
from tests.interchange.helm_samples import HELM_SAMPLES
from tests.interchange.mail_server_samples import MAIL_SERVER_SAMPLES
from tests.interchange.tree_samples import TREE_SAMPLES
from tests.survey.test_usual_places import PLACES
from tests.table import table

IN_PLACE = (
    "synapse", "authelia", "gotosocial", "ntfy", "vikunja", "home-assistant", "crowdsec",
    "vaultwarden-json", "keycloak", "redmine", "spring", "spring-properties", "ssmtp", "odoo",
    "roundcube", "helm-nextcloud", "helm-mastodon", "helm-vaultwarden", "helm-authentik",
    "helm-sentry", "helm-gitea", "helm-grafana",
)  # fmt: skip
SAMPLES = [*TREE_SAMPLES, *MAIL_SERVER_SAMPLES, *HELM_SAMPLES]
FIRST = {sample.format: sample for sample in reversed(SAMPLES) if sample.format in IN_PLACE}


def written(folder: Path, name: str, text: str | None = None) -> Path:
    file = folder / PLACES[name].rpartition("/")[2]
    file.write_text(FIRST[name].text if text is None else text, encoding="utf-8", newline="")
    return file


def changed(file: Path, changes: dict[str, Any]) -> tuple[str, list[str]]:
    document = open_document(file)
    new = document.changed(document.default_table(), changes)
    lines = ndiff(document.text.splitlines(), new.splitlines())
    return new, [line for line in lines if line[0] in "-+"]


@table("name", IN_PLACE)
def test_the_server_changes_and_nothing_else(name: str, tmp_path: Path) -> None:
    file = written(tmp_path, name)
    new, lines = changed(file, {"host": "new.example", "port": 2525})
    assert len([line for line in lines if line[0] == "+"]) <= 2
    assert len(lines) <= 4
    before, after = (
        import_text(text, name, name=file.name).values for text in (file.read_text(), new)
    )
    assert after == {**before, "host": "new.example", "port": 2525}
    # Back again, as it was: only the quotes of what was changed may differ.
    file.write_text(new, encoding="utf-8", newline="")
    again, _ = changed(file, {key: before[key] for key in ("host", "port")})
    assert len(again.splitlines()) == len(FIRST[name].text.splitlines())


@pytest.mark.integration
@table("name", IN_PLACE)
def test_awkward_passwords_in_place(name: str, tmp_path: Path) -> None:
    # Vikunja's sample has the name of a file there.
    text = FIRST[name].text.replace("password:\n    file: /run/secrets/mail", "password: x")
    file = written(tmp_path, name, text)
    done = 0
    for password in HANDMADE:
        try:
            new, lines = changed(file, {"username": "alice", "password": password})
        except DocumentError:
            continue
        done += 1
        assert import_text(new, name, name=file.name).values["password"] == password
        assert lines
    assert done >= {"ssmtp": 25, "helm-gitea": len(HANDMADE) - 6}.get(name, len(HANDMADE) - 5)


@table("name", IN_PLACE)
def test_no_difference_shows_a_password(name: str, tmp_path: Path) -> None:
    text = FIRST[name].text.replace("password:\n    file: /run/secrets/mail", "password: x")
    document = open_document(written(tmp_path, name, text))
    secret = "sesame-open"
    new = document.changed(document.default_table(), {"username": "alice", "password": secret})
    shown = "\n".join(map(str, document_diff(document, new, "file")))
    assert secret in new
    assert secret not in shown
    old = FIRST[name].values.get("password")
    assert not isinstance(old, str) or len(old) < 5 or old not in shown


def test_a_new_key_goes_next_to_its_own_kind(tmp_path: Path) -> None:
    _, lines = changed(
        written(tmp_path, "authelia"), {"tls_minimum": "1.3", "domain": None, "server_name": None}
    )
    assert lines == [
        "-     identifier: 'localhost'",
        "-       server_name: 'smtp.example.com'",
        "-       minimum_version: 'TLS1.2'",
        '+       minimum_version: "TLS1.3"',
    ]
    text = "notifier:\n  smtp:\n    address: smtp://a.example  # ours\n    sender: x@a.example\n"
    text += "    tls:\n      skip_verify: false\n\nsession: {}\n"
    _, lines = changed(written(tmp_path, "authelia", text), {"username": "a", "password": "b"})
    assert lines == ['+     username: "a"', '+     password: "b"']


def test_json_keeps_its_commas(tmp_path: Path) -> None:
    text = '{\n  "signups_allowed": false,\n  "smtp_host": "a.example",\n  "smtp_port": 25\n}\n'
    file = written(tmp_path, "vaultwarden-json", text)
    new, lines = changed(file, {"username": "a", "password": "b", "encryption": "none"})
    assert json.loads(new)["smtp_password"] == "b"
    assert lines[0] == '-   "smtp_port": 25'
    file.write_text(new)
    again, _ = changed(file, {"username": None, "password": None})
    assert "smtp_username" not in json.loads(again)


REFUSED = [
    # Both spellings at once would stop Authelia.
    (
        "authelia",
        "notifier:\n  smtp:\n    host: a.example\n    port: 25\n    sender: x@a.example\n",
    ),
    # The key's value is a table, which a second key of the same name would not replace.
    ("vikunja", FIRST["vikunja"].text),
    (
        "synapse",
        "listeners: []\nemail:\n  smtp_host: a\n  smtp_host: b\n  notif_from: x@a.example\n",
    ),
    ("synapse", "listeners: []\nx: *x\nemail:\n  notif_from: x@a.example\n"),
    ("redmine", "production:\n  email_delivery: &x\n    smtp_settings:\n      <<: 1\n"),
]


@table(("name", "text"), REFUSED)
def test_what_smtp_tui_does_not_change(name: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as raised:
        changed(written(tmp_path, name, text), {"username": "a", "password": "b"})
    assert str(raised.value).isprintable()


def test_an_anchor_stays(tmp_path: Path) -> None:
    text = (
        "listeners: []\nother: &p secret\nemail:\n  notif_from: x@a.example\n"
        "  smtp_host: a.example\n  smtp_user: u\n  smtp_pass: *p\n"
    )
    _, lines = changed(written(tmp_path, "synapse", text), {"password": "new"})
    assert lines == ["-   smtp_pass: *p", '+   smtp_pass: "new"']
    anchored = text.replace("other: &p secret\n", "").replace("*p", "&p secret\nother: *p")
    with pytest.raises(DocumentError):
        changed(written(tmp_path, "synapse", anchored), {"password": "new"})


def test_mode_and_owner_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, "synapse")
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 65534, 65534)
    before = file.stat()
    assert main(["set", str(file), "port=2525", "encryption=tls"]) == 0
    assert "Synapse" in capsys.readouterr().err
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode, before.st_uid, before.st_gid,
    )  # fmt: skip
    assert file.read_text() == FIRST["synapse"].text.replace("587", "2525")
