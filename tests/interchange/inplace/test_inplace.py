"""A program's own file is changed in place: the wanted lines, and no other byte."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from difflib import ndiff
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from smtp_tui.config.diff import document_diff
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NoTableError, NotExpressibleError, NotTomlError
from smtp_tui.config.open_document import open_document
from smtp_tui.interchange.importer import import_text
from smtp_tui.program import main
from tests.interchange.awkward import HANDMADE
from tests.interchange.compose.docker_compose import environments
from tests.interchange.inplace.files import APP_YML, CHATWOOT, FILES, GITLAB, NEXTCLOUD
from tests.table import table

TABLE = "smtp"


def opened(folder: Path, name: str, text: str | None = None) -> Document:
    file = folder / name
    file.write_text(FILES[name] if text is None else text, encoding="utf-8", newline="")
    return open_document(file)


def changed_lines(old: str, new: str) -> list[str]:
    return [line for line in ndiff(old.splitlines(), new.splitlines()) if line[0] in "-+"]


SSL = {"host": "new.example.org", "port": 465, "encryption": "ssl"}
CHANGES: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "gitlab.rb",
        SSL,
        [
            "- gitlab_rails['smtp_address'] = \"smtp.server\" # relay",
            "+ gitlab_rails['smtp_address'] = 'new.example.org' # relay",
            "+ gitlab_rails['smtp_port'] = 465",
            "+ gitlab_rails['smtp_tls'] = true",
            "+ gitlab_rails['smtp_enable_starttls_auto'] = false",
        ],
    ),
    (
        "gitlab.rb",
        {"password": {"env": "SECRET"}},
        [
            "- gitlab_rails['smtp_password'] = \"wonderland\"",
            "+ gitlab_rails['smtp_password'] = ENV['SECRET']",
        ],
    ),
    ("gitlab.rb", {"username": None, "password": None}, [
        "- gitlab_rails['smtp_user_name'] = \"smtp user\"",
        "- gitlab_rails['smtp_password'] = \"wonderland\"",
    ]),
    (
        "config.php",
        {**SSL, "openssl_verify_mode": "none", "from": "a@b.example"},
        [
            "+   'mail_smtpstreamoptions' => array('ssl' => array('verify_peer' => false, "
            "'verify_peer_name' => false)),",
            "-   'mail_smtphost' => 'smtp.example.org',  // the relay",
            "+   'mail_smtphost' => 'new.example.org',  // the relay",
            "-   'mail_smtpport' => '587',",
            "+   'mail_smtpport' => 465,",
            "-   'mail_smtppassword' => 'wonderland'",
            "+   'mail_smtppassword' => 'wonderland',",
            "+   'mail_smtpsecure' => 'ssl',",
            "+   'mail_from_address' => 'a',",
            "+   'mail_domain' => 'b.example',",
        ],
    ),
    (
        "one.config.php",
        {"port": 2525},
        [
            "- $CONFIG = ['mail_smtphost' => 'a.example', 'dbpassword' => 'hush-hush'];",
            "+ $CONFIG = ['mail_smtphost' => 'a.example', 'mail_smtpport' => 2525, "
            "'dbpassword' => 'hush-hush'];",
        ],
    ),
    (
        ".env",
        {"host": "new.example.org", "port": 25, "password": "it's #1"},
        [
            "- export SMTP_ADDRESS=mail.example.org # relay",
            "+ export SMTP_ADDRESS=new.example.org # relay",
            "+ SMTP_PORT=25",
            "- SMTP_PASSWORD='wonder#land'",
            '+ SMTP_PASSWORD="it\'s #1"',
        ],
    ),
    (
        "discourse.conf",
        {"host": "new.example.org", "openssl_verify_mode": "none"},
        [
            "- smtp_address = smtp.example.com # relay",
            "+ smtp_address = new.example.org # relay",
            "+ smtp_openssl_verify_mode = none",
        ],
    ),
    (
        "app.yml",
        SSL,
        [
            "-   DISCOURSE_SMTP_ADDRESS: smtp.example.com",
            "+   DISCOURSE_SMTP_ADDRESS: new.example.org",
            '+   DISCOURSE_SMTP_PORT: "465"',
            '+   DISCOURSE_SMTP_ENABLE_START_TLS: "false"',
            '+   DISCOURSE_SMTP_FORCE_TLS: "true"',
        ],
    ),
    (
        "app.ini",
        {**SSL, "from": "G <g@example.org>"},
        [
            "- SMTP_ADDR = mail.example.org",
            "+ SMTP_ADDR = new.example.org",
            "- SMTP_PORT = 587 ; sub",
            "+ SMTP_PORT = 465 ; sub",
            "- PROTOCOL = smtp+starttls",
            "+ PROTOCOL = smtps",
            "+ FROM = `G <g@example.org>`",
        ],
    ),
    (
        "grafana.ini",
        {"host": "new.example.org", "username": None, "password": None},
        [
            "- host = mail.example.org:587",
            "+ host = new.example.org:587",
            "- user = grafana",
            "- password = wonderland",
        ],
    ),
    (
        "symfony.env",
        {"host": "new.example.org"},
        [
            '- MAILER_DSN="smtp://u:wonderland@smtp.example.org:587"',
            "+ MAILER_DSN=smtp://u:wonderland@new.example.org:587",
        ],
    ),
    (
        "ghost.env",
        {"password": "pass word#1"},
        ["+ mail__options__auth__pass=pass word#1"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changes", "lines"), CHANGES)
def test_the_wanted_lines_change_and_no_others(
    tmp_path: Path, name: str, changes: dict[str, Any], lines: list[str]
) -> None:
    document = opened(tmp_path, name)
    mode = 0o640
    document.path.chmod(mode)
    document.save(TABLE, changes)
    new = document.path.read_text(encoding="utf-8")
    assert sorted(changed_lines(FILES[name], new)) == sorted(lines)
    assert document.path.stat().st_mode & 0o777 == mode
    again = open_document(document.path).values(TABLE)
    for key, value in changes.items():
        assert again.get(key) == value


@table("name", [*FILES])
def test_a_password_is_read_as_it_was_set(name: str) -> None:
    set_and_read(name, ["a\\b é;c", "it's%20 {x}"])


@pytest.mark.integration
@table("name", [*FILES])
def test_awkward_passwords_are_read_as_they_were_set(name: str) -> None:
    set_and_read(name, HANDMADE)


def set_and_read(name: str, passwords: Sequence[str]) -> None:
    """Set each password in a file and read it again; a refusal gives its reason alone."""
    with TemporaryDirectory() as folder:
        document = opened(Path(folder), name)
        refusals = []
        for password in passwords:
            try:
                text = document.changed(TABLE, {"username": "me", "password": password})
            except DocumentError as error:
                refusals.append((password, str(error)))
                continue
            again = opened(Path(folder), name, text)
            assert again.values(TABLE)["password"] == password
            assert again.changed(TABLE, {}) == text
        # docker run and docker compose read some of them differently.
        assert len(refusals) <= (14 if name == "ghost.env" else 5)
        assert not [why for password, why in refusals if len(password) > 4 and password in why]


@table("name", [*FILES])
def test_a_line_end_in_a_value_is_refused(name: str) -> None:
    with TemporaryDirectory() as folder:
        document = opened(Path(folder), name)
        for value in ("a\nb", "a\rb", "a\u2028b"):
            with pytest.raises(DocumentError):
                document.changed(TABLE, {"username": "me", "password": value})


@table("name", [*FILES])
def test_line_ends_are_kept(name: str) -> None:
    with TemporaryDirectory() as folder:
        text = FILES[name].replace("\n", "\r\n")
        changes = {"host": "new.example.org", "username": "me", "password": "secret"}
        new = opened(Path(folder), name, text).changed(TABLE, changes)
        assert new.count("\n") == new.count("\r\n")
        assert opened(Path(folder), name, new).values(TABLE)["password"] == "secret"


@table("name", [*FILES])
def test_a_diff_shows_no_secret(name: str) -> None:
    with TemporaryDirectory() as folder:
        document = opened(Path(folder), name)
        new = document.changed(TABLE, {"username": "me", "password": "looking-glass", "port": 2525})
        shown = "\n".join(map(str, document_diff(document, new, name)))
        assert "2525" in shown
        for secret in ("wonder", "hush-hush", "looking-glass"):
            assert secret not in shown


@pytest.mark.parametrize("name", ["gitlab.rb", "config.php", "symfony.env", "app.ini"])
def test_what_the_file_says_about_encryption_is_given(tmp_path: Path, name: str) -> None:
    document = opened(tmp_path, name).after(TABLE, SSL)
    assert {"host", "port", "encryption"} <= document.given(TABLE)


def test_an_end_without_a_line_end_stays(tmp_path: Path) -> None:
    text = CHATWOOT.removesuffix("\nOTHER=1")
    new = opened(tmp_path, ".env", text).changed(TABLE, {"from": "a@b.example"})
    assert new == f"{text}\nMAILER_SENDER_EMAIL=a@b.example"


VAULT = "SMTP_HOST=a.example\nSMTP_SECURITY=starttls\nSMTP_USERNAME=v\nSMTP_FROM=v@a.example\n"
N8N = "N8N_SMTP_HOST=a\nN8N_SMTP_PASS_FILE=/x\n"
REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("config.php", NEXTCLOUD, {"ca_file": "/ca.pem"}, "has no setting for ca_file"),
    (".env", CHATWOOT, {"password": {"file": "/x"}}, "holds the password itself"),
    ("symfony.env", FILES["symfony.env"], {"password": {"env": "X"}}, "holds the password itself"),
    (
        "config.php",
        f"{NEXTCLOUD}$CONFIG['mail_smtphost'] = 'b.example';\n",
        {"host": "c.example"},
        "another line of the file decides",
    ),
    ("app.yml", APP_YML, {"password": "007"}, "reads this password as a number"),
    ("gitlab.rb", GITLAB, {"encryption": "tls"}, "cannot require STARTTLS"),
    ("n8n.env", N8N, {"username": "u", "password": "x"}, "PASS_FILE"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "changes", "why"), REFUSED)
def test_what_the_program_lacks_is_refused(
    tmp_path: Path, name: str, text: str, changes: dict[str, Any], why: str
) -> None:
    document = opened(tmp_path, name, text)
    with pytest.raises(NotExpressibleError, match=why):
        document.save(TABLE, changes)
    assert document.path.read_text(encoding="utf-8") == text


def test_what_docker_run_and_compose_read_differently_is_not_written(tmp_path: Path) -> None:
    document = opened(tmp_path, "vault.env", VAULT)
    for password in ("a$b", "'q'", " lead", "a #b"):
        with pytest.raises(DocumentError, match="docker run and docker compose read this value"):
            document.changed(TABLE, {"password": password})


@pytest.mark.integration
def test_docker_compose_reads_what_is_written(tmp_path: Path) -> None:
    document, written = opened(tmp_path, "vault.env", VAULT), dict[str, str]()
    for number, password in enumerate(HANDMADE):
        with suppress(DocumentError):
            text = document.changed(TABLE, {"password": password})
            (tmp_path / f"{number}.env").write_text(text, encoding="utf-8")
            written[f"s{number}"] = password
    services = {name: {"image": "x", "env_file": f"{name[1:]}.env"} for name in written}
    file = tmp_path / "compose.yaml"
    file.write_text(json.dumps({"services": services}))
    found = environments(file)
    assert found is not None
    assert {name: one["SMTP_PASSWORD"] for name, one in found.items()} == written
    assert len(written) > 20


def test_another_table_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(NoTableError, match="one group of settings, smtp"):
        opened(tmp_path, ".env").values("mail")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("settings.py", "EMAIL_HOST = 'a.example'\nEMAIL_USE_TLS = True\n"),
        ("unclear.conf", "this is no settings file\n"),
        ("wp-config.php", "<?php\ndefine('SMTP_HOST', 'a');\n$CONFIGURATION = ['mail_x' => 1];\n"),
        ("puma.rb", "port ENV['PORT']\n# gitlab_rails['smtp_address'] = 'a'\n"),
    ],
)
def test_a_neighbour_is_not_taken_for_one(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(NotTomlError):
        opened(tmp_path, name, text)


def test_the_command_line_changes_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "gitlab.rb"
    file.write_text(GITLAB)
    assert main(["set", str(file), "port=2525"]) == 0
    assert "gitlab_rails['smtp_port'] = 2525\n" in file.read_text()
    assert main(["get", str(file), "port"]) == 0
    assert capsys.readouterr().out == "2525\n"
    assert main(["set", str(tmp_path / "missing.env"), "port=1"]) != 0


@pytest.mark.parametrize("name", [".env", "mail.env", "gitlab.rb", "config.php"])
def test_no_such_file_is_created_as_toml(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    file = tmp_path / name
    assert main(["set", str(file), "host=a.example", "--create"]) != 0
    assert "smtp-tui creates only TOML files" in capsys.readouterr().err
    assert not file.exists()


def test_a_format_can_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mail.conf"
    file.write_text("SMTP_HOST=a.example\nSMTP_PORT=25\n")
    assert main(["set", str(file), "--dialect", "outline", "port=2525"]) == 0
    assert file.read_text() == "SMTP_HOST=a.example\nSMTP_PORT=2525\n"
    assert "Read as Outline: you chose it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        (
            "gitlab.rb",
            "external_url 'http://a.example'\n# gitlab_rails['smtp_address'] = \"smtp.server\"\n",
            # Without the second, GitLab uses sendmail.
            [
                "gitlab_rails['smtp_address'] = 'new.example.org'",
                "gitlab_rails['smtp_enable'] = true",
            ],
        ),
        (
            "config.php",
            "<?php\n$CONFIG = array (\n  'instanceid' => 'x',\n);\n",
            ["  'mail_smtpmode' => 'smtp',", "  'mail_smtphost' => 'new.example.org',"],
        ),
        (
            "app.ini",
            "APP_NAME = x\n[server]\nHTTP_PORT = 80\n;[mailer]\n;ENABLED = false\n",
            # Without a protocol and a port Gitea uses implicit TLS.
            [
                "",
                "[mailer]",
                "ENABLED = true",
                "PROTOCOL = smtps",
                "SMTP_ADDR = new.example.org",
                "SMTP_PORT = 465",
            ],
        ),
    ],
    ids=["gitlab", "nextcloud", "gitea"],
)
def test_a_file_that_sets_no_mail_yet_is_known_by_its_name(
    tmp_path: Path, name: str, text: str, wanted: list[str]
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    assert main(["set", str(file), "host=new.example.org"]) == 0
    new = file.read_text(encoding="utf-8")
    assert changed_lines(text, new) == [f"+ {line}" for line in wanted]
    assert import_text(new, name=name).values["host"] == "new.example.org"


def test_a_sender_alone_switches_no_mail_server_on(tmp_path: Path) -> None:
    file = tmp_path / "gitlab.rb"
    file.write_text("external_url 'http://a.example'\n", encoding="utf-8")
    assert main(["set", str(file), "from=git@a.example"]) == 0
    assert "smtp_enable" not in file.read_text(encoding="utf-8")


def test_another_file_of_that_name_is_not_taken_for_one(tmp_path: Path) -> None:
    file = tmp_path / "config.php"
    file.write_text("<?php\n$CONFIG = array('title' => 'x');\n", encoding="utf-8")
    assert main(["set", str(file), "host=new.example.org"]) != 0
    assert "new.example.org" not in file.read_text(encoding="utf-8")
