"""Files that are out to harm: none runs anything, takes long, or ends in a traceback."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.interchange.importing import LARGEST, candidates, import_text
from smtp_tui.interchange.known import formats
from smtp_tui.interchange.results import InterchangeError
from tests.interchange.samples import SAMPLES

PATIENCE = 5.0
"""Seconds; what would grow without bound takes far longer."""

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
    ("url", "smtp://" + "@" * 100_000),
    ("url", "smtp://a?" + "a=b&" * 200_000),
]


@pytest.mark.parametrize(
    ("form", "text"), BOMBS, ids=[f"{f}-{i}" for i, (f, _) in enumerate(BOMBS)]
)
def test_a_bomb(form: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    start = time.monotonic()
    candidates(text)
    try:
        found = import_text(text, form)
    except InterchangeError as error:
        said = [str(error)]
    else:
        said = [*map(str, found.unread), *map(str, found.remarks)]
    assert time.monotonic() - start < PATIENCE
    assert not list(tmp_path.iterdir())
    assert all("touch" not in line for line in said)


def test_a_text_that_is_too_large() -> None:
    with pytest.raises(InterchangeError, match="more than 1 MiB is no settings file"):
        import_text("#" * (LARGEST + 1), "msmtp")


@pytest.mark.parametrize("form", sorted(formats()))
@given(text=st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_at_all(form: str, text: str) -> None:
    import_or_refuse(text, form)


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
