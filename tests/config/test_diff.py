"""Diffs of TOML texts: what `diff -u` tells, and no secret on either side or between."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.config.diff import DiffLine, DiffMark, TomlForDisplay, diff_lines
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NotExpressibleError
from smtp_tui.config.mask import looks_secret, masked_value
from tests.config.dialect_samples import SAMPLES, Sample
from tests.table import table

S = "hunter2!"  # the secret of these tests


def told(old: str, new: str) -> str:
    return "\n".join(map(str, diff_lines(old, new, "mail.toml")))


def hidden(text: str) -> str:
    found = TomlForDisplay(text)
    return found.masked(found.secrets)


def test_no_difference_has_no_lines() -> None:
    assert diff_lines("a = 1\n", "a = 1\n", "x") == ()
    assert diff_lines("", "", "x") == ()


def test_a_changed_setting_among_its_neighbours() -> None:
    old = f'[smtp]\nhost = "a"\nport = 25  # of old\npassword = "{S}"\n'
    assert told(old, old.replace("25", "587")).splitlines() == [
        "--- mail.toml",
        "+++ mail.toml",
        "@@ -1,4 +1,4 @@",
        " [smtp]",
        ' host = "a"',
        "-port = 25  # of old",
        "+port = 587  # of old",
        ' password = "********"',
    ]


def test_a_changed_secret_shows_that_it_changed() -> None:
    found = diff_lines(f'password = "{S}"\n', 'password = "other"\n', "x")
    assert found[-2:] == (
        DiffLine(DiffMark.GONE, 'password = "********"'),
        DiffLine(DiffMark.ADDED, 'password = "********"'),
    )


def test_a_new_file_and_an_emptied_one() -> None:
    assert told("", "a = 1\n") == "--- /dev/null\n+++ mail.toml\n@@ -0,0 +1 @@\n+a = 1"
    assert told("a = 1\n", "") == "--- mail.toml\n+++ /dev/null\n@@ -1 +0,0 @@\n-a = 1"


def test_a_missing_line_end_is_told() -> None:
    assert told("a = 1", "a = 1\n").splitlines()[3:] == [
        *("-a = 1", "\\ No newline at end of file", "+a = 1"),
    ]


def test_carriage_returns_show_where_they_differ() -> None:
    assert "\r" not in told("a = 1\r\nb = 1\r\n", "a = 1\r\nb = 2\r\n")
    assert "-a = 1\r" in told("a = 1\r\n", "a = 1\n")


def test_a_byte_order_mark_is_no_trouble() -> None:
    assert told(f'\ufeffpassword = "{S}"\n', 'password = "x"\n').count("********") == 2


@given(st.lists(st.sampled_from(["a", "b", "c", "d"])), st.lists(st.sampled_from(["a", "b", "x"])))
def test_it_is_what_the_library_says(old: list[str], new: list[str]) -> None:
    texts = ["".join(f"# {line}\n" for line in lines) for lines in (old, new)]
    before, after = (text.splitlines(keepends=True) for text in texts)
    wanted = difflib.unified_diff(before, after)
    # The first two lines name the files.
    assert told(*texts).splitlines()[2:] == "".join(wanted).splitlines()[2:]


SECRET_LINES = [
    f'password = "{S}"',
    f"password = '{S}'",
    f'"SMTP_PASSWORD" = "{S}"',
    f'smtpPass = "{S}"',
    f'pass = "{S}"',
    f'pwd = "{S}"',
    f'user-passwd = "{S}"',
    f'apiKey = "{S}"',
    f'API_KEY = "{S}"',
    f'private.key.private_key = "{S}"',
    f'token = ["{S}", "b"]',
    f'smtp.password = "{S}"',
    f'x = {{ user = "a", credentials = {{ value = "{S}" }} }}',
    f'x = [{{ secret = "{S}" }}, {{ secret = "{S}" }}]',
    f'x = [ # password = {S}\n "a",\n {{ passphrase = "{S}" }},\n]',
    f'[tokens]\na = "{S}"',
    f'[[account]]\nsecret.value = "{S}"',
    f'[a."the secret".b]\nc = "{S}"',
    f'password = """\n{S}\nmore"""\nnext = 1',
    f"password = '''{S}'''",
    f'url = "smtp://me:{S}@host:25/"',
    f'url = "smtp://me:p@{S}@host"',
    f'url = "smtp://me:p/{S}@host"',
    f'url = "smtp://me:a b{S}@host"',
    f'url = "smtp://:{S}@host"',
    f'url = "smtp://me:\\"{S}@host"',
    f'url = "me:{S}@host"',
    f'url = ["smtp://me:{S}@host"]',
    f'dsn = "host=x password={S}"',
    f'url = "https://x.example/?a=b&token={S}"',
    f'json = \'{{"password": "{S}"}}\'',
    f'text = """\nuser: me\npassword: {S}\n"""',
    f'pem = """-----BEGIN RSA PRIVATE KEY-----\n{S}\n-----END RSA PRIVATE KEY-----"""',
    f'# password = "{S}"',
    f"a = 1 # smtp_pass: {S}",
    f"# smtp://me:{S}@host",
    f'password = "{S}" # {S} since May',
    f'password = {{ env = "A", other = "{S}" }}',
    f'password.raw = "{S}"',
    f'webhook_url = "https://hooks.example/{S}"',
    *(
        f'{name} = "{S}"'
        for name in ("key", "jwt", "hmac_key", "session_key", "sessionKey", "key1")
    ),
    *(f'{name} = "{S}"' for name in ("basic_auth", "creds", "pass1", "smtp_pass2", "pw2")),
    *(f'{name} = "{S}"' for name in ("clave", "mdp", "passord", "jelszo", "parool", "kodeord")),
    f'storage = "AccountName=x;AccountKey={S};EndpointSuffix=y"',
    *(f'{name} = "{S}"' for name in ("kennwort", "senha", "Wachtwoord", '"mot de passe"')),
    f'dsn = "smtp://me:{S}@host"',
    f'dsn = "smtp://{S}@host"',
    f'sentry-dsn = "https://{S}@sentry.example/1"',
    f'dsn = "me:{S}@tcp(db:3306)/mail"',
    f'dsn = "Uid=me;Pwd={S}"',
    f'hmac_key = "x/{S}"',
]


@table("text", SECRET_LINES)
def test_a_secret_is_hidden(text: str) -> None:
    for end in ("", "\n", "\r\n"):
        shown = hidden(text + end)
        assert S not in shown
        assert "********" in shown
        assert shown.count("\n") == (text + end).count("\n")
    assert S not in told(text, "") + told("", text) + told(text, f"{text}\nz = 1")


@table(
    "text",
    [
        'password = { env = "SMTP_PASSWORD" }',
        'password = { keyring = "smtp-tui mail" }',
        'password = { command = ["pass", "mail"] }',
        "password = { ask = true }",
        'smtp.password.file = "/run/secrets/mail"',
        '[smtp.password]\nfile = "/run/secrets/mail"',
        'password_file = "/run/secrets/mail"',
        'tokenPath = "/x"',
        "enable_password_reset = true",
        'host = "mail.example" # by the book',
        'from = "Tickets <tickets@example.net>"',
        'url = "smtps://mail.example:465/"',
        'client_key = "/etc/ssl/key.pem"',
        'client_key = "key"',
        'tls_key = "/etc/ssl/key.pem"',
        'key = "/etc/ssl/mail"',
        'private_key = "server.key"',
        'private_key = "$CREDENTIALS_DIRECTORY/key"',
        'public_key = "AAAAC3Nz"',
        'primary_key = "id"',
        'dsn = "host=x dbname=y"',
        '[keys]\ntest = "f5"',
        'keyboard = "de"',
        'monkey = "x"',
        'username = "token"',
        'compass_point = "n"',
        "when = 2026-01-02 03:04:05\nx = nan",
        '"a#b" = "c # d"',
    ],
)
def test_what_is_no_secret_shows(text: str) -> None:
    assert hidden(text) == text


def test_a_secret_in_a_place_is_hidden_all_the_same() -> None:
    assert S not in hidden(f'password = {{ command = ["curl", "https://me:{S}@vault"] }}')


def test_a_short_secret_leaves_other_comments_alone() -> None:
    assert hidden('pin = "12"  # 12 times') == 'pin = "********"  # 12 times'


def test_a_number_may_be_a_secret() -> None:
    assert hidden("password = 918273645 # 918273645") == 'password = "********" # ********'


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        *(("password", True), ("db-pass", True), ("Secret_Key_Base", True), ("host", False)),
        *(("key", True), ("passenger", False), ("bypass", True), ("keyring", False)),
        *(("otp", True), ("pasword", True), ("passwrod", True)),
    ],
)
def test_keys(key: str, secret: bool) -> None:
    assert looks_secret(key) is secret


def test_single_values() -> None:
    assert masked_value("password", S) == "********"
    assert masked_value("password", {"env": "X"}) == {"env": "X"}
    assert masked_value("host", "a") == "a"
    assert masked_value("tls", {"secret": S, "on": True}) == {"secret": "********", "on": True}
    assert masked_value("relays", [f"smtp://me:{S}@host"]) == ["smtp://me:********@host"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.dialect)
def test_no_application_has_a_password_that_a_diff_shows(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / sample.name
    path.write_text(sample.text)
    document = Document.open(path, sample.dialect)
    try:
        changed = document.changed(sample.table, {"username": "me", "password": S})
    except NotExpressibleError:
        pytest.skip("it has no password")
    after = document.after(sample.table, {"username": "me", "password": S})
    again = after.changed(sample.table, {"username": "me", "password": "other1!"})
    for old, new in ((document.text, changed), (changed, again)):
        # Whatever words it is read in.
        found = "\n".join(map(str, diff_lines(old, new, "x")))
        assert S not in found
        assert "other1!" not in found


def test_what_an_own_dialect_calls_its_password_is_hidden() -> None:
    old = 'code = "hunter1!"  # not hunter1!\n'
    found = diff_lines(old, f'code = "{S}"\n', "x", frozenset({"code"}))
    assert [str(line) for line in found[-2:]] == [
        '-code = "********"  # not ********',
        '+code = "********"',
    ]
