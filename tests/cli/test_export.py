"""`export`: what is printed, what is noted, and when a password is in it."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.spec import formats
from tests.cli.program import Outcome, run_program

Call = Callable[..., Outcome]
Toml = Callable[[str], Path]

TEXT = """\
[smtp]
host = "smtp.example.net"
port = 587
username = "tickets"
password = "wonder 'land' $5"
tls_minimum = "1.3"
"""


def test_export(call: Call, toml: Toml) -> None:
    outcome = call("export", "django", str(toml(TEXT)))
    assert outcome.status == 0
    assert outcome.out == (
        "import os\n\nimport django\n\nif django.VERSION >= (6, 1):\n"
        '    MAILERS = {\n        "default": {\n'
        '            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",\n'
        '            "OPTIONS": {\n                "host": \'smtp.example.net\',\n'
        '                "port": 587,\n                "use_tls": True,\n'
        '                "use_ssl": False,\n                "username": \'tickets\',\n'
        "                \"password\": os.environ['SMTP_PASSWORD'],\n"
        "            },\n        }\n    }\nelse:\n"
        '    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"\n'
        "    EMAIL_HOST = 'smtp.example.net'\n    EMAIL_PORT = 587\n    EMAIL_USE_TLS = True\n"
        "    EMAIL_USE_SSL = False\n    EMAIL_HOST_USER = 'tickets'\n"
        "    EMAIL_HOST_PASSWORD = os.environ['SMTP_PASSWORD']\n"
    )
    assert outcome.err == "smtp-tui: warning: tls_minimum: Django has no such setting\n"


def test_every_format_is_printed_as_it_is_written(call: Call, toml: Toml) -> None:
    """What a terminal must not get is escaped, which would spoil a file."""
    login = 'host = "smtp.example.net"\nport = 587\nusername = "a@b.example"\npassword = "wonder"\n'
    file = toml(f"[smtp]\n{login}")
    for name in formats():
        outcome = call("export", name, str(file), "--with-password")
        written = export_text(name, tomllib.loads(login), with_password=True).text
        assert (outcome.status, outcome.out) == (0, written.removesuffix("\n") + "\n"), name


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["django"], "    EMAIL_HOST_PASSWORD = \"wonder 'land' $5\""),
        (["mastodon"], "SMTP_PASSWORD=\"wonder 'land' \\$5\""),
        (["mastodon", "--quoting", "docker"], "SMTP_PASSWORD=wonder 'land' $5"),
        (["mastodon", "--quoting", "python"], "SMTP_PASSWORD=wonder 'land' $5"),
        (["vaultwarden", "--quoting", "systemd"], "SMTP_PASSWORD=\"wonder 'land' \\$5\""),
        (["msmtp"], "password wonder 'land' $5"),
    ],
)
def test_with_the_password(call: Call, toml: Toml, words: list[str], line: str) -> None:
    file = str(toml(TEXT))
    outcome = call("export", words[0], file, "--with-password", *words[1:])
    assert outcome.status == 0
    assert line in outcome.out.splitlines()
    assert "land" not in outcome.err
    assert "land" not in call("export", words[0], file, *words[1:]).out


def test_a_password_that_is_kept_elsewhere(
    call: Call, toml: Toml, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(toml(TEXT.replace("\"wonder 'land' $5\"", '{ env = "MAIL_SECRET" }')))
    outcome = call("export", "rails", file)
    assert "  password: ENV.fetch('MAIL_SECRET'),\n" in outcome.out
    monkeypatch.delenv("MAIL_SECRET", raising=False)
    outcome = call("export", "rails", file, "--with-password")
    assert (outcome.status, outcome.out) == (4, "")
    assert "MAIL_SECRET is not set" in outcome.err
    monkeypatch.setenv("MAIL_SECRET", "wonderland")
    outcome = call("export", "rails", file, "--with-password")
    assert "  password: 'wonderland',\n" in outcome.out
    assert "wonderland" not in outcome.err


def test_a_text_that_standard_output_would_change(toml: Toml) -> None:
    file = str(toml(TEXT.replace("$5", "€")))
    more = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}
    outcome = run_program("export", "rails", file, "--with-password", env=more)
    assert (outcome.status, outcome.out) == (74, "")
    assert "set LC_ALL=C.UTF-8" in outcome.err
    assert run_program("export", "rails", file, env=more).status == 0


def test_a_table(call: Call, toml: Toml) -> None:
    file = str(toml('[a]\nhost = "a.example"\nport = 1\n[b]\nhost = "b.example"\nport = 2\n'))
    outcome = call("export", "url", file)
    assert (outcome.status, outcome.out) == (2, "")
    assert call("export", "url", file, "--table", "b").out.startswith("smtp://b.example:2/")


def test_a_file_in_another_applications_words(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "lldap_config.toml"
    file.write_text('[smtp_options]\nserver = "a.example"\nport = 465\nsmtp_encryption = "TLS"\n')
    outcome = call("export", "url", str(file))
    assert (outcome.status, outcome.out.partition("?")[0]) == (0, "smtps://a.example:465\n")


@pytest.mark.parametrize(
    ("text", "words", "status", "said"),
    [
        (TEXT, ["qmail"], 2, "'qmail' is not a format"),
        (
            TEXT,
            ["rails", "--quoting", "ruby"],
            2,
            "--quoting is for .env files, and rails does not use one",
        ),
        (TEXT, ["mastodon", "--quoting", "perl"], 2, "'perl' is not a quoting"),
        (TEXT, ["rails", "--reveal"], 2, "the command export has no option --reveal"),
        (None, ["rails"], 3, "does not exist"),
        ('[smtp]\nhost = "a b"\nport = 1\n', ["rails"], 3, "SMTP Host (host)"),
        (TEXT.replace("$5", "$("), ["mastodon", "--with-password"], 3, "runs as a command"),
        (TEXT.replace("$5", "\u200b"), ["rails", "--with-password"], 3, "invisible character"),
    ],
)
def test_refused(
    call: Call, tmp_path: Path, text: str | None, words: list[str], status: int, said: str
) -> None:
    file = tmp_path / "mail.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    outcome = call("export", words[0], str(file), *words[1:])
    assert (outcome.status, outcome.out) == (status, "")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1
    assert "land" not in outcome.err
