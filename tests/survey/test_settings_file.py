"""Settings are read from each kind of file, by our keys and without running anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtp_tui.config.errors import DocumentError
from smtp_tui.survey.settings_file import COMPOSE, read_settings

ENV = """\
SMTP_ADDRESS=mail.example.org
SMTP_PORT=587
SMTP_USERNAME=alice
SMTP_PASSWORD='wonder land'
MAILER_SENDER_EMAIL=app@example.org
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_an_env_file_as_each_reader_reads_it(tmp_path: Path) -> None:
    file = read_settings(written(tmp_path, "app.env", ENV))
    (group,) = file.groups
    assert (group.application, group.name) == ("Chatwoot", "")
    assert group.values["port"] == 587
    assert group.readings["ruby"]["SMTP_PASSWORD"] == "wonder land"
    assert group.readings["docker"]["SMTP_PASSWORD"] == "'wonder land'"
    assert file.is_environment
    assert "wonder" not in repr(file)


def test_a_value_that_depends_on_other_variables_is_unknown(tmp_path: Path) -> None:
    text = ENV.replace("=587", "=${PORT}")
    (group,) = read_settings(written(tmp_path, ".env", text)).groups
    assert group.readings["ruby"]["SMTP_PORT"] is None


def test_toml_has_its_tables_and_its_application(tmp_path: Path) -> None:
    text = '[smtp]\nhost = "a.example"\nport = 25\n[other.smtp]\nhost = "b.example"\nport = 25\n'
    file = read_settings(written(tmp_path, "mail.toml", text))
    assert [group.name for group in file.groups] == ["smtp", "other.smtp"]
    assert not file.is_environment
    (only,) = read_settings(file.path, table="other.smtp").groups
    assert only.values["host"] == "b.example"
    lldap = written(
        tmp_path, "lldap_config.toml", '[smtp_options]\nserver = "a.example"\nport = 25\n'
    )
    assert read_settings(lldap).groups[0].application.casefold() == "lldap"


def test_toml_by_another_name_is_toml(tmp_path: Path) -> None:
    path = written(tmp_path, "mail.conf", '[smtp]\nhost = "a.example"\nport = 587\n')
    assert read_settings(path).groups[0].values["port"] == 587


def test_a_compose_file_has_its_services_and_their_files(tmp_path: Path) -> None:
    written(tmp_path, "app.env", ENV)
    text = (
        "services:\n  web:\n    environment:\n      SMTP_PORT: '2525'\n    env_file: app.env\n"
        "  db:\n    image: postgres\n"
    )
    (group,) = read_settings(written(tmp_path, "compose.yaml", text)).groups
    assert (group.name, group.service) == ("services.web", "web")
    assert group.values["port"] == 2525
    assert group.readings[COMPOSE]["SMTP_ADDRESS"] == "mail.example.org"
    assert group.sources == {str(tmp_path / "app.env")}


def test_a_file_of_another_program(tmp_path: Path) -> None:
    text = "[smtp]\nenabled = true\nhost = mail.example.org:587\nfrom_address = g@example.org\n"
    (group,) = read_settings(written(tmp_path, "grafana.ini", text)).groups
    assert group.application == "Grafana"
    assert group.format is not None
    assert not group.readings


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", b"buy milk\n"),
        ("empty.env", b""),
        ("mail.toml", b"[smtp\n"),
        ("none.toml", b"a = 1\n"),
        ("junk.env", b"\xff\xfe\x00"),
        ("compose.yaml", b"services: [\n"),
        ("compose.yml", b"services:\n  db:\n    image: x\n"),
    ],
)
def test_a_file_without_settings_is_one_error(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DocumentError) as caught:
        read_settings(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(DocumentError):
        read_settings(tmp_path / "gone.toml")


def test_a_command_is_never_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    text = f'[smtp]\nhost = "a.example"\npassword = {{ command = ["touch", "{ran}"] }}\n'
    read_settings(written(tmp_path, "mail.toml", text))
    assert not ran.exists()
