"""What is found in other programs' files, what is not understood, and how they are recognised."""

from __future__ import annotations

import pytest

from smtp_tui.interchange.importing import candidates, companions, import_text, recognise
from smtp_tui.interchange.known import formats
from smtp_tui.interchange.results import InterchangeError, QuotingError
from smtp_tui.settings.reading import read
from tests.interchange.samples import SAMPLES, Sample


def called(sample: Sample) -> str:
    return f"{sample.format}-{SAMPLES.index(sample)}"


@pytest.mark.parametrize("sample", SAMPLES, ids=called)
def test_a_sample(sample: Sample) -> None:
    found = import_text(sample.text, name=sample.name, beside=sample.beside)
    assert found.format == sample.format
    assert found.values == sample.values
    assert [one.name for one in found.unread] == sample.unread
    assert sorted({note.key for note in found.remarks}) == sorted(set(sample.remarks))


@pytest.mark.parametrize("sample", SAMPLES, ids=called)
def test_what_is_found_is_good_or_incomplete(sample: Sample) -> None:
    problems = {one.key for one in read(sample.values).problems}
    assert problems <= {"host", "username"}
    assert ("host" in sample.values) is ("host" not in problems)


@pytest.mark.parametrize("sample", SAMPLES, ids=called)
def test_no_secret_is_repeated(sample: Sample) -> None:
    found = import_text(sample.text, name=sample.name, beside=sample.beside)
    told = "\n".join(map(str, (*found.unread, *found.remarks)))
    secret = sample.values.get("password")
    assert not isinstance(secret, str) or secret not in told
    assert not isinstance(secret, str) or secret not in repr(found)
    assert "wonderland" not in told


@pytest.mark.parametrize("sample", SAMPLES, ids=called)
def test_lines_are_told(sample: Sample) -> None:
    found = import_text(sample.text, name=sample.name, beside=sample.beside)
    lines = sample.text.split("\n")
    for one in found.unread:
        if one.line is not None:
            assert one.name.rpartition(".")[2] in lines[one.line - 1]
        else:
            assert sample.format in ("nodemailer", "url", "swaks")


def test_every_format_has_a_sample() -> None:
    assert {sample.format for sample in SAMPLES} == set(formats())


@pytest.mark.parametrize(
    "text",
    ["", "hello\n", "[smtp]\nhost = 'a'\nport = 25\n", "# SMTP_ADDRESS=a\n", "x: 1\n", "{}", "\0"],
)
def test_what_is_of_no_format(text: str) -> None:
    assert recognise(text) is None
    with pytest.raises(InterchangeError, match="of no format that is known here"):
        import_text(text)


def test_our_own_files_are_not_taken_for_others() -> None:
    text = '[smtp]\nhost = "a"\nfrom_address = "b@c.example"\n'
    assert candidates(text, "mail.toml") == ()


def test_a_text_of_several_formats() -> None:
    text = "SMTP_ADDRESS=a.example\nMAIL_HOST=b.example\n"
    assert candidates(text) == ("chatwoot", "laravel")
    with pytest.raises(InterchangeError, match=r"several formats.*: chatwoot, laravel"):
        import_text(text)
    assert import_text(text, "laravel").values["host"] == "b.example"


def test_a_format_that_is_none() -> None:
    with pytest.raises(InterchangeError, match=r"'exim' is no format; the formats are chatwoot"):
        import_text("a", "exim")


def test_a_quoting_where_there_is_none() -> None:
    with pytest.raises(QuotingError, match=r"--quoting is for \.env files, and msmtp is none"):
        import_text("host a.example", "msmtp", quoting="ruby")


def test_a_quoting_that_is_named_goes_before_the_programs_own() -> None:
    text = "SMTP_ADDRESS=a.example\nSMTP_PASSWORD='a b'\n"
    assert import_text(text).values["password"] == "a b"
    assert import_text(text, quoting="docker").values["password"] == "'a b'"


@pytest.mark.parametrize(
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
    assert any("the quotes round SMTP_PASSWORD" in note.text for note in found.remarks)


def test_what_is_there_but_not_known_gets_no_default() -> None:
    text = "ActionMailer::Base.smtp_settings = { address: ENV['HOST'], port: computed }\n"
    found = import_text(text, "rails")
    assert not {"host", "port"} & found.values.keys()
    assert [one.name for one in found.unread] == ["address", "port"]


def test_what_is_found_is_told_from_defaults() -> None:
    found = import_text("SMTP_ADDRESS=a.example\n")
    assert found.found == {"host"}
    assert import_text("FOO=1", "vaultwarden").found == frozenset()


@pytest.mark.parametrize("url", ["http://[", "http://192.0.2.1", "nothing", "http://a b"])
def test_a_url_of_laravel_that_gives_no_name(url: str) -> None:
    found = import_text(f'MAIL_HOST=a.example\nAPP_URL="{url}"\n')
    assert "domain" not in found.values


def test_the_files_of_logins_beside_a_main_cf() -> None:
    text = "relayhost = a\nsmtp_sasl_password_maps = hash:/etc/postfix/relay_login\n"
    assert companions(text) == ("relay_login",)
    assert companions(text, "msmtp") == ()
    found = import_text(
        f"{text}smtp_sasl_auth_enable = yes\n", beside={"relay_login": "other me:x\n"}
    )
    assert [one.why for one in found.unread] == [
        "the file beside this one has no line for this relayhost"
    ]


@pytest.mark.parametrize(
    ("form", "text", "words"),
    [
        ("django", "EMAIL_HOST = (\n", "line 1 is not Python"),
        ("rails", "x = 1", "no smtp_settings"),
        ("msmtp", "# nothing\n", "no account"),
        ("alertmanager", "global: [\n", "is not YAML"),
        ("alertmanager", "- 1\n", "no smtp_smarthost"),
        ("alertmanager", "global: {resolve_timeout: 5m}\n", "no smtp_smarthost"),
        ("nodemailer", '{"host": }', "line 1 is not JSON"),
        ("nodemailer", "createTransport({host: 'a'})", "in JavaScript are not read"),
        ("nodemailer", "[1]", "is not JSON"),
        ("url", "smtp://me:pa@ss@a.example", "the URL is broken"),
        ("url", "smtp://me:pa#ss@a.example", "the URL is broken"),
        ("url", "smtp://me:pa/ss@a.example", "the URL is broken"),
        ("url", "smtp://[::1", "the URL is broken"),
        ("url", "smtp://a:99999", "the URL is broken"),
        ("url", "smtp://", "names no host"),
        ("url", "http://a.example", "begins neither"),
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
