"""What applications' own languages and libraries make of what is written for them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.open_document import open_document
from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.formats.nextcloud_config import written_values
from smtp_tui.interchange.importer import import_text
from tests.interchange.awkward import HANDMADE
from tests.interchange.inplace.files import APP_YML, GITLAB, NEXTCLOUD
from tests.interchange.readers import Values, need, run, utf_8

pytestmark = pytest.mark.integration

SERVER: dict[str, Any] = {"host": "mail.example.org", "port": 587, "username": "al ice#$"}

_PHP_CONFIGS = (
    "$all = []; foreach (array_slice($argv, 1) as $file) { $CONFIG = []; include $file;"
    " $all[] = $CONFIG; } echo json_encode($all, JSON_THROW_ON_ERROR);"
)
_RUBY_CONFIGS = """
require 'json'
def external_url(url) = nil
def gitlab_rails = $settings
def postgresql = {}
puts ARGV.map { |file| $settings = {}; load file; $settings }.to_json
"""
_NODE_URLS = """
const {readFileSync} = require('fs'), {parseEnv} = require('util')
const {createTransport} = require('nodemailer')
const read = file => createTransport(parseEnv(readFileSync(file, 'utf8')).MAIL_URL)
console.log(JSON.stringify(process.argv.slice(1).map(file => read(file).transporter.options)))
"""
_SYMFONY = """
require '/usr/share/php/Symfony/Component/Mailer/autoload.php';
require '/usr/share/php/Symfony/Component/Dotenv/autoload.php';
$all = [];
foreach (array_slice($argv, 1) as $file) {
    $variables = (new Symfony\\Component\\Dotenv\\Dotenv())->parse(file_get_contents($file));
    $transport = Symfony\\Component\\Mailer\\Transport::fromDsn($variables['MAILER_DSN']);
    $stream = $transport->getStream();
    $all[] = [$stream->getHost(), $stream->getPort(), $stream->isTLS(), $transport->getUsername(),
        $transport->getPassword(), $transport->getLocalDomain(), $stream->getStreamOptions()];
}
echo json_encode($all, JSON_THROW_ON_ERROR);
"""


def written(folder: Path, name: str, texts: list[str]) -> list[str]:
    """Write each text to a file of its own, and return their paths."""
    paths = []
    for number, text in enumerate(texts):
        file = folder / str(number) / name
        file.parent.mkdir()
        file.write_text(text, encoding="utf-8")
        paths.append(str(file))
    return paths


def exported(name: str, **more: Any) -> list[str]:
    """A text for each password."""
    return [
        export_text(name, {**SERVER, **more, "password": password}, with_password=True).text
        for password in HANDMADE
    ]


def changed(folder: Path, name: str, text: str) -> dict[str, str]:
    """A text changed in place for each password that fits."""
    file = folder / name
    file.write_text(text)
    document, texts = open_document(file), {}
    for password in HANDMADE:
        try:
            texts[password] = document.changed("smtp", {**SERVER, "password": password})
        except DocumentError:
            continue
    file.unlink()
    return texts


def by_php(paths: list[str]) -> list[Values]:
    found: list[Values] = json.loads(run(need("php"), "-r", _PHP_CONFIGS, "--", *paths))
    return found


def test_php_reads_the_config_of_nextcloud(tmp_path: Path) -> None:
    texts = exported("nextcloud-config", openssl_verify_mode="none", **{"from": "a@b.example"})
    for password, config in zip(HANDMADE, by_php(written(tmp_path, "c.php", texts)), strict=True):
        assert config["mail_smtppassword"] == password
        assert config["mail_smtpname"] == "al ice#$"
        assert (config["mail_smtphost"], config["mail_smtpport"]) == ("mail.example.org", 587)
        assert config["mail_smtpauth"] is True
        assert config["mail_smtpstreamoptions"]["ssl"]["verify_peer"] is False
        assert (config["mail_from_address"], config["mail_domain"]) == ("a", "b.example")


def test_php_reads_a_config_that_was_changed_in_place(tmp_path: Path) -> None:
    texts = changed(tmp_path, "config.php", NEXTCLOUD)
    assert [*texts] == [*HANDMADE]
    found = by_php(written(tmp_path, "config.php", [*texts.values()]))
    for password, config in zip(texts, found, strict=True):
        assert config["mail_smtppassword"] == password
        assert config["dbpassword"] == "hush-hush"
        assert config["mail_smtphost"] == "mail.example.org"


def test_what_php_reads_is_what_is_read_here(tmp_path: Path) -> None:
    values = [
        r"'a\'b\\c\d'", r'"a\"b\\c\$d\t\q"', "'two' /* x */", '"#" # x', "TRUE", "1.5",
        "-3", "NULL", "['ssl' => array('verify_peer' => false)]",
    ]  # fmt: skip
    inner = "".join(f"'mail_{number}' => {value}\n," for number, value in enumerate(values))
    text = f"<?php\n$CONFIG = array(\n'mail_smtphost' => 'a.example',\n{inner});\n"
    (config,) = by_php(written(tmp_path, "c.php", [text]))
    assert {one.entry.name: one.entry.value for one in written_values(text)} == config


def by_ruby(paths: list[str]) -> list[Values]:
    found: list[Values] = json.loads(
        run(need("ruby"), "-Ku", "-e", _RUBY_CONFIGS, *paths, env=utf_8())
    )
    return found


def test_ruby_reads_gitlab_rb(tmp_path: Path) -> None:
    texts = exported("gitlab", openssl_verify_mode="none", encryption="ssl", authentication="login")
    found = by_ruby(written(tmp_path, "gitlab.rb", texts))
    for password, settings in zip(HANDMADE, found, strict=True):
        assert settings["smtp_password"] == password
        assert settings["smtp_user_name"] == "al ice#$"
        assert (settings["smtp_enable"], settings["smtp_tls"]) == (True, True)
        assert settings["smtp_enable_starttls_auto"] is False
        assert (settings["smtp_port"], settings["smtp_authentication"]) == (587, "login")


def test_ruby_reads_a_gitlab_rb_that_was_changed_in_place(tmp_path: Path) -> None:
    texts = changed(tmp_path, "gitlab.rb", GITLAB)
    assert [*texts] == [*HANDMADE]
    found = by_ruby(written(tmp_path, "gitlab.rb", [*texts.values()]))
    for password, settings in zip(texts, found, strict=True):
        assert settings["smtp_password"] == password
        assert (settings["smtp_address"], settings["smtp_port"]) == ("mail.example.org", 587)


def test_nodemailer_reads_the_url_of_meteor(tmp_path: Path) -> None:
    node, env = need("node"), utf_8() | {"NODE_PATH": "/usr/share/nodejs"}
    if subprocess.run(
        [node, "-e", "require('nodemailer')"], capture_output=True, check=False, env=env
    ).returncode:
        pytest.skip("nodemailer is not installed")
    for encryption in ("ssl", "tls"):
        texts = exported("meteor", encryption=encryption, domain="me.example.org")
        folder = tmp_path / encryption
        folder.mkdir()
        paths = written(folder, ".env", texts)
        found = json.loads(run(node, "-e", _NODE_URLS, *paths, env=env))
        for password, options in zip(HANDMADE, found, strict=True):
            assert options["auth"] == {"user": "al ice#$", "pass": password}
            assert options["secure"] is (encryption == "ssl")
            assert options.get("requireTLS", False) is (encryption == "tls")
            assert options["name"] == "me.example.org"


def by_symfony(paths: list[str]) -> list[list[Any]]:
    php = need("php")
    if not Path("/usr/share/php/Symfony/Component/Mailer/autoload.php").exists():
        pytest.skip("Symfony's mailer is not installed")
    found: list[list[Any]] = json.loads(run(php, "-r", _SYMFONY, "--", *paths))
    return found


def test_symfony_reads_its_dsn(tmp_path: Path) -> None:
    texts = exported("symfony", encryption="ssl", openssl_verify_mode="none", domain="me.example")
    unchecked = {"ssl": {"verify_peer": False, "verify_peer_name": False}}
    found = by_symfony(written(tmp_path, ".env", texts))
    for password, transport in zip(HANDMADE, found, strict=True):
        assert transport == [
            "mail.example.org", 587, True, "al ice#$", password, "me.example", unchecked
        ]  # fmt: skip


def test_symfony_and_we_read_a_dsn_alike(tmp_path: Path) -> None:
    dsns = [
        "smtp://mail.example.org", "smtp://localhost", "smtp://mail.example.org:465",
        "smtp://mail.example.org:25", "smtps://mail.example.org", "smtps://mail.example.org:587",
    ]  # fmt: skip
    texts = [f"MAILER_DSN={dsn}\n" for dsn in dsns]
    for text, transport in zip(texts, by_symfony(written(tmp_path, ".env", texts)), strict=True):
        values = import_text(text).values
        _, port, is_tls, *_ = transport
        assert (values["port"], values["encryption"] == "ssl") == (port, is_tls)


def test_ruby_reads_the_env_of_discourse(tmp_path: Path) -> None:
    texts = changed(tmp_path, "app.yml", APP_YML)
    script = (
        "require 'yaml'; require 'json'; puts ARGV.map { |f| YAML.load_file(f)['env'] }.to_json"
    )
    paths = written(tmp_path, "app.yml", [*texts.values()])
    found = json.loads(run(need("ruby"), "-Ku", "-e", script, *paths, env=utf_8()))
    for password, settings in zip(texts, found, strict=True):
        assert settings["DISCOURSE_SMTP_PASSWORD"] == password
        assert settings["DISCOURSE_SMTP_PORT"] == "587"
        assert settings["DISCOURSE_DB_PASSWORD"] == "hush-hush"
