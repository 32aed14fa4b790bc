"""What is found in other programs' files, what is not understood, and how they are recognised."""

from __future__ import annotations

import pytest

from smtp_tui.interchange.import_builder import MOST_LISTED
from smtp_tui.interchange.importer import candidates, companions, import_text, recognise
from smtp_tui.interchange.spec import InterchangeError, QuotingError, formats
from smtp_tui.settings.validate import parse_settings
from tests.interchange.helm_samples import HELM_SAMPLES
from tests.interchange.mail_server_samples import MAIL_SERVER_SAMPLES
from tests.interchange.sample import OPEN, SSL, TLS, Sample
from tests.interchange.samples import SAMPLES as OTHER_SAMPLES
from tests.interchange.tree_samples import TREE_SAMPLES
from tests.table import table

SAMPLES = [*OTHER_SAMPLES, *TREE_SAMPLES, *MAIL_SERVER_SAMPLES, *HELM_SAMPLES]
WITHOUT_LINES = {"nodemailer", "url", "swaks", "ghost-json", "vaultwarden-json", "keycloak", "odoo"}


def called(sample: Sample) -> str:
    return f"{sample.format}-{SAMPLES.index(sample)}"


@table("sample", SAMPLES, ids=called)
def test_a_sample(sample: Sample) -> None:
    found = import_text(sample.text, name=sample.name, beside=sample.beside)
    assert found.format == sample.format
    assert found.values == sample.values
    # The editor of TOML files knows no other types, not even a kind of str.
    password = found.values.get("password")
    values = [*found.values.values(), *(password.values() if isinstance(password, dict) else ())]
    assert {type(value) for value in values} <= {str, int, float, bool, dict, list}
    assert [one.name for one in found.unread] == sample.unread
    assert sorted({note.key for note in found.remarks}) == sorted(set(sample.remarks))


@table("sample", SAMPLES, ids=called)
def test_what_is_found_is_good_or_incomplete(sample: Sample) -> None:
    problems = {one.key for one in parse_settings(sample.values).problems}
    assert problems <= {"host", "username"}
    assert ("host" in sample.values) is ("host" not in problems)


@table("sample", SAMPLES, ids=called)
def test_no_secret_is_repeated(sample: Sample) -> None:
    found = import_text(sample.text, name=sample.name, beside=sample.beside)
    told = "\n".join(map(str, (*found.unread, *found.remarks)))
    secret = sample.values.get("password")
    assert not isinstance(secret, str) or secret not in told
    assert not isinstance(secret, str) or secret not in repr(found)
    assert "wonderland" not in told


@table("sample", SAMPLES, ids=called)
def test_lines_are_told(sample: Sample) -> None:
    found = import_text(sample.text, name=sample.name, beside=sample.beside)
    lines = sample.text.split("\n")
    for one in found.unread:
        if one.line is not None:
            assert one.name.rpartition(".")[2] in lines[one.line - 1]
        else:
            assert sample.format in WITHOUT_LINES


def test_every_format_has_a_sample() -> None:
    assert {sample.format for sample in SAMPLES} == set(formats())


@table(
    "text",
    ["", "hello\n", "[smtp]\nhost = 'a'\nport = 25\n", "# SMTP_ADDRESS=a\n", "x: 1\n", "{}", "\0"],
)
def test_what_is_of_no_format(text: str) -> None:
    with pytest.raises(InterchangeError, match="does not recognise this format"):
        import_text(text)


def test_our_own_files_are_not_taken_for_others() -> None:
    text = '[smtp]\nhost = "a"\nfrom_address = "b@c.example"\n'
    assert candidates(text, "mail.toml") == {}


@table(
    ("names", "found"),
    [
        ("SMTP_HOST SMTP_PORT SMTP_SECURE SMTP_USER SMTP_PASS SMTP_FROM", ["node"]),
        ("SMTP_HOST SMTP_PORT SMTP_USER SMTP_PASSWORD", ["node"]),
        ("SMTP_HOST SMTP_PORT SMTP_SECURE=false", ["node"]),
        ("SMTP_SERVER SMTP_PORT SMTP_USER SMTP_PASSWORD", ["mastodon", "node"]),
        ("EMAIL_HOST EMAIL_PORT EMAIL_USER EMAIL_PASS", ["node"]),
        ("MAIL_HOST MAIL_PORT MAIL_USER MAIL_PASS MAIL_FROM", ["node"]),
        ("SMTP_HOST SMTP_FROM SMTP_SECURITY SMTP_USERNAME SMTP_PASSWORD", ["vaultwarden"]),
        ("SMTP_HOST SMTP_PORT SMTP_USERNAME SMTP_PASSWORD SMTP_FROM", ["vaultwarden", "node"]),
        ("SMTP_HOST SMTP_SECURE SMTP_PORT SMTP_NAME SMTP_PASSWORD", ["nextcloud"]),
        ("SMTP_HOST SMTP_PORT", ["vaultwarden", "nextcloud", "node", "outline", "supabase"]),
        ("SMTP_SERVER SMTP_PORT SMTP_LOGIN SMTP_PASSWORD", ["mastodon"]),
        ("SMTP_SERVER SMTP_PORT", ["mastodon"]),
        ("MAIL_SERVER MAIL_PORT MAIL_USE_TLS MAIL_USERNAME MAIL_PASSWORD", []),
        ("SMTP_HOST SMTP_USER SMTP_PASS SMTP_SECURITY SMTP_FROM", ["vaultwarden", "node"]),
        ("EMAIL_HOST EMAIL_PORT EMAIL_HOST_USER", ["django"]),
        ("EMAIL_HOST EMAIL_PORT", ["django", "node"]),
        ("MAIL_HOST MAIL_USERNAME MAIL_MAILER", ["laravel"]),
        ("MAIL_HOST MAIL_USERNAME MAIL_FROM APP_KEY", ["laravel"]),
        ("SMTP_HOST SMTP_FROM SMTP_USERNAME SIGNUPS_ALLOWED", ["vaultwarden"]),
        ("APP_KEY SMTP_HOST SMTP_USER", ["node"]),
        ("MAIL_PORT SMTP_PASSWORD", []),
        ("MAIL_URL", ["meteor"]),
        ("MAIL_URL ROOT_URL MONGO_URL", ["meteor"]),
        ("MAIL_URL MAIL_FROM_ADDRESS APP_KEY", ["laravel"]),
        ("MAIL_URL MAIL_MAILER", ["laravel"]),
        ("MAILER_DSN APP_ENV", ["symfony"]),
        ("SMTP_HOST SMTP_PORT SMTP_USER SMTP_PASS SMTP_ADMIN_EMAIL", ["supabase"]),
        (
            "SMTP_HOST SMTP_PORT SMTP_SECURE=true SMTP_USERNAME SMTP_PASSWORD UTILS_SECRET",
            ["outline"],
        ),
        ("SMTP_HOST SMTP_PORT SMTP_SECURE=false SMTP_FROM_EMAIL", ["node"]),
        ("MAILER_EMAIL MAILER_NAME", []),
        ("DISCOURSE_HOSTNAME DISCOURSE_DB_PASSWORD", []),
        ("GF_SERVER_HOST GITEA__database__HOST", []),
        ("SMTP_ADDRESS GF_SMTP_HOST", ["chatwoot", "grafana"]),
    ],
)
def test_variables_are_told_by_what_a_format_knows_of_them(names: str, found: list[str]) -> None:
    lines = (name if "=" in name else f"{name}=x" for name in names.split())
    text = "# mail\n" + "\n".join(lines)
    assert [*candidates(text)] == found
    try:
        recognised = [recognise(text)[0].name]
    except InterchangeError:
        recognised = []
    assert recognised in ([], found[:1])


def test_no_application_is_taken_by_names_that_are_not_its_own() -> None:
    text = "SMTP_SERVER=a.example\nSMTP_PORT=25\nSMTP_PASSWORD=x\n"
    with pytest.raises(InterchangeError, match="is not certain; name one with --from: mastodon"):
        import_text(text)
    # Any program may have these.
    text = "SMTP_HOST=a.example\nSMTP_PORT=25\nSMTP_USER=me\nSMTP_PASSWORD=x\n"
    with pytest.raises(InterchangeError, match="is not certain; name one with --from: node"):
        import_text(text)
    assert import_text(f"{text}SMTP_SECURE=false\n").format == "node"


def test_why_a_format_was_read_is_told() -> None:
    env = "SMTP_SERVER=a.example\nSMTP_LOGIN=me\nSMTP_PASSWORD=wonderland\n"
    assert import_text(env).why == "it sets SMTP_LOGIN"
    assert import_text(env, "mastodon").why == "you chose it"
    assert import_text("[mailer]\nSMTP_ADDR=a\n").why == "it has a section [mailer]"
    assert import_text("relayhost = a\n").why == "it sets relayhost"
    assert import_text("smtp://me:wonderland@a").why == "it begins with smtp:// or smtps://"
    for sample in SAMPLES:
        found = import_text(sample.text, name=sample.name, beside=sample.beside)
        assert found.why.startswith("it ") or "begins a line" in found.why
        assert "wonder" not in found.why


@table(
    ("more", "values", "unread"),
    [
        ("SMTP_SECURE=true", {"encryption": "ssl", "port": 465}, []),
        ("SMTP_SECURE=True\nSMTP_PORT=2465", {"encryption": "ssl", "port": 2465}, []),
        ("SMTP_SECURE=false", {"encryption": "none", "starttls_auto": True, "port": 587}, []),
        ("SMTP_PORT=465", {"encryption": "ssl", "port": 465}, []),
        ("SMTP_PORT=465\nSMTP_SECURE=ssl", {"encryption": "ssl", "port": 465}, []),
        ("SMTP_PORT=465\nSMTP_SECURE=false", {"port": 465}, ["SMTP_SECURE"]),
        ("SMTP_PORT=587\nSMTP_SECURE=tls", {"port": 587}, ["SMTP_SECURE"]),
        ("SMTP_PORT=587\nSMTP_SECURE=1", {"port": 587}, ["SMTP_SECURE"]),
        ("SMTP_PORT=587\nSMTP_TLS=true", {"port": 587}, ["SMTP_TLS"]),
        (
            "SMTP_SECURE=false\nSMTP_REQUIRE_TLS=true\nSMTP_REJECT_UNAUTHORIZED=false",
            {"encryption": "tls", "port": 587, "openssl_verify_mode": "none"},
            [],
        ),
        ("SMTP_USERNAME=b", {"encryption": "none", "starttls_auto": True, "port": 587},
         ["SMTP_USERNAME"]),
    ],
)  # fmt: skip
def test_what_is_secure_to_node(more: str, values: dict[str, object], unread: list[str]) -> None:
    found = import_text(f"SMTP_HOST=a.example\nSMTP_USER=me\n{more}\n", "node")
    assert found.format == "node"
    assert found.values == {"host": "a.example", "username": "me", **values}
    assert [one.name for one in found.unread] == unread


@table(
    ("more", "values", "key"),
    [
        ("", {"encryption": "ssl"}, "port"),
        ("SMTP_PORT=25", {"encryption": "none", "port": 25}, None),
        ("SMTP_PORT=587", {"encryption": "none", "starttls_auto": True, "port": 587}, None),
        ("SMTP_PORT=465", {"encryption": "ssl", "port": 465}, None),
        ("SMTP_PORT=2525", {"encryption": "ssl", "port": 2525}, None),
        ("PROTOCOL=smtps", {"encryption": "ssl", "port": 465}, "port"),
    ],
)
def test_what_gitea_makes_of_a_port(more: str, values: dict[str, object], key: str | None) -> None:
    found = import_text(f"[mailer]\nENABLED=true\nSMTP_ADDR=a.example\n{more}\n")
    link = {"starttls_auto": False} if values["encryption"] == "none" else {}
    assert found.values == {"host": "a.example", **link, **values}
    assert key is None or key in {note.key for note in found.remarks}


@pytest.mark.parametrize("line", ["PROTOCOL=sendmail", "MAILER_TYPE=sendmail", "PROTOCOL=dummy"])
def test_a_gitea_that_sends_otherwise(line: str) -> None:
    found = import_text(
        f"[mailer]\nENABLED=true\n{line}\nSENDMAIL_PATH=/usr/sbin/sendmail\nFROM=a@b.example\n"
    )
    assert (found.values, found.found) == ({}, frozenset())
    assert [one.name for one in found.unread] == [line.partition("=")[0]]


@table(
    ("level", "link"),
    [("", "none"), ("2", "none"), ("3.6", "none"), ("3.10", "none"), ("3.11", "auto"),
     ("4", "auto"), ("3.11.2", "auto"), ("x", "none"), ("$other", "none")],
)  # fmt: skip
def test_the_level_that_postfix_takes_where_none_is_set(level: str, link: str) -> None:
    found = import_text(f"compatibility_level = {level}\nrelayhost = [a.example]:25\n")
    assert bool(found.values["starttls_auto"]) is (link == "auto")
    off = import_text(f"compatibility_level = {level}\nrelayhost = a\nsmtp_use_tls = no\n")
    assert off.values["starttls_auto"] is False


DEFAULTS = {"from": "webmaster@localhost"}


@table(
    ("options", "values"),
    [
        ("'use_tls': True", {**TLS, "port": 587}),
        ("'use_ssl': True", {**SSL, "port": 465}),
        ("", {**OPEN, "port": 25}),
        ("'use_ssl': True, 'port': 2465", {**SSL, "port": 2465}),
        (
            "'username': 'me', 'password': os.environ['P'], 'timeout': 5, 'use_tls': True",
            {**TLS, "port": 587, "username": "me", "password": {"env": "P"}, "timeout": 5},
        ),
    ],
)
def test_the_mailers_of_django(options: str, values: dict[str, object]) -> None:
    text = f"""\
MAILERS = {{
    "default": {{
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {{"host": "a.example", {options}}},
    }},
    "other": {{"OPTIONS": {{"host": "b.example"}}}},
}}
"""
    found = import_text(text)
    assert found.format == "django"
    assert found.values == {"host": "a.example", **values, **DEFAULTS}
    assert not found.unread


@table(
    ("text", "unread"),
    [
        ("MAILERS = {'default': {'BACKEND': 'django.core.mail.backends.console.EmailBackend'}}",
         ["MAILERS.BACKEND"]),
        ("MAILERS = {'default': mailer()}", ["MAILERS"]),
        ("MAILERS = {'other': {'OPTIONS': {'host': 'b.example'}}}", ["MAILERS"]),
        ("MAILERS = {'default': {'OPTIONS': {'host': H, 'x': 1}}}", ["MAILERS.host", "MAILERS.x"]),
        ("EMAIL_CONFIG = env.email_url('EMAIL_URL')\nvars().update(EMAIL_CONFIG)", ["EMAIL_URL"]),
        ("vars().update(env.email('EMAIL_URL', default='smtp://u:wonderland@a'))", ["EMAIL_URL"]),
    ],
)  # fmt: skip
def test_mailers_that_are_not_known(text: str, unread: list[str]) -> None:
    found = import_text(text)
    assert found.format == "django"
    assert "host" not in found.values
    assert [one.name for one in found.unread] == unread
    assert "wonderland" not in str(found.unread)


@table(
    ("before", "written", "name"),
    [
        ("import os", "os.environ['P']", "P"),
        ("import os", "os.environ.get('P')", "P"),
        ("import os", "os.getenv('P', 'x')", "P"),
        ("import os", "os.environ.get('P') or 'x'", "P"),
        ("from os import environ, getenv", "environ.get('P')", "P"),
        ("from os import environ, getenv", "getenv('P')", "P"),
        ("ENV = os.environ", "ENV.get('P')", "P"),
        ("ENV = os.environ", "ENV['P']", "P"),
        ("env = environ.Env()", "env('P')", "P"),
        ("env = environ.Env()", "env('P', default='x')", "P"),
        ("env = environ.Env(DEBUG=(bool, False))", "env.str('P')", "P"),
        ("from environs import Env\nreader = Env()", "reader.str('P', 'x')", "P"),
        ("from decouple import config", "config('P', default='x')", "P"),
        ("from decouple import config as conf", "conf('P')", "P"),
        ("", "env('P')", "P"),
        ("", "config('P')", "P"),
        ("import os", "SECRETS.get('P')", None),
        ("import os", "SECRETS['P']", None),
        ("import os", "config.get('P')", None),
        ("env = load()", "env('P')", None),
        ("from settings import config", "config('P')", None),
        ("def config(name): ...", "config('P')", None),
        ("import os", "client.secret.get('P', default='x')", None),
        ("import os", "vault.get('P')", None),
        ("import os", "str('P')", None),
    ],
)
def test_only_what_reads_the_environment_is_a_variable(
    before: str, written: str, name: str | None
) -> None:
    found = import_text(f"{before}\nEMAIL_HOST_USER = 'me'\nEMAIL_HOST_PASSWORD = {written}\n")
    wanted = None if name is None else {"env": name}
    assert found.values.get("password") == wanted
    assert ("EMAIL_HOST_PASSWORD" in [one.name for one in found.unread]) is (name is None)


@table(
    "line",
    ["EMAIL_HOST = MAIL = 'a.example'", "MAIL = EMAIL_HOST = 'a.example'",
     "EMAIL_HOST: Final[str] = 'a.example'", "EMAIL_HOST: 'str' = 'a.example'"],
)  # fmt: skip
def test_how_django_settings_are_assigned(line: str) -> None:
    found = import_text(f"{line}\nEMAIL_HOST_USER: Final = 'me'\n")
    assert found.values["host"] == "a.example"


@table("form", ["gitea", "grafana", "vaultwarden", "rails"])
def test_mail_that_is_switched_off_is_told(form: str) -> None:
    text = {
        "gitea": "[mailer]\nENABLED=false\nSMTP_ADDR=a\n",
        "grafana": "[smtp]\nenabled=false\nhost=a:25\n",
        "vaultwarden": "_ENABLE_SMTP=false\nSMTP_HOST=a\nSMTP_FROM=a@b.example\n",
        "rails": "mailer.perform_deliveries = false\nsmtp_settings = {address: 'a'}\n",
    }[form]
    assert any("switched off" in note.text for note in import_text(text, form).remarks)


@table(("written", "value"), [("30", 30), ("30.0", 30), ("2.5", 2.5), (" 7 ", 7), ("x", None)])
def test_a_timeout_is_a_number(written: str, value: float | None) -> None:
    found = import_text(f"SMTP_HOST=a\nSMTP_SECURITY=off\nSMTP_TIMEOUT={written}\n")
    assert found.values.get("timeout") == value
    assert not isinstance(found.values.get("timeout"), str)


def test_a_url_of_symfony() -> None:
    pin = "ab" * 32
    found = import_text(
        f"smtp://a.example:587?require_tls=1&verify_peer=0&peer_fingerprint[sha256]={pin}"
    )
    assert found.values == {"host": "a.example", "port": 587, **TLS, "tls_fingerprint": pin}
    assert any("7.3" in note.text for note in found.remarks)


def test_numbers_without_end() -> None:
    huge = "0x" + "f" * 6000
    for value in (huge, f"int(os.getenv('P', {huge}))"):
        found = import_text(f"EMAIL_HOST_USER = 'me'\nEMAIL_PORT = {value}\n")
        assert "port" not in found.values
        assert all("limit" not in one.why and len(one.why) < 90 for one in found.unread)


def test_what_is_not_understood_has_an_end() -> None:
    found = import_text("relayhost = a\n" + "smtp_tls_x{} = 1\n" * 1 + "".join(
        f"smtp_tls_{n} = 1\n" for n in range(5000)
    ))  # fmt: skip
    assert len(found.unread) == MOST_LISTED + 1
    assert str(found.unread[-1]) == "4900 more settings or lines were not understood"
    quoted = "".join(f"SMTP_SECURITY{n}='x'\n" for n in range(500))
    found = import_text(f"SMTP_HOST=a\nSMTP_SECURITY=off\n{quoted}", "vaultwarden")
    assert len(found.remarks) == MOST_LISTED + 1


def test_a_text_of_several_formats() -> None:
    text = "SMTP_ADDRESS=a.example\nMAIL_HOST=b.example\n"
    assert [*candidates(text)] == ["chatwoot", "laravel", "node"]
    with pytest.raises(InterchangeError, match=r"not certain.*: chatwoot, laravel, node"):
        import_text(text)
    assert import_text(text, "laravel").values["host"] == "b.example"


def test_a_format_that_is_none() -> None:
    with pytest.raises(
        InterchangeError, match=r"'qmail' is not a format; smtp-tui import --help lists them"
    ):
        import_text("a", "qmail")


def test_a_quoting_where_there_is_none() -> None:
    with pytest.raises(
        QuotingError, match=r"--quoting is for \.env files, and msmtp does not use one"
    ):
        import_text("host a.example", "msmtp", quoting="ruby")


def test_a_quoting_that_is_named_goes_before_the_programs_own() -> None:
    text = "SMTP_ADDRESS=a.example\nSMTP_PASSWORD='a b'\n"
    assert import_text(text).values["password"] == "a b"
    assert import_text(text, quoting="docker").values["password"] == "'a b'"


@table(
    ("line", "is_env"),
    [
        ("EMAIL_HOST=smtp.example.net", True),
        ("EMAIL_HOST=localhost", True),
        ("EMAIL_HOST_USER=me@example.net", True),
        ("EMAIL_HOST_PASSWORD=it's", True),
        ("EMAIL_HOST_PASSWORD=", True),
        ("export EMAIL_PORT=25", True),
        ("EMAIL_PORT=25", False),
        ("EMAIL_HOST='smtp.example.net'", False),
        ("EMAIL_HOST_PASSWORD=os.environ['SECRET']", False),
        ("EMAIL_HOST = HOST", False),
        ("import os\nEMAIL_HOST=HOST", False),
    ],
)
def test_an_env_file_is_told_from_python(line: str, is_env: bool) -> None:
    found = import_text(f"EMAIL_USE_TLS=True\n\n# mail\n{line}\n", "django")
    assert any("read as an .env file" in note.text for note in found.remarks) == is_env


def test_quotes_that_docker_keeps_are_told() -> None:
    text = "SMTP_HOST=a.example\nSMTP_FROM=a@b.example\nSMTP_PASSWORD='a b'\n"
    found = import_text(text, "vaultwarden")
    assert found.values["password"] == "'a b'"
    assert any("the quotes around SMTP_PASSWORD" in note.text for note in found.remarks)


def test_what_is_there_but_not_known_gets_no_default() -> None:
    text = "ActionMailer::Base.smtp_settings = { address: ENV['HOST'], port: computed }\n"
    found = import_text(text, "rails")
    assert not {"host", "port"} & found.values.keys()
    assert [one.name for one in found.unread] == ["address", "port"]


def test_what_is_found_is_told_from_defaults() -> None:
    found = import_text("SMTP_ADDRESS=a.example\n")
    assert found.found == {"host"}
    assert import_text("FOO=1", "vaultwarden").found == frozenset()


@table("url", ["http://[", "http://192.0.2.1", "nothing", "http://a b"])
def test_a_url_of_laravel_that_gives_no_name(url: str) -> None:
    found = import_text(f'MAIL_HOST=a.example\nMAIL_SCHEME=null\nAPP_URL="{url}"\n')
    assert "domain" not in found.values


BOOKSTACK = """\
APP_URL=https://wiki.example.net
MAIL_DRIVER=smtp
MAIL_FROM_NAME="Book Stack"
MAIL_FROM=wiki@example.net
MAIL_HOST=mail.example.net
MAIL_PORT=587
MAIL_USERNAME=null
MAIL_ENCRYPTION=tls
MAIL_VERIFY_SSL=false
"""
SNIPE_IT = """\
APP_URL=https://assets.example.net
MAIL_MAILER=smtp
MAIL_HOST=mail.example.net
MAIL_PORT=587
MAIL_TLS_VERIFY_PEER=false
MAIL_FROM_ADDR=assets@example.net
MAIL_FROM_NAME='Snipe-IT'
MAIL_REPLYTO_ADDR=it@example.net
"""
FIREFLY = """\
APP_URL=https://money.example.net
MAIL_MAILER=smtp
MAIL_HOST=mail.example.net
MAIL_PORT=465
MAIL_FROM=money@example.net
MAIL_ENCRYPTION=null
MAIL_ALLOW_SELF_SIGNED=true
MAIL_VERIFY_PEER=true
MAIL_VERIFY_PEER_NAME=true
"""


@table(
    ("text", "values", "unread"),
    [
        (
            BOOKSTACK,
            {"encryption": "tls", "from": "Book Stack <wiki@example.net>",
             "openssl_verify_mode": "none", "port": 587},
            [],
        ),
        (
            SNIPE_IT,
            {"encryption": "none", "starttls_auto": True, "from": "Snipe-IT <assets@example.net>",
             "openssl_verify_mode": "none", "port": 587},
            [],
        ),
        (
            FIREFLY,
            {"encryption": "ssl", "from": "money@example.net", "port": 465},
            ["MAIL_ALLOW_SELF_SIGNED"],
        ),
        (
            BOOKSTACK.replace("=smtp\n", "=log\n").replace("=tls", "=ssl"),
            {"encryption": "none", "starttls_auto": True, "from": "Book Stack <wiki@example.net>",
             "openssl_verify_mode": "none", "port": 587},
            ["MAIL_DRIVER", "MAIL_ENCRYPTION"],
        ),
    ],
)  # fmt: skip
def test_applications_made_with_laravel(
    text: str, values: dict[str, object], unread: list[str]
) -> None:
    found = import_text(text)
    assert found.format == "laravel"
    assert found.values == {"host": "mail.example.net", **values}
    assert [one.name for one in found.unread] == unread


@table(
    ("url", "values"),
    [
        ("smtp://a.example:587?require_tls=true", {"encryption": "tls"}),
        ("smtp://a.example:587?auto_tls=0", {"encryption": "none", "starttls_auto": False}),
        ("smtp://me:p%40ss@a.example:587?verify_peer=0", {"username": "me", "password": "p@ss"}),
        ("smtps://a.example:587", None),
        ("smtp://[::1", None),
    ],
)
def test_a_url_beside_the_variables_of_laravel(url: str, values: dict[str, object] | None) -> None:
    found = import_text(f'MAIL_MAILER=smtp\nMAIL_URL="{url}"\nMAIL_HOST=b.example\nMAIL_PORT=25\n')
    if values is None:
        assert [one.name for one in found.unread] == ["MAIL_URL"]
        assert found.values["host"] == "b.example"
    else:
        assert found.values.items() >= {"host": "a.example", "port": 587, **values}.items()
        assert not found.unread


def test_the_files_of_logins_beside_a_main_cf() -> None:
    text = "relayhost = a\nsmtp_sasl_password_maps = hash:/etc/postfix/relay_login\n"
    assert companions(text) == ("relay_login",)
    assert companions(text, "msmtp") == ()
    for path in (
        "hash:/etc/postfix/",
        "hash:/",
        "hash:..",
        "hash:/a/.",
        "hash:a\0b",
        "hash:/a/\x1b",
    ):
        assert companions(f"relayhost = a\nsmtp_sasl_password_maps = {path}\n") == ()
    many = "".join(f"smtp_sasl_password_maps = hash:/t{n}\n" for n in range(9))
    assert companions(f"relayhost = a\n{many}") == ("t5", "t6", "t7", "t8")
    found = import_text(
        f"{text}smtp_sasl_auth_enable = yes\n", beside={"relay_login": "other me:x\n"}
    )
    assert [one.why for one in found.unread] == [
        "the file next to this one has no line for this relayhost"
    ]


@table(
    ("form", "text", "words"),
    [
        ("django", "EMAIL_HOST = (\n", "line 1 is not valid Python"),
        ("rails", "x = 1", "no smtp_settings"),
        ("msmtp", "# nothing\n", "has no account"),
        ("alertmanager", "global: [\n", "is not valid YAML"),
        ("alertmanager", "- 1\n", "neither smtp_smarthost"),
        ("alertmanager", "global: {resolve_timeout: 5m}\n", "neither smtp_smarthost"),
        ("nodemailer", '{"host": }', "line 1 is not valid JSON"),
        ("nodemailer", "createTransport({host: 'a'})", "in JavaScript"),
        ("nodemailer", "[1]", "is not valid JSON"),
        ("url", "smtp://me:pa@ss@a.example", "the URL is broken"),
        ("url", "smtp://me:pa#ss@a.example", "the URL is broken"),
        ("url", "smtp://me:pa/ss@a.example", "the URL is broken"),
        ("url", "smtp://[::1", "the URL is broken"),
        ("url", "smtp://a:99999", "the URL is broken"),
        ("url", "smtp://", "has no host"),
        ("url", "http://a.example", "starts with neither"),
        ("url", "smtp://u:%ff@a.example", "not UTF-8"),
        ("swaks", "curl smtp://x", "no swaks command"),
    ],
)
def test_a_text_that_will_not_do(form: str, text: str, words: str) -> None:
    with pytest.raises(InterchangeError) as caught:
        import_text(text, form)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()
    assert "pa" not in str(caught.value).replace("parts", "").replace("password", "")


PHP = "<?php\n$CONFIG = [\n'mail_smtpmode' => 'smtp', 'mail_smtphost' => 'a.example',\n];\n"
LATER = [
    ("nextcloud-config", PHP + "$CONFIG['mail_smtphost'] = 'b.example';\n", "b.example"),
    ("nextcloud-config", PHP + "# $CONFIG['mail_smtphost'] = 'b.example';\n", "a.example"),
    ("nextcloud-config", PHP + "if ($x) $CONFIG['mail_smtphost'] = 'b.example';\n", None),
    (
        "nextcloud-config",
        "<?php\n// $CONFIG = ['mail_smtphost' => 'b.example'];\n" + PHP,
        "a.example",
    ),
    # A heredoc with an apostrophe, above, inside and in place of a value.
    (
        "nextcloud-config",
        f"<?php\n$x = <<<TEXT\ndon't\n$CONFIG = ['mail_smtphost' => 'b'];\n  TEXT;\n{PHP[6:]}",
        "a.example",
    ),
    (
        "nextcloud-config",
        PHP.replace("];", "'x' => <<<'E'\nit's, ] ;\nE . 'y',\n'mail_smtpport' => 26];"),
        "a.example",
    ),
    ("nextcloud-config", PHP + "$y = <<<\"E\"\n'\nE;\n$CONFIG['mail_smtphost'] = 'b';", "b"),
    ("nextcloud-config", "<?php\n$CONFIG = ['mail_smtphost' => <<<E\na.example\nE];", None),
    # A comment with an apostrophe inside a value.
    (
        "nextcloud-config",
        "<?php\n$CONFIG = ['x' => f( // don't\n 1), 'mail_smtphost' => 'a.example'];",
        "a.example",
    ),
    ("roundcube", "<?php $config['smtp_host'] = 'a.example'; ?>", "a.example"),
    ("roundcube", "<?php $config['smtp_host'] = $config['smtp_x'] = 'a.example';", None),
    (
        "roundcube",
        "<?php $config['smtp_host'] = 'a.example'; if ($x) { $config['smtp_host'] = 'b.example'; }",
        None,
    ),
]


@table(("form", "text", "host"), LATER)
def test_what_php_decides_when_it_runs_is_not_known(form: str, text: str, host: str | None) -> None:
    found = import_text(text, form)
    assert (found.values.get("host") if "host" in found.found else None) == host
    assert bool(found.unread) == (host is None)


def test_an_array_that_is_set_anew_is_not_read() -> None:
    with pytest.raises(InterchangeError, match="several statements set"):
        import_text(PHP + "$CONFIG = array_merge($CONFIG, other());\n", "nextcloud-config")
