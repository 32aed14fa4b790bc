"""Services as tables of settings: found, read, changed and shown like those of a TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given

from smtp_tui.config.diff import diff_lines, document_diff, is_stale, merged_with_disk
from smtp_tui.config.document import Document
from smtp_tui.config.errors import (
    DocumentError,
    NoTableError,
    NotExpressibleError,
    SeveralTablesError,
)
from smtp_tui.interchange.compose.settings import ComposeSettings, open_compose
from tests.interchange.awkward import passwords
from tests.interchange.compose.files import (
    CHATWOOT,
    FLOW,
    GRAFANA,
    MASTODON,
    SHARED,
    VAULTWARDEN,
)

PASSWORD = "wonderland$1"
NODE = """\
services:
  app:
    image: example/app
    environment:
      EMAIL_SERVER_HOST: smtp.example.org
      EMAIL_SERVER_PORT: 587
      EMAIL_SERVER_USER: app
      EMAIL_SERVER_PASSWORD: wonderland
"""
UNCLEAR = """\
services:
  app:
    image: example/app
    environment: [SMTP_HOST=smtp.example.org, SMTP_PORT=587]
"""


def opened(folder: Path, text: str, dialect: str | None = None, **files: str) -> Document:
    folder.chmod(0o700)
    file = folder / "compose.yaml"
    file.write_bytes(text.encode())
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content)
    return open_compose(file, dialect)


def test_a_service_is_a_table(tmp_path: Path) -> None:
    document = opened(tmp_path, VAULTWARDEN)
    assert document.tables() == ("services.vw",)
    assert document.default_table() == "services.vw"
    assert document.application == "Vaultwarden"
    assert str(document.recognition) == (
        "Read as Vaultwarden: it sets SIGNUPS_ALLOWED, SMTP_SECURITY (service vw)"
    )
    assert document.values("services.vw") == {
        "host": "smtp.example.org", "port": 587, "encryption": "tls", "username": "vault",
        "password": "pa$w0rd", "from": "vault@example.org",
    }  # fmt: skip
    assert document.given("services.vw") == document.values("services.vw").keys()
    assert document.limits.keys() >= {"ca_file", "tls_minimum"}
    assert document.remarks("services.vw") == ()


def test_the_image_decides_where_names_do_not(tmp_path: Path) -> None:
    document = opened(tmp_path, UNCLEAR.replace("example/app", "docker.io/vaultwarden/server:1"))
    assert document.application == "Vaultwarden"
    document = opened(tmp_path, UNCLEAR)
    with pytest.raises(NoTableError, match="may be those of several programs; name one with"):
        document.default_table()
    document = opened(tmp_path, UNCLEAR, "vaultwarden")
    assert document.default_table() == "services.app"
    assert document.values("services.app")["host"] == "smtp.example.org"


def test_names_that_any_program_may_have_show_no_program(tmp_path: Path) -> None:
    variables = "{SMTP_HOST: a.example, SMTP_PORT: '25', SMTP_USER: me, SMTP_PASSWORD: x}"
    content = f"services:\n  app:\n    image: example/app\n    environment: {variables}\n"
    document = opened(tmp_path, content)
    assert document.tables() == ()
    with pytest.raises(NoTableError, match="of a program that smtp-tui knows; name its format"):
        document.default_table()
    assert opened(tmp_path, content, "node").default_table() == "services.app"


def test_several_services(tmp_path: Path) -> None:
    document = opened(tmp_path, SHARED, _env="EMAIL_HOST_USER=app\n")
    with pytest.raises(SeveralTablesError) as caught:
        document.default_table()
    assert caught.value.names == ("services.back", "services.async", "services.queue")
    assert document.values("services.async")["username"] == "app"
    assert document.remarks("services.async")[0] == (
        "EMAIL_HOST_USER comes from EMAIL_HOST_USER in .env, unless the shell of docker compose "
        "sets it."
    )
    with pytest.raises(NoTableError, match=r"has no service services\.nope; it has services\.back"):
        document.values("services.nope")


def test_variables_of_an_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env.production").write_text("SMTP_SERVER=smtp.example.org\nSMTP_LOGIN=m\n")
    document = opened(tmp_path, MASTODON)
    assert document.tables() == ("services.web",)
    assert document.values("services.web")["username"] == "m"
    assert "SMTP_SERVER comes from line 1 of .env.production." in document.remarks("services.web")
    with pytest.raises(DocumentError, match=r"at line 1 of \.env\.production; change it there"):
        document.changed("services.web", {"host": "other.example"})


def test_files_beside_one_that_others_can_write_are_not_read(tmp_path: Path) -> None:
    document = opened(tmp_path, MASTODON.replace(".env.production", "secret.env"))
    (tmp_path / "secret.env").write_text("SMTP_SERVER=a.example\nSMTP_LOGIN=x\n")
    document.path.chmod(0o666)
    document.reload()
    assert document.tables() == ()
    settings = document._settings
    assert isinstance(settings, ComposeSettings)
    assert "the file secret.env is not read: every user can" in settings._neighbours.problems[0]


def test_a_device_or_a_pipe_is_no_env_file(tmp_path: Path) -> None:
    document = opened(tmp_path, MASTODON.replace(".env.production", "/dev/zero"))
    assert document.tables() == ()


@pytest.mark.parametrize(
    ("changes", "gone", "come"),
    [
        (
            {"host": "b.example"},
            ["smtp.example.org     # the relay"],
            ["b.example     # the relay"],
        ),
        (
            {"encryption": "ssl", "port": 465},
            ["SMTP_PORT:   '587'", "SMTP_SECURITY: starttls"],
            ["SMTP_PORT:   '465'", "SMTP_SECURITY: force_tls"],
        ),
        ({"from": None}, ["vault@example.org"], []),
        ({"domain": "me.example"}, [], ["HELO_NAME: me.example"]),
        ({"openssl_verify_mode": "none"}, [], ["INVALID_CERTS: ", "INVALID_HOSTNAMES: "]),
        ({"password": {"env": "MAIL_PASSWORD"}}, ["pa$$w0rd"], ["${MAIL_PASSWORD}"]),
        ({"host": "smtp.example.org", "port": "587"}, [], []),
    ],
)
def test_a_change_touches_its_own_lines(
    tmp_path: Path, changes: dict[str, Any], gone: list[str], come: list[str]
) -> None:
    document = opened(tmp_path, VAULTWARDEN)
    before = document.values("services.vw")
    document.save("services.vw", changes)
    old, new = VAULTWARDEN.splitlines(), document.path.read_text().splitlines()
    for lines, others, expected in ((old, new, gone), (new, old, come)):
        found = [line for line in lines if line not in others]
        assert len(found) == len(expected)
        assert all(part in line for part, line in zip(expected, found, strict=True))
    again = open_compose(document.path)
    assert again.values("services.vw") == document.values("services.vw")
    for key in before.keys() - changes.keys():
        assert again.values("services.vw")[key] == before[key]


LARAVEL = """\
services:
  web:
    environment: &mail
      MAIL_MAILER: smtp
      MAIL_HOST: mail.example.org
      MAIL_PORT: 465
      MAIL_ENCRYPTION: tls
      MAIL_USERNAME: alice
      MAIL_PASSWORD: ${PW:?set PW}
  worker:
    environment:
      MAIL_MAILER: smtp
      MAIL_HOST: mail.example.org
      MAIL_ENCRYPTION: tls
"""


def test_the_reason_names_all_services_of_the_program(tmp_path: Path) -> None:
    document = opened(tmp_path, LARAVEL)
    assert str(document.recognition) == (
        "Read as Laravel: it sets MAIL_MAILER, MAIL_ENCRYPTION (services web, worker)"
    )


def test_the_name_of_a_service_is_enough(tmp_path: Path) -> None:
    document = opened(tmp_path, LARAVEL)
    assert document.values("worker") == document.values("services.worker")


def test_a_variable_that_compose_requires_has_no_default(tmp_path: Path) -> None:
    remarks = " ".join(opened(tmp_path, LARAVEL).remarks("services.web"))
    assert "does not start without PW" in remarks
    assert "MAIL_PASSWORD has its default" not in remarks


def test_a_setting_that_decides_another_names_both(tmp_path: Path) -> None:
    document = opened(tmp_path, LARAVEL)
    with pytest.raises(NotExpressibleError, match="changing port would change encryption too"):
        document.changed("services.web", {"port": 587})
    changed = document.changed("services.web", {"port": 587, "encryption": "tls"})
    assert "MAIL_PORT: 587" in changed


@pytest.mark.parametrize(
    ("text", "changes", "reason"),
    [
        (VAULTWARDEN, {"ca_file": "/ca.pem"}, "Vaultwarden has no setting for ca_file"),
        (CHATWOOT, {"encryption": "tls"}, "Chatwoot cannot require STARTTLS"),
        (VAULTWARDEN, {"password": {"keyring": "x"}}, "a compose file holds the password itself"),
        (VAULTWARDEN, {"authentication": "cram-md5"}, "cannot be set to cram-md5"),
        (VAULTWARDEN, {"password": "two\nlines"}, "contains a line end"),
    ],
)
def test_what_the_program_cannot_express(
    tmp_path: Path, text: str, changes: dict[str, Any], reason: str
) -> None:
    document = opened(tmp_path, text)
    table = document.default_table()
    with pytest.raises(NotExpressibleError, match=reason) as caught:
        document.changed(table, changes)
    assert caught.value.key in changes
    ((key, value),) = changes.items()
    assert not document.can_express(table, key, value)
    assert document.path.read_text() == text


def test_names_of_node_programs_stay_theirs(tmp_path: Path) -> None:
    document = opened(tmp_path, NODE)
    document.save("services.app", {"host": "b.example", "password": "x y", "encryption": "ssl"})
    text = document.path.read_text()
    assert "EMAIL_SERVER_HOST: b.example" in text
    assert 'EMAIL_SERVER_PASSWORD: "x y"' in text
    assert "EMAIL_SERVER_SECURE: " in text
    assert "SMTP_" not in text


def test_programs_that_make_variables_of_their_files_keys(tmp_path: Path) -> None:
    document = opened(tmp_path, GRAFANA)
    assert document.tables() == ("services.grafana", "services.forgejo")
    grafana, forgejo = map(document.values, document.tables())
    assert (grafana["host"], grafana["port"], grafana["encryption"]) == (
        "smtp.example.org", 587, "tls",
    )  # fmt: skip
    assert (grafana["username"], grafana["password"]) == ("graf", "wonderland")
    assert (forgejo["port"], forgejo["encryption"]) == (465, "ssl")
    assert (forgejo["username"], forgejo["password"]) == ("git", "wonder$land")
    document.save(
        "services.grafana", {"host": "b.example", "password": "x$y", "domain": "g.example"}
    )
    document.save("services.forgejo", {"port": 2465, "domain": "git.example", "password": "a b"})
    text = document.path.read_text()
    for line in (
        '- "GF_SMTP_HOST=b.example:587"', '- "GF_SMTP_PASSWORD=x$$y"',
        "- GF_SMTP_EHLO_IDENTITY=g.example", "FORGEJO__mailer__SMTP_PORT: 2465",
        'FORGEJO__mailer__PASSWD: "a b"', "FORGEJO__mailer__HELO_HOSTNAME: git.example",
    ):  # fmt: skip
        assert f"      {line}\n" in text
    shown = "\n".join(map(str, document_diff(opened(tmp_path, GRAFANA), text)))
    assert "wonder" not in shown
    secret = GRAFANA.replace("PASSWORD=wonderland", "PASSWORD__FILE=/run/secrets/mail")
    document = opened(tmp_path, f"{secret}secrets: {{mail: {{file: ./mail.txt}}}}\n")
    assert document.values("services.grafana")["password"] == {"file": "./mail.txt"}


# What environment-to-ini would strip on the way to Gitea's file is quoted once more.
@pytest.mark.parametrize(
    ("password", "written"),
    [("'q'", '"""\'q\'"""'), ('"q"', '""""q""""'), (" x", '""" x"""'), ("a#b", "a#b")],
    ids=["single", "double", "blank", "sign"],
)
def test_a_password_that_gitea_would_strip(password: str, written: str, tmp_path: Path) -> None:
    document = opened(tmp_path, GRAFANA)
    document.save("services.forgejo", {"password": password})
    found = yaml.safe_load(document.path.read_text())["services"]["forgejo"]["environment"]
    assert found["FORGEJO__mailer__PASSWD"] == written
    again = opened(tmp_path, document.path.read_text())
    assert again.values("services.forgejo")["password"] == password


@pytest.mark.parametrize("before", ["off", "starttls", "force_tls"])
@pytest.mark.parametrize("after", ["none", "tls", "ssl"])
def test_the_encryption_can_be_changed(before: str, after: str, tmp_path: Path) -> None:
    document = opened(tmp_path, VAULTWARDEN.replace(": starttls", f': "{before}"'))
    document.save("services.vw", {"encryption": after})
    assert document.values("services.vw")["encryption"] == after


def test_an_unencrypted_connection_that_a_program_cannot_have_is_refused(tmp_path: Path) -> None:
    document = opened(tmp_path, NODE)
    with pytest.raises(NotExpressibleError) as error:
        document.changed("services.app", {"encryption": "none", "starttls_auto": False})
    assert error.value.key == "starttls_auto"


def test_a_password_comes_with_a_username(tmp_path: Path) -> None:
    lines = VAULTWARDEN.splitlines(keepends=True)
    text = "".join(line for line in lines if "USERNAME" not in line and "SMTP_PASSWORD" not in line)
    document = opened(tmp_path, text)
    assert document.can_express("services.vw", "password", "x" * 9)
    with pytest.raises(NotExpressibleError, match="uses a password only with a username"):
        document.changed("services.vw", {"password": "x" * 9})
    document.save("services.vw", {"username": "u", "password": "x" * 9})
    assert document.values("services.vw")["password"] == "x" * 9


def with_password_file(path: str) -> str:
    return VAULTWARDEN.replace("SMTP_PASSWORD: pa$$w0rd", f"SMTP_PASSWORD_FILE: {path}")


def test_a_path_inside_the_container_is_no_file_of_this_machine(tmp_path: Path) -> None:
    document = opened(tmp_path, with_password_file("/etc/shadow"))
    assert "password" not in document.values("services.vw")
    (remark,) = (line for line in document.remarks("services.vw") if "/etc/shadow" in line)
    assert "SMTP_PASSWORD_FILE: the file /etc/shadow is inside the container" in remark


@pytest.mark.parametrize("path", ["/run/secrets/mail", "/data/mail.txt"])
def test_no_password_is_written_beside_a_file_with_one(path: str, tmp_path: Path) -> None:
    text = f"{with_password_file(path)}secrets: {{mail: {{file: ./mail.txt}}}}\n"
    document = opened(tmp_path, text)
    with pytest.raises(NotExpressibleError, match="SMTP_PASSWORD_FILE names the file") as error:
        document.changed("services.vw", {"password": "x" * 9})
    assert error.value.key == "password"
    assert "SMTP_PORT:   '25'" in document.changed("services.vw", {"port": 25})


@given(passwords)
def test_a_password_comes_back(password: str) -> None:
    for text in (VAULTWARDEN, CHATWOOT, FLOW):
        settings = ComposeSettings(text, Path("/nowhere/x.yaml"))
        for table in settings.tables():
            wanted = {"username": "u", "password": password}
            new = settings.changed(table, wanted, create=False)
            again = ComposeSettings(new.text, Path("/nowhere/x.yaml"))
            assert again.values(table)["password"] == password


def test_a_diff_masks_every_secret(tmp_path: Path) -> None:
    document = opened(tmp_path, VAULTWARDEN.replace("# ask Bob", "# it was pa$$w0rd"))
    new = document.changed("services.vw", {"password": PASSWORD, "host": "b.example"})
    shown = "\n".join(map(str, document_diff(document, new)))
    assert "+      SMTP_HOST: b.example     # the relay" in shown
    assert "pa$$w0rd" not in shown
    assert "wonder" not in shown
    whole = "\n".join(map(str, diff_lines("", new, "x", document.secret_keys, document.display)))
    assert "wonder" not in whole
    assert "POSTGRES_PASSWORD: " in whole


def test_a_change_of_another_program_is_merged(tmp_path: Path) -> None:
    document = opened(tmp_path, VAULTWARDEN)
    document.path.write_text(VAULTWARDEN.replace("'587'", "'25'"))
    assert is_stale(document)
    merged = merged_with_disk(document, "services.vw", {"host": "b.example", "port": 26})
    assert merged.changes == {"host": "b.example"}
    assert [conflict.key for conflict in merged.conflicts] == ["port"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("global: {}\n", "the file has no services, so it is no compose file"),
        ("services: [\n", "is not valid YAML, which docker compose requires"),
        ("services: {a: {image: x}}\n", "no service has mail variables"),
    ],
)
def test_what_is_no_compose_file_with_mail(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DocumentError, match=problem):
        opened(tmp_path, text).default_table()
    assert "wonderland" not in repr(opened(tmp_path, VAULTWARDEN))


def test_a_format_must_be_one_of_variables(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="msmtp reads its mail settings from a file"):
        opened(tmp_path, VAULTWARDEN, "msmtp")
    with pytest.raises(DocumentError, match="'lldap' is not a format"):
        opened(tmp_path, VAULTWARDEN, "lldap")
