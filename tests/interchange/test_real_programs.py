"""What is written is what the programs and libraries themselves read."""

from __future__ import annotations

import base64
import configparser
import contextlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.importer import import_text
from smtp_tui.interchange.spec import InterchangeError
from tests.interchange.awkward import HANDMADE
from tests.interchange.readers import Values, need, need_module, run, utf_8
from tests.servers.requirements import program

pytestmark = pytest.mark.integration

WHOLE = {
    "host": "mail.example.org",
    "port": 465,
    "domain": "me.example.org",
    "encryption": "ssl",
    "username": "al ice#$",
    "authentication": "login",
    "openssl_verify_mode": "peer",
    "from": "alice@example.org",
    "timeout": 20,
    "ca_file": "/etc/ssl/certs/ca-certificates.crt",
    "tls_minimum": "1.2",
}
_NODE = (
    "const {createTransport} = require('nodemailer');"
    "const given = process.argv[1].startsWith('{') ? JSON.parse(process.argv[1]) : process.argv[1];"
    "console.log(JSON.stringify(createTransport(given).transporter.options));"
)
_RAILS = (
    "require 'json'; module ActionMailer; class Base; class << self;"
    "attr_accessor :delivery_method, :smtp_settings, :default_options; end; end; end;"
    "puts ARGV.map { |f| load f; ActionMailer::Base.smtp_settings }.to_json"
)


def exported(name: str, password: str = "wonderland", **more: Any) -> str:
    return export_text(name, {**WHOLE, "password": password, **more}, with_password=True).text


def fitting(name: str) -> list[str]:
    """The handmade passwords that the format can hold."""
    refused = {"gitea": {"%(x)s"}, "postfix": {"trail "}, "swaks": {"-x", "<>"}}
    return [one for one in HANDMADE if one not in refused.get(name, set())]


def by_msmtp(tmp_path: Path, text: str) -> dict[str, str]:
    file = tmp_path / "msmtprc"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    told = run(need("msmtp"), "--pretend", "-C", str(file), "a@example.org", input="")
    return dict(re.findall(r"^([a-z_ ]+?) = (.*)$", told, re.MULTILINE))


def test_msmtp(tmp_path: Path) -> None:
    found = by_msmtp(tmp_path, exported("msmtp"))
    assert found["host"] == "mail.example.org"
    assert (found["port"], found["tls"], found["tls_starttls"]) == ("465", "on", "off")
    assert (found["auth"], found["user"], found["domain"]) == (
        "LOGIN",
        "al ice#$",
        "me.example.org",
    )
    assert (found["timeout"], found["from"]) == ("20 seconds", "alice@example.org")
    assert found["tls_trust_file"] == "/etc/ssl/certs/ca-certificates.crt"
    assert found["password"] == "*"


@pytest.mark.parametrize("text", HANDMADE)
def test_msmtp_keeps_every_sign(tmp_path: Path, text: str) -> None:
    # msmtp shows user names, and quotes them as it does passwords.
    found = by_msmtp(tmp_path, exported("msmtp", username=text))
    assert found["user"] == text


def test_what_msmtp_takes_where_nothing_is_set(tmp_path: Path) -> None:
    for text in (
        "account a\nhost a.example\n",
        "account a\nhost a.example\ntls on\ntls_starttls off\n",
    ):
        found = by_msmtp(tmp_path, f"{text}from a@a.example\naccount default : a\n")
        ours = import_text(text, "msmtp").values
        assert found["port"] == str(ours["port"])
        assert found["domain"] == ours["domain"]
        assert (found["auth"] == "none") is (ours["authentication"] == "none")


def test_postfix(tmp_path: Path) -> None:
    try:
        postconf = str(program("postconf"))
    except FileNotFoundError:
        pytest.skip("Postfix is not installed")
    (tmp_path / "main.cf").write_text(exported("postfix"), encoding="utf-8")
    done = subprocess.run(
        [postconf, "-c", str(tmp_path), "-n"], capture_output=True, text=True, check=True
    )
    assert "unused parameter" not in done.stderr
    found = dict(line.split(" = ", 1) for line in done.stdout.splitlines())
    assert found["relayhost"] == "[mail.example.org]:465"
    assert found["smtp_tls_wrappermode"] == "yes"
    assert found["smtp_tls_security_level"] == "secure"
    assert found["smtp_sasl_mechanism_filter"] == "login"
    assert found["smtp_tls_mandatory_protocols"] == ">=TLSv1.2"


def test_the_password_file_of_postfix(tmp_path: Path) -> None:
    try:
        postmap = str(program("postmap"))
    except FileNotFoundError:
        pytest.skip("Postfix is not installed")
    (tmp_path / "main.cf").write_text("compatibility_level = 3.6\n")
    held = {f"[mail.example.org]:{port}": one for port, one in enumerate(fitting("postfix"), 1)}
    texts = [exported("postfix", one, port=port) for port, one in enumerate(held.values(), 1)]
    lines = [f"[{text.rpartition(chr(10) + '# [')[2]}" for text in texts]
    (tmp_path / "sasl_passwd").write_text("".join(lines), encoding="utf-8")
    words = ("-c", str(tmp_path), "-q", "-", f"texthash:{tmp_path}/sasl_passwd")
    told = run(postmap, *words, input="".join(f"{relay}\n" for relay in held))
    found = dict(line.split("\t", 1) for line in told.splitlines())
    assert found == {relay: f"al ice#$:{password}" for relay, password in held.items()}


def test_django(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text(exported("django", 'it\'s \\ "$" é'), encoding="utf-8")
    names = ("HOST", "PORT", "USE_TLS", "USE_SSL", "HOST_USER", "HOST_PASSWORD", "TIMEOUT")
    script = (
        "import json, settings\n"
        f"print(json.dumps({{n: getattr(settings, 'EMAIL_' + n) for n in {names!r}}}))"
    )
    found: Values = json.loads(run(sys.executable, "-c", script, cwd=tmp_path))
    assert found == {
        "HOST": "mail.example.org", "PORT": 465, "USE_TLS": False, "USE_SSL": True,
        "HOST_USER": "al ice#$", "HOST_PASSWORD": "it's \\ \"$\" é", "TIMEOUT": 20,
    }  # fmt: skip


def test_rails(tmp_path: Path) -> None:
    held = fitting("rails")
    files = [tmp_path / f"{number}.rb" for number in range(len(held))]
    for file, password in zip(files, held, strict=True):
        file.write_text(exported("rails", password), encoding="utf-8")
    told = json.loads(run(need("ruby"), "-Ku", "-e", _RAILS, *map(str, files), env=utf_8()))
    for password, found in zip(held, told, strict=True):
        assert found["password"] == password
        assert (found["address"], found["port"], found["tls"]) == ("mail.example.org", 465, True)


@pytest.mark.parametrize("name", ["nodemailer", "url"])
def test_nodemailer(name: str) -> None:
    node, env = need("node"), utf_8() | {"NODE_PATH": "/usr/share/nodejs"}
    if subprocess.run(
        [node, "-e", "require('nodemailer')"], capture_output=True, check=False, env=env
    ).returncode:
        pytest.skip("nodemailer is not installed")
    for password in ("it's", 'a"\\', "p@ss:w/ord?", "a#b", "100%", "grün€𝄞", "$HOME"):
        for encryption, port in (("ssl", 465), ("tls", 587)):
            text = exported(name, password, encryption=encryption, port=port, ca_file="").strip()
            found: Values = json.loads(run(node, "-e", _NODE, text, env=env))
            assert (found["host"], found["port"]) == ("mail.example.org", port)
            assert found["secure"] is (encryption == "ssl")
            assert found.get("requireTLS", False) is (encryption == "tls")
            assert found["auth"]["user"] == "al ice#$"
            assert found["auth"]["pass"] == password
            assert (found["name"], found["authMethod"]) == ("me.example.org", "LOGIN")


def test_alertmanager_by_pyyaml() -> None:
    need_module("yaml")
    import yaml

    for password in fitting("alertmanager"):
        found = yaml.safe_load(exported("alertmanager", password))["global"]
        assert found["smtp_auth_password"] == password
        assert found["smtp_smarthost"] == "mail.example.org:465"
        assert found["smtp_require_tls"] is False


def test_nodemailer_by_json() -> None:
    for password in fitting("nodemailer"):
        assert json.loads(exported("nodemailer", password))["auth"]["pass"] == password


def test_swaks_by_a_shell() -> None:
    script = 'swaks() { for one in "$@"; do printf "%s\\0" "$one"; done; }\n'
    for password in fitting("swaks"):
        words = run(need("bash"), "-c", script + exported("swaks", password)).split("\0")
        assert words[words.index("--auth-password") + 1] == password
        assert words[words.index("--auth-user") + 1] == "al ice#$"


# Where the username and the password stand in each YAML file, and their own libraries.
_IN_YAML = {
    "synapse": ("email", "smtp_user", "smtp_pass"),
    "authelia": ("notifier", "smtp", "username", "password"),
    "gotosocial": ("smtp-username", "smtp-password"),
    "ntfy": ("smtp-sender-user", "smtp-sender-pass"),
    "vikunja": ("mailer", "username", "password"),
    "home-assistant": ("notify", 0, "username", "password"),
    "crowdsec": ("smtp_username", "smtp_password"),
    "redmine": ("production", "email_delivery", "smtp_settings", "user_name", "password"),
    "spring": ("spring", "mail", "username", "password"),
    "helm-nextcloud": ("nextcloud", "mail", "smtp", "name", "password"),
    "helm-mastodon": ("mastodon", "smtp", "login", "password"),
}
_RUBY_YAML = (
    "require 'yaml'; require 'erb'; require 'json';"
    "puts ARGV.map { |f| YAML.load(ERB.new(File.read(f)).result, permitted_classes: [Symbol]) }"
    ".to_json"
)


def all_that_fit(name: str) -> dict[str, str]:
    """An export for each handmade password that the format can hold."""
    whole = {**WHOLE, "port": 587, "encryption": "tls"}
    found = {}
    for password in HANDMADE:
        with contextlib.suppress(InterchangeError):
            exported = export_text(name, {**whole, "password": password}, with_password=True)
            found[password] = exported.text
    assert len(found) > len(HANDMADE) - 5
    return found


@pytest.mark.parametrize("name", _IN_YAML)
def test_yaml_by_pyyaml(name: str) -> None:
    need_module("yaml")
    import yaml

    *above, user, secret = _IN_YAML[name]
    for password, written in all_that_fit(name).items():
        found = yaml.safe_load(written)
        for step in above:
            found = found[step]
        assert (found[user], found[secret]) == ("al ice#$", password)


def test_redmine_by_ruby(tmp_path: Path) -> None:
    ruby = need("ruby")
    held = all_that_fit("redmine")
    files = [tmp_path / f"{number}.yml" for number in range(len(held))]
    for file, written in zip(files, held.values(), strict=True):
        file.write_text(written, encoding="utf-8")
    told = run(ruby, "-Ku", "-e", _RUBY_YAML, *map(str, files), env=utf_8())
    for password, found in zip(held, json.loads(told), strict=True):
        delivery = found["production"]["email_delivery"]
        assert delivery["smtp_settings"]["password"] == password
        # JSON has no symbols; a text would have kept its colon.
        assert delivery["delivery_method"] == "smtp"
        assert delivery["smtp_settings"]["authentication"] == "login"


def test_roundcube_by_php(tmp_path: Path) -> None:
    php = need("php")
    script = (
        "foreach (array_slice($argv, 1) as $f) { include $f; $a[] = $config; $config = []; }"
        "echo json_encode($a);"
    )
    held = all_that_fit("roundcube")
    files = [tmp_path / f"{number}.php" for number in range(len(held))]
    for file, written in zip(files, held.values(), strict=True):
        file.write_text(written, encoding="utf-8")
    for password, found in zip(
        held, json.loads(run(php, "-r", script, "--", *map(str, files))), strict=True
    ):
        assert (found["smtp_user"], found["smtp_pass"]) == ("al ice#$", password)
        assert found["smtp_host"] == "tls://mail.example.org:587"
        assert found["smtp_timeout"] == 20
        assert found["smtp_conn_options"]["ssl"]["cafile"] == WHOLE["ca_file"]


def test_odoo_by_configparser() -> None:
    for password, written in all_that_fit("odoo").items():
        parser = configparser.RawConfigParser()
        parser.read_string(written)
        found = dict(parser.items("options"))
        assert (found["smtp_user"], found["smtp_password"]) == ("al ice#$", password)
        assert (found["smtp_ssl"], found["smtp_port"]) == ("True", "587")


def test_ghost_by_nodemailer() -> None:
    node, env = need("node"), utf_8() | {"NODE_PATH": "/usr/share/nodejs"}
    if subprocess.run(
        [node, "-e", "require('nodemailer')"], capture_output=True, check=False, env=env
    ).returncode:
        pytest.skip("nodemailer is not installed")
    script = (
        "const {createTransport} = require('nodemailer');"
        "console.log(JSON.stringify(process.argv.slice(1).map(text =>"
        " createTransport(JSON.parse(text).mail.options).transporter.options)));"
    )
    held = all_that_fit("ghost-json")
    told = json.loads(run(node, "-e", script, *held.values(), env=env))
    for password, found in zip(held, told, strict=True):
        assert found["auth"] == {"user": "al ice#$", "pass": password}
        assert (found["host"], found["port"], found["requireTLS"]) == (
            "mail.example.org",
            587,
            True,
        )


@pytest.mark.parametrize("name", ["keycloak", "vaultwarden-json"])
def test_json(name: str) -> None:
    for password, written in all_that_fit(name).items():
        found = json.loads(written)
        found = found.get("smtpServer", found)
        assert password in (found.get("password"), found.get("smtp_password"))


_JAVA = """\
import java.nio.file.*; import java.util.*;
public class Read { public static void main(String[] files) throws Exception {
  for (String file : files) {
    Properties found = new Properties();
    found.load(Files.newBufferedReader(Path.of(file)));
    byte[] value = found.getProperty("spring.mail.password").getBytes("UTF-8");
    System.out.println(Base64.getEncoder().encodeToString(value)); } } }
"""


def test_properties_by_java(tmp_path: Path) -> None:
    java = need("java")
    if "jdk.compiler" not in run(java, "--list-modules"):
        pytest.skip("no Java compiler is installed")
    (tmp_path / "Read.java").write_text(_JAVA)
    held = all_that_fit("spring-properties")
    files = [tmp_path / f"{number}.properties" for number in range(len(held))]
    for file, written in zip(files, held.values(), strict=True):
        file.write_text(written, encoding="utf-8")
    told = run(java, str(tmp_path / "Read.java"), *map(str, files)).split()
    assert [base64.b64decode(line).decode() for line in told] == [*held]
