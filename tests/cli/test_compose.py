"""get, set, check, import and export on a service of a compose file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.interchange.compose.files import CHATWOOT, FLOW, VAULTWARDEN

SECRET = "wonder$land #1"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    found = tmp_path / "compose.yaml"
    found.write_text(VAULTWARDEN.replace("pa$$w0rd", '"wonder$$land #1"'))
    found.chmod(0o600)
    return found


def test_get_prints_the_settings_and_masks_the_password(call: Call, file: Path) -> None:
    done = call("get", str(file))
    assert done.status == 0
    assert done.out.splitlines()[:3] == [
        'host = "smtp.example.org"',
        "port = 587",
        'encryption = "tls"',
    ]
    assert 'password = "********"' in done.out
    assert "wonder" not in done.out + done.err
    assert "note: Read as Vaultwarden: it sets " in done.err
    assert " (service vw).\n" in done.err
    assert call("get", str(file), "password", "--reveal").out == f"{SECRET}\n"


def test_set_changes_the_file_in_place(call: Call, file: Path) -> None:
    old = file.read_text()
    done = call("set", str(file), "host=b.example", "domain=me.example", "--diff")
    assert done.status == 1
    assert "+      SMTP_HOST: b.example     # the relay" in done.out
    assert "wonder" not in done.out + done.err
    assert file.read_text() == old
    done = call("set", str(file), "--password-stdin", stdin=b"p$w'\n")
    assert (done.status, done.out) == (0, "")
    assert file.read_text() == old.replace('"wonder$$land #1"', '"p$$w\'"')


@pytest.mark.parametrize(
    ("words", "status", "problem"),
    [
        (["ca_file=/x.pem"], 3, "Vaultwarden has no setting for ca_file"),
        (["host=b.example", "--table", "services.db"], 3, "has no mail variables"),
        (["host=b.example", "--table", "services.none"], 3, "has no service services.none"),
        (["host=b.example", "--dialect", "lldap"], 3, "'lldap' is not a format"),
    ],
)
def test_what_set_refuses(
    call: Call, file: Path, words: list[str], status: int, problem: str
) -> None:
    old = file.read_text()
    done = call("set", str(file), *words)
    assert done.status == status
    assert problem in done.err
    assert len(done.err.splitlines()[-1]) < 1000
    assert file.read_text() == old


def test_check_tests_a_service(call: Call, file: Path) -> None:
    file.write_text(file.read_text().replace("smtp.example.org", "127.0.0.1").replace("587", "1"))
    done = call("check", str(file), "--json", "--extra", "0")
    assert done.status == 6
    assert (done.verdict["table"], done.verdict["cause"]) == ("services.vw", "connection-refused")
    assert "wonder" not in done.out + done.err


def test_a_file_inside_the_container_is_not_read_here(call: Call, tmp_path: Path) -> None:
    """Another file may have the same path on this machine."""
    authority = tmp_path / "ca.pem"
    authority.write_text("no certificate")
    file = tmp_path / "compose.yaml"
    file.write_text(
        "services:\n  web:\n    image: ghcr.io/mastodon/mastodon\n    environment:\n"
        "      LOCAL_DOMAIN: social.example\n      SMTP_SERVER: 127.0.0.1\n      SMTP_PORT: 1\n"
        f"      SMTP_CA_FILE: {authority}\n"
    )
    assert call("get", str(file), "ca_file").out == f"{authority}\n"
    done = call("check", str(file), "--json", "--extra", "0")
    assert done.verdict["cause"] == "connection-refused"
    assert f"ca_file: {authority} is a path inside the container" in done.out
    # One that the call names is of this machine.
    done = call("check", str(file), "--json", "--set", f"ca_file={authority}")
    assert (done.status, done.verdict["stage"]) == (3, "settings")


def test_every_service_with_mail_is_checked(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "compose.yml"
    file.write_text(FLOW.replace("smtp.example.org", "127.0.0.1"))
    done = call("get", str(file))
    assert done.status == 2
    assert "name one of services.vw, services.cw with --table" in done.err
    done = call("check", str(file), "--all", "--json", "--set", "port=1")
    tables = [json.loads(line).get("table") for line in done.out.splitlines()]
    assert {"services.vw", "services.cw"} <= set(tables)


def test_import_takes_a_service(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "stack.yml"
    file.write_text(FLOW)
    done = call("import", str(file))
    assert done.status == 2
    assert "several services with mail settings (vw, cw); name one with --account" in done.err
    done = call("import", str(file), "--account", "cw")
    assert done.status == 0
    assert 'host = "smtp.example.org"' in done.out
    assert "read as Chatwoot: it sets " in done.err
    assert " (service cw);" in done.err


def test_import_reads_the_files_beside_it_and_standard_input(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    text = CHATWOOT.replace("SMTP_PASSWORD=wonderland", "SMTP_PASSWORD=${MAIL_PASSWORD}")
    file.write_text(text)
    (tmp_path / ".env").write_text("MAIL_PASSWORD='it\\'s'\n")
    assert 'password = "it\'s"' in call("import", str(file)).out
    done = call("import", "-", stdin=text.encode())
    assert 'password = { env = "MAIL_PASSWORD" }' in done.out


def test_export_takes_the_settings_of_a_service(call: Call, file: Path) -> None:
    done = call("export", "mastodon", str(file), "--with-password")
    assert done.status == 0
    assert "SMTP_SERVER=smtp.example.org" in done.out
    assert "SMTP_PASSWORD='wonder$land #1'" in done.out


def test_import_into_a_service(call: Call, file: Path) -> None:
    text = "SMTP_ADDRESS=b.example\nSMTP_PORT=465\nSMTP_TLS=true\nSMTP_USERNAME=x\n"
    done = call("import", "-", "--into", str(file), stdin=text.encode())
    assert done.status == 0, done.err
    assert "SMTP_HOST: b.example     # the relay" in file.read_text()
    assert "SMTP_SECURITY: force_tls" in file.read_text()


def test_a_new_file_is_toml(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    done = call("set", str(file), "host=a.example", "--create")
    assert done.status == 3
    assert "does not exist; smtp-tui creates only TOML files" in done.err
    assert not file.exists()


def test_what_is_no_compose_file(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text("global:\n  smtp_smarthost: 'a.example:25'\n")
    done = call("get", str(file))
    assert done.status == 3
    assert "the file has no services, so it is no compose file" in done.err
    assert "name its format with --dialect" in done.err
    assert call("import", str(file)).status == 0
