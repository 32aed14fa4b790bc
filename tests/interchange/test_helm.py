"""Values of Helm charts: what a chart, Kubernetes and the program make of them on their way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.open_document import open_document
from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.importer import import_text
from smtp_tui.interchange.spec import InterchangeError, formats
from tests.interchange.helm_samples import HELM_SAMPLES
from tests.table import table

CHARTS = [name for name in formats() if name.startswith("helm-")]
FIRST = {sample.format: sample for sample in reversed(HELM_SAMPLES)}
LOGIN = {"username", "password"}
SECRETS = [
    (
        "helm-nextcloud",
        "enabled: false\n    # secretName: nameofsecret",
        "enabled: true\n    secretName: mail",
        "mail",
        {"host", *LOGIN},
    ),
    (
        "helm-nextcloud",
        "Secret:\n    enabled: false",
        "Secret:\n    enabled: true",
        "your own",
        LOGIN,
    ),
    ("helm-mastodon", "Secret:\n    bulk", "Secret: mail\n    bulk", "mail", LOGIN),
    ("helm-vaultwarden", 'existingSecret: ""', "existingSecret: mail", "mail", LOGIN),
    (
        "helm-authentik",
        'secretName: ""',
        "secretName: mail",
        "mail",
        {"host", "port", "from", "timeout", *LOGIN},
    ),
    (
        "helm-sentry",
        '"a$$$$b$$(HOME)"\n  # existing',
        '""\n  existing',
        "secret-name",
        {"password"},
    ),
    ("helm-grafana", 'existingSecret: ""', "existingSecret: mail", "mail", LOGIN),
]


@table(("name", "old", "new", "secret", "lost"), SECRETS)
def test_what_stands_in_a_secret(
    name: str, old: str, new: str, secret: str, lost: set[str]
) -> None:
    sample = FIRST[name]
    assert old in sample.text
    found = import_text(sample.text.replace(old, new), name=sample.name)
    assert found.format == name
    assert not lost & found.values.keys()
    (told,) = [one for one in found.unread if "Kubernetes Secret" in one.why]
    assert secret in told.why
    assert "password" in told.why
    assert told.line


def test_sentry_takes_the_literal_password_before_that_of_a_secret() -> None:
    text = FIRST["helm-sentry"].text.replace("# existingSecret:", "existingSecret:")
    found = import_text(text, name="values.yaml")
    assert (found.values["password"], found.unread) == ("a$$b$(HOME)", ())


def test_other_sources_are_told() -> None:
    text = FIRST["helm-gitea"].text.replace(
        "additionalConfigSources: []", "additionalConfigSources:\n    - secret: {secretName: x}"
    )
    found = import_text(text, name="values.yaml")
    assert any("gitea.additionalConfigSources adds" in note.text for note in found.remarks)


@table("written", ["12345678", "0123", "1e3", "yes", "off", "2026-01-02", "0x1f"])
@table("name", CHARTS)
def test_what_helm_takes_for_a_number_is_no_password(name: str, written: str) -> None:
    exported = export_text(
        name, {"host": "a.example", "username": "u", "password": "sesame"}, with_password=True
    )
    found = import_text(exported.text.replace('"sesame"', written), name)
    assert "password" not in found.values
    assert any("put it in quotes" in one.why for one in found.unread)
    quoted = import_text(exported.text.replace('"sesame"', f"'{written}'"), name)
    assert str(quoted.values["password"]) == written


@table("written", ["1a2b3c4d", "12ab", "0xyz", "0b12", "e3", "1.2.3.4"])
def test_what_helm_takes_for_text_is_a_password(written: str) -> None:
    text = (
        f"mail:\n  backend: smtp\n  useTls: true\n  host: a\n  username: u\n  password: {written}\n"
    )
    found = import_text(text, name="values.yaml")
    assert (found.values["password"], found.unread) == (written, ())


@table("host", ["null", "Null", "NULL"])
def test_a_name_that_yaml_takes_for_no_value(host: str) -> None:
    exported = export_text("helm-mastodon", {"host": host, "port": 25})
    assert import_text(exported.text, "helm-mastodon").values["host"] == host
    assert rf'server: "\"{host}\""' in exported.text


def test_sentry_logs_in_with_ascii_alone() -> None:
    whole = {"host": "a.example", "username": "u", "password": "pässword"}
    exported = export_text("helm-sentry", whole, with_password=True)
    assert any("accepts ASCII only" in note.text for note in exported.notes)


@table(
    ("written", "password"),
    [
        ("a$$b", "a$b"), ("$$$$", "$$"), ("$$(HOME)", "$(HOME)"), ("$HOME", "$HOME"), ("a$", "a$"),
        ("$(HOME)", None), ("x$(A)", None),
    ],
)  # fmt: skip
def test_kubernetes_replaces_dollars_in_a_variable(written: str, password: str | None) -> None:
    text = (
        f"mail:\n  backend: smtp\n  useTls: true\n  host: a\n  username: u\n  password: {written}\n"
    )
    found = import_text(text, name="values.yaml")
    assert found.values.get("password") == password
    assert bool(found.unread) is (password is None)


@table("password", ["$$", "a$$b", "$(HOME)", "$$(x)", "$", "a$b"])
def test_sentry_gets_its_dollars(password: str) -> None:
    whole = {"host": "a.example", "username": "u", "password": password}
    exported = export_text("helm-sentry", whole, with_password=True)
    assert import_text(exported.text).values["password"] == password


@table("name", ["helm-authentik", "helm-grafana"])
def test_what_tpl_would_run(name: str) -> None:
    whole = {"host": "a.example", "username": "u", "password": "a{{ b"}
    with pytest.raises(InterchangeError, match="put another value in place"):
        export_text(name, whole, with_password=True)
    exported = export_text(name, {**whole, "password": "sesame"}, with_password=True)
    found = import_text(exported.text.replace('"sesame"', "'{{ .Values.x }}'"), name)
    assert "password" not in found.values
    assert [one.why for one in found.unread] == ["its value is computed when the program runs"]


@table("name", [name for name in CHARTS if name not in ("helm-authentik", "helm-grafana")])
def test_others_run_no_tpl(name: str) -> None:
    whole = {"host": "a.example", "username": "u", "password": "{{ .Values.x }}"}
    exported = export_text(name, whole, with_password=True)
    assert import_text(exported.text, name).values["password"] == "{{ .Values.x }}"


def test_what_a_template_prints_without_quotes() -> None:
    whole = {"host": "1e3", "domain": "[192.0.2.9]", "ca_file": "/a b #c"}
    exported = export_text("helm-mastodon", whole)
    assert r'server: "\"1e3\""' in exported.text
    assert r'domain: "\"[192.0.2.9]\""' in exported.text
    values = import_text(exported.text).values
    assert {key: values[key] for key in whole} == whole
    found = import_text(exported.text.replace(r'"\"1e3\""', "'a: {b}'"))
    assert "host" not in found.values


def test_the_charts_own_values_hold_where_the_file_says_nothing() -> None:
    text = "nextcloud:\n  mail:\n    enabled: true\n    fromAddress: a\n    smtp:\n      host: b\n"
    found = import_text(text)
    assert (found.values["encryption"], found.values["port"]) == ("ssl", 465)
    assert found.found == {"host", "from"}
    assert any("nextcloud.mail.smtp.port: 465" in note.text for note in found.remarks)


def test_a_left_out_password_deletes_nothing_of_the_chart() -> None:
    exported = export_text("helm-vaultwarden", {"host": "a.example", "username": "u"})
    *_, head, place, last = exported.text.splitlines()
    assert (head, last) == ("  # password:", "    # value:")
    assert "fill in" in place


def test_vaultwardens_chart_needs_a_sender() -> None:
    text = FIRST["helm-vaultwarden"].text
    assert not any("smtp.from" in str(note) for note in import_text(text).remarks)
    found = import_text(text.replace('"vault@example.org"', '""'))
    assert any("no mail settings on to Vaultwarden" in note.text for note in found.remarks)


def test_grafana_names_the_switch_that_lets_a_password_in() -> None:
    whole = {"host": "a.example", "username": "u", "password": "x"}
    notes = export_text("helm-grafana", whole, with_password=True).notes
    assert any("assertNoLeakedSecrets" in note.text for note in notes)
    assert not any(
        "assertNoLeaked" in note.text for note in export_text("helm-grafana", whole).notes
    )


@table(
    "above",
    ["", "config:\n", "alertmanager:\n  config:\n"],
)
def test_alertmanager_in_its_charts(above: str) -> None:
    indent = "  " * above.count("\n")
    text = (
        "global:\n  smtp_smarthost: a.example:587\n  smtp_from: x@a.example\n"
        "receivers:\n- name: 'null'\n"
    )
    inside = "".join(f"{indent}{line}\n" for line in text.splitlines())
    values = import_text(f"replicas: 1\n{above}{inside}", name="values.yaml").values
    assert (values["host"], values["port"], values["encryption"]) == ("a.example", 587, "tls")


@table("name", CHARTS)
def test_an_awkward_password_in_place(name: str, tmp_path: Path) -> None:
    sample = FIRST[name]
    file = tmp_path / "values.yaml"
    file.write_text(sample.text, encoding="utf-8")
    document = open_document(file)
    for password in ("0755", "yes", "a: #b", "grün€", "$$(x)", 'it\'s "q"'):
        changes: dict[str, Any] = {"password": password}
        new = document.changed(document.default_table(), changes)
        assert import_text(new, name).values["password"] == password
        old_lines, new_lines = sample.text.splitlines(), new.splitlines()
        assert len(new_lines) == len(old_lines)
        assert sum(a != b for a, b in zip(old_lines, new_lines, strict=True)) == 1


def test_a_secret_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    text = FIRST["helm-mastodon"].text.replace("existingSecret:\n", "existingSecret: mail\n", 1)
    file.write_text(text, encoding="utf-8")
    document = open_document(file)
    with pytest.raises(DocumentError, match="another line of the file decides"):
        document.changed(document.default_table(), {"username": "a", "password": "new"})


@table("name", [name for name in CHARTS if name not in ("helm-vaultwarden", "helm-sentry")])
def test_a_chart_that_is_part_of_another(name: str, tmp_path: Path) -> None:
    sample = FIRST[name]
    lines = "".join(f"  {line}\n" for line in sample.text.splitlines())
    text = f"{name.removeprefix('helm-')}:\n{lines}"
    found = import_text(text, name="values.yaml")
    assert (found.format, found.values) == (name, sample.values)
    file = tmp_path / "values.yaml"
    file.write_text(text, encoding="utf-8")
    document = open_document(file)
    new = document.changed(document.default_table(), {"password": "new one"})
    assert import_text(new, name).values == {**sample.values, "password": "new one"}


def test_a_key_twice_elsewhere_in_the_file(tmp_path: Path) -> None:
    # As in the own values of Mastodon's chart 6.9.3.
    text = FIRST["helm-mastodon"].text + "  replica: {a: 1}\n  replica:\n    replicaCount: 0\n"
    file = tmp_path / "values.yaml"
    file.write_text(text, encoding="utf-8")
    document = open_document(file)
    new = document.changed(document.default_table(), {"port": 2525})
    assert new == text.replace("port: 587", "port: 2525", 1)
    file.write_text(text.replace("    port: 587\n", "    port: 587\n    port: 25\n", 1))
    with pytest.raises(DocumentError, match="has a key twice"):
        open_document(file)
