"""Files that are out to harm: none runs anything, takes long, or ends in a traceback."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.cli.terminal import as_interrupts
from smtp_tui.interchange.formats.alertmanager import load
from smtp_tui.interchange.importer import LARGEST, candidates, import_text
from smtp_tui.interchange.spec import InterchangeError, formats
from tests.interchange.samples import SAMPLES
from tests.table import table

PATIENCE = 5.0
"""Seconds of processor time; what would grow without bound takes far longer."""

ALIASES = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [*{before}, *{before}, *{before}, *{before}, *{before}, *{before}]\n"
    for before, name in zip("abcdefghijklm", "bcdefghijklmn", strict=True)
)
MERGES = "a: &a {k: 1}\n" + "".join(
    f"m{n}: &m{n}\n  <<: [*{'a' if n == 0 else f'm{n - 1}'}, *{'a' if n == 0 else f'm{n - 1}'}]\n"
    for n in range(40)
)
BOMBS = [
    ("alertmanager", ALIASES),
    ("alertmanager", MERGES),
    ("alertmanager", "x: " + "[" * 5000),
    ("alertmanager", "!!python/object/apply:os.system ['touch pwned']\n"),
    ("nodemailer", "[" * 100_000),
    ("nodemailer", '{"host": ' * 2000),
    ("nodemailer", '{"host": "a", "port": ' + "9" * 10_000 + "}"),
    ("django", "EMAIL_PORT = " + "(" * 5000),
    ("django", "EMAIL_PORT = " + "-" * 20_000 + "1"),
    ("django", "EMAIL_HOST = __import__('os').system('touch pwned')\n"),
    ("django", "EMAIL_HOST = 0x" + "f" * 9000 + "\n"),
    ("alertmanager", "global: {smtp_smarthost: 0x" + "f" * 9000 + "}\n"),
    ("rails", "smtp_settings = { port: " + "9" * 9000 + " }"),
    ("swaks", "swaks --server a --timeout " + "9" * 9000 + "s"),
    ("swaks", "swaks --server a --timeout ²s"),
    ("rails", "smtp_settings = { address: `touch pwned`, port: " + "[" * 100_000),
    ("rails", "smtp_settings = {" + "a: 1," * 50_000),
    ("rails", "smtp_settings = { password: " + '"\\' * 50_000),
    ("postfix", "".join(f"a{n} = $a{n + 1}\n" for n in range(20_000)) + "relayhost = $a0\n"),
    ("postfix", "".join(f"a{n} = $a{n + 1}$a{n + 1}\n" for n in range(60)) + "relayhost = $a0\n"),
    ("postfix", "relayhost = $relayhost$relayhost\n"),
    ("msmtp", "".join(f"account a{n} : a{n - 1}\nhost x{n}\n" for n in range(2000))),
    ("swaks", "swaks --server $(touch pwned) --auth-password `touch pwned`"),
    ("swaks", "swaks " + "'\\" * 100_000),
    ("mastodon", "SMTP_SERVER=$(touch pwned)\n"),
    ("mastodon", "".join(f"A{n}=${{A{n - 1}}}\n" for n in range(30_000)) + "SMTP_PORT=$A9\n"),
    ("mastodon", "SMTP_SERVER='" + "\\'" * 200_000),
    ("laravel", "MAIL_HOST=" + '"\\' * 100_000),
    ("vaultwarden", "SMTP_FROM" * 100_000),
    ("grafana", "[smtp]\n" * 100_000),
    ("grafana", "[smtp]\nhost = " + "%(host)s" * 50_000),
    *((name, ALIASES) for name in ("spring", "home-assistant")),
    *((name, MERGES) for name in ("synapse", "spring", "crowdsec")),
    ("spring", "spring: &a\n  mail: *a\n  host: x\n"),
    ("keycloak", '{"smtpServer": {"a": ' * 2000),
    ("keycloak", "[" + '{"smtpServer": {"host": "a"}},' * 30_000 + "{}]"),
    (
        "redmine",
        "production:\n  email_delivery:\n    smtp_settings:\n      address: <%= `touch pwned` %>\n",
    ),
    ("spring-properties", "spring.mail.host=" + "\\\n" * 200_000),
    ("spring-properties", "spring.mail.host=a\n" * 50_000),
    ("exim", "dc_smarthost=a\n" * 60_000),
    ("exim", "a:b:c\n" * 100_000),
    ("dma", "SMARTHOST a\n" * 60_000),
    ("ssmtp", "mailhub=a\n" * 60_000),
    ("nullmailer", "a smtp pass='" + "'\"'\"'" * 100_000),
    ("nullmailer", "a smtp\n" * 100_000),
    ("opensmtpd", 'action "a" relay host a ' + "\\\n" * 200_000),
    ("opensmtpd", "a = b\n" * 100_000 + 'action "a" relay host $a\n'),
    ("opensmtpd", 'action "a" relay ' + '"' * 100_000),
    ("odoo", "[options]\n" + "smtp_server = a\n" * 50_000),
    ("roundcube", "<?php\n" + "$config['smtp_host'] = `touch pwned`;\n" * 20_000),
    ("roundcube", "<?php\n$config['smtp_host'] = " + "[" * 100_000),
    *(("roundcube", start * 60_000) for start in ("$config['smtp_a']=", "/* ", "'\\'")),
    ("nextcloud-config", "$CONFIG = array(" + "/*," * 200_000),
    ("nextcloud-config", "$CONFIG = array(" + "$CONFIG['a']=" * 30_000),
    ("url", "smtp://" + "@" * 100_000),
    ("url", "smtp://a?" + "a=b&" * 200_000),
]


@pytest.mark.parametrize(
    ("form", "text"), BOMBS, ids=[f"{f}-{i}" for i, (f, _) in enumerate(BOMBS)]
)
def test_a_bomb(form: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    start = time.process_time()
    candidates(text)
    try:
        found = import_text(text, form)
    except InterchangeError as error:
        said = [str(error)]
    else:
        said = [*map(str, found.unread), *map(str, found.remarks)]
    assert time.process_time() - start < PATIENCE
    assert not list(tmp_path.iterdir())
    assert all("touch" not in line for line in said)


def test_a_text_that_is_too_large() -> None:
    with pytest.raises(InterchangeError, match="larger than 1 MiB"):
        import_text("#" * (LARGEST + 1), "msmtp")


CHEAP, DEAR = 2_000, 32_000
"""Letters of two texts that differ in size alone."""

# What made some reader's work grow with the square of it, by format and quoting.
GROWING = [
    ("chatwoot", None, "", "a b\n"),
    ("chatwoot", None, "SMTP_ADDRESS=", "$("),
    ("chatwoot", None, "", "SMTP_HOST='a\n"),
    ("chatwoot", "systemd", "SMTP_ADDRESS=", "a"),
    ("chatwoot", "systemd", "SMTP_ADDRESS='", "a\n"),
    ("chatwoot", "python", "SMTP_ADDRESS=", " "),
    ("chatwoot", "python", "SMTP_ADDRESS=", "${"),
    ("chatwoot", "python", "SMTP_ADDRESS=", "${a:-"),
    ("laravel", None, 'MAIL_HOST="', "a"),
    ("node", None, "SMTP_HOST=", "a b\n"),
    ("django", "python", "EMAIL_HOST = ", "\t"),
    ("gitea", None, "[mailer]\n", "%("),
    ("gitea", None, "[mailer]\nHOST = ", "%("),
    ("gitea", None, "[mailer]\n", "a\n"),
    ("grafana", None, "[smtp]\nhost = ", "${"),
    ("grafana", None, "[smtp]\nhost = ", "$__a{"),
    ("postfix", None, "relayhost = ", "$"),
    ("postfix", None, "relayhost =\n", " a\n"),
    ("postfix", None, "relayhost = $a\na = ", "b"),
    ("postfix", None, "", "smtp_tls_x\n"),
    ("msmtp", None, "host a\nauth on\npasswordeval ", "a"),
    ("swaks", None, "swaks -s ", "a"),
    ("swaks", None, "swaks ", "- "),
    ("rails", None, "smtp_settings = {", "a: 1,"),
    ("rails", None, "smtp_settings = { a: ", "["),
    ("alertmanager", None, "global: {smtp_smarthost: 'a:1'}\nx:\n", "- a\n"),
    ("alertmanager", None, "global:\n  smtp_smarthost: ", "a"),
    ("alertmanager", None, "a: &a {k: 1}\nx:\n", "  <<: *a\n"),
    ("nodemailer", None, '{"host": "', "a"),
    ("url", None, "smtp://a?", "a=b&"),
    ("helm-sentry", None, "mail:\n  host: a\n  password: x", "$("),
    ("helm-sentry", None, "mail:\n  host: a\n  password: 0", "e0"),
    ("helm-mastodon", None, "mastodon:\n  smtp:\n", "    server: a\n"),
    ("nextcloud-config", None, "<?php $CONFIG = ['a' => f(", "a "),
    ("nextcloud-config", None, "<?php $CONFIG = ['a' => f(", "<<<A\n"),
    ("nextcloud-config", None, "<?php $CONFIG = ['a' => f(", "//'\n"),
    ("nextcloud-config", None, "<?php $CONFIG = [];", "$CONFIG['a'] = <<<'A'\n"),
]


@pytest.mark.integration
@table(("form", "quoting", "head", "unit"), GROWING)
def test_the_work_grows_with_the_text_alone(
    form: str, quoting: str | None, head: str, unit: str
) -> None:
    cheap, dear = (head + unit * (size // len(unit)) for size in (CHEAP, DEAR))
    # 16 times the text is 256 times the work where it grows with the square.
    assert seconds(dear, form, quoting) < 64 * max(seconds(cheap, form, quoting), 0.0005)


@pytest.mark.integration
@table("unit", [" ", "\t", "\n", "a/", '"host" ', "swaks", "export ", "[smtp]\n"])
@table("head", ["", "$", "{", "swaks", "createTransport", "smtps://", "[smtp]\n"])
def test_recognising_grows_with_the_text_alone(head: str, unit: str) -> None:
    cheap, dear = (head + unit * (size // len(unit)) for size in (CHEAP, DEAR))
    assert seconds(dear) < 64 * max(seconds(cheap), 0.0005)


def seconds(text: str, form: str | None = None, quoting: str | None = None) -> float:
    """The processor's time for one text, the best of three: what else runs here does not count."""

    def once() -> float:
        start = time.process_time()
        if form is None:
            candidates(text)
        else:
            with contextlib.suppress(InterchangeError):
                import_text(text, form, quoting=quoting)
        return time.process_time() - start

    return min(once() for _ in range(3))


def merging(levels: int) -> str:
    """A file in which each mapping merges the one before it twice: 2 ** levels, if done anew."""
    lines = ["a0: &a0 {smtp_smarthost: 'a:1', smtp_from: b@c}"]
    lines += [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, levels)]
    return "\n".join([*lines, f"global: {{<<: *a{levels - 1}}}\n"])


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both of PyYAML's parsers, the one in C where it is there."""
    name: str = request.param
    if name == "SafeLoader":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    return name


YAML = """\
a: &a {smtp_hello: me.example, smtp_from: '<<'}
global:
  <<: [*a, {smtp_smarthost: "x:1"}]
  smtp_smarthost: 'a.example:25'
  smtp_auth_username: 0123
  smtp_auth_password: ~
  smtp_require_tls: no
"""


def test_both_parsers_give_the_same(loader: str) -> None:
    assert load(YAML)["global"] == {
        "smtp_hello": "me.example", "smtp_from": "<<", "smtp_smarthost": "a.example:25",
        "smtp_auth_username": "0123", "smtp_auth_password": None, "smtp_require_tls": "no",
    }  # fmt: skip
    assert load(YAML)["global"].lines["smtp_smarthost"] == 4
    for text in ("a: [", "a: b: c", "!!python/name:os.system x", "a: !own b", "*a", "\0", "\ud800"):
        with pytest.raises(InterchangeError, match="is not valid YAML"):
            load(text)
    with pytest.raises(InterchangeError, match="nested too deeply"):
        load("[" * 100)


def test_a_merged_mapping_is_made_once(loader: str) -> None:
    text = merging(24)
    assert len(text) < 1000
    copies = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal copies
        copies += event == "c_call" and getattr(argument, "__name__", "") == "setdefault"

    sys.setprofile(count)
    try:
        found = import_text(text, "alertmanager")
    finally:
        sys.setprofile(None)
    assert found.values["host"] == "a"
    assert copies < 200


@table(
    ("form", "text"),
    [
        ("alertmanager", "global: {smtp_smarthost: 190:20:30.15, smtp_hello: 1:1:1}\n"),
        ("alertmanager", "global: {smtp_smarthost: 'a:1', smtp_hello: 2001-99-99}\n"),
        ("alertmanager", "global: {smtp_smarthost: 'a:1', smtp_from: [b], smtp_hello: {c: d}}\n"),
        ("alertmanager", "global: {smtp_smarthost: 'a:1', smtp_auth_password: {a: b}}\n"),
        ("alertmanager", "global: &a {smtp_smarthost: 'a:1', smtp_tls_config: *a}\n"),
        ("alertmanager", "receivers: &a [*a]\n"),
        ("alertmanager", "receivers: 1\n"),
        ("alertmanager", "global: {smtp_smarthost: *nobody}\n"),
        ("alertmanager", "? [a]\n: b\nglobal: {smtp_smarthost: 'a:1'}\n"),
        ("alertmanager", "<<: 1\nglobal: {smtp_smarthost: 'a:1'}\n"),
        ("alertmanager", "a\0b"),
        ("nodemailer", '{"host": ["a"], "port": {}, "auth": {"user": [], "pass": {"a": 1}}}'),
        ("nodemailer", '{"host": "a", "port": 1e999, "secure": true}'),
        ("nodemailer", '{"host": "a", "tls": {"minVersion": ["x"], "servername": {}}}'),
        ("nodemailer", '{"host": "a", "port": NaN, "name": Infinity}'),
        ("nodemailer", '{"host": "\\ud800", "auth": {"user": "\\udfff"}}'),
        ("django", "EMAIL_PORT = 0x" + "f" * 5000),
        ("django", "EMAIL_PORT = 1e999\nEMAIL_TIMEOUT = -0.0\n"),
        ("django", "EMAIL_HOST = '\\ud800'\n"),
        ("rails", 'smtp_settings = { port: -5, password: :"" }'),
        ("msmtp", "passwordeval 'a\nhost b\n"),
        ("msmtp", "host a\nauth on\nuser u\npasswordeval printenv\ntimeout x\n"),
        ("postfix", "  relayhost = a\n = b\n"),
        ("url", "smtp://a:٣"),
        ("url", "smtp://[v1.a]"),
        ("url", "smtp://a%00b"),
        ("swaks", "swaks -s a:b:c --timeout -tls -p ''"),
    ],
)
def test_values_of_another_kind_end_in_no_traceback(form: str, text: str) -> None:
    import_or_refuse(text, form)


LONG = [
    ("alertmanager", "global: {smtp_smarthost: 'a:1'}\nx:\n", "- a: b\n"),
    ("mastodon", "SMTP_SERVER=a\n", "A=${A}b\n"),
    ("chatwoot", "SMTP_ADDRESS=a\n", "a b\n"),
    ("django", "EMAIL_HOST = 'a'\n", "EMAIL_X = os.getenv('a')\n"),
    ("rails", "smtp_settings = {", "a: 1,"),
    ("swaks", "swaks -s a ", "-x y "),
]


@table(("form", "head", "unit"), LONG, ids=[form for form, _, _ in LONG])
def test_a_signal_ends_an_import(form: str, head: str, unit: str) -> None:
    """The signal comes while the text is read, after so much of the processor's time."""
    text = head + unit * ((LARGEST - len(head)) // len(unit))
    with as_interrupts() as ending, as_hangup(after=0.05):
        with pytest.raises(KeyboardInterrupt):
            import_text(text, form)
        assert ending.status == 128 + signal.SIGHUP


@contextlib.contextmanager
def as_hangup(after: float) -> Iterator[None]:
    def hang_up(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGHUP)

    old = signal.signal(signal.SIGVTALRM, hang_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, after)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, old)


@pytest.mark.integration
@pytest.mark.parametrize("form", sorted(formats()))
@given(text=st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_at_all(form: str, text: str) -> None:
    import_or_refuse(text, form)


@pytest.mark.integration
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.format)
@given(data=st.data())
def test_a_file_that_is_damaged(sample: object, data: st.DataObject) -> None:
    assert hasattr(sample, "text")
    assert hasattr(sample, "format")
    text: str = sample.text
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    noise = data.draw(st.text("'\"\\{}[]()=:#;$%<>@\n \t0ax&*!`|-", max_size=4))
    import_or_refuse(text[:start] + noise + text[end:], sample.format)


def import_or_refuse(text: str, form: str) -> None:
    with contextlib.suppress(InterchangeError):
        assert import_text(text, form).format == form
