"""The passwords that a text holds are hidden; what is none stays."""

import time

import pytest

from smtp_tui.safe_text import MASK, holds_url_password, mask_credentials, mask_secrets
from smtp_tui.settings import parsers
from smtp_tui.settings.fields import FIELDS, Field, FieldKind
from tests.table import table

SECRET = "S3cret/wo:rd"


@table(
    "text",
    [
        f"smtps://alice:{SECRET}@mail.example.org:465",
        f"smtps://alice:{SECRET}@@mail.example.org",
        f"smtps://alice:a@{SECRET}@mail.example.org",
        f"smtps://alice:a b{SECRET}@mail.example.org",
        f"smtps://:{SECRET}@mail.example.org",
        f"the value smtps://alice:{SECRET}@mail.example.org is a URL",
        f"'smtps://alice:{SECRET}@mail.example.org'",
        f"smtp+starttls://alice:{SECRET}@[2001:db8::1]/?a=b",
        f"smtps:/alice:{SECRET}@mail.example.org",
        f"alice:{SECRET}@mail.example.org",
        f" alice:{SECRET}@127.0.0.1:25",
        f"//alice:{SECRET}@mail.example.org",
        f"'alice:{SECRET}@mail.example.org'",
        f"user alice:{SECRET}@mail.example.org port 25",
        f"/etc/app/alice:{SECRET}@mail.example.org",
        f"smtp://mail.example.org/?user=alice&password={SECRET}",
        f"smtp://mail.example.org?PASS={SECRET}&tls=true",
    ],
)
def test_hidden(text: str) -> None:
    shown = mask_credentials(text)
    assert SECRET not in shown
    assert SECRET.partition("/")[0] not in shown
    assert MASK in shown
    assert mask_credentials(shown) == shown


@table(
    "text",
    [
        "",
        "@",
        "mail.example.org",
        "alice@example.org",
        "Alice <alice@example.org>",
        "smtp://mail.example.org:587",
        "smtps://alice@mail.example.org:465",
        "https://example.org/a:b?c=d",
        "2001:db8::1",
        "[::1]:25 and alice@example.org",
        "mail.toml: line 3: alice@example.org",
        "C:\\mail\\toml",
        "/etc/mail.toml: there is no table smtp",
    ],
)
def test_left_alone(text: str) -> None:
    assert mask_credentials(text) == text
    assert not holds_url_password(text)


def test_what_stands_behind_a_name_for_a_secret() -> None:
    assert mask_secrets(f"curl --password={SECRET} x") == f"curl --password={MASK}"
    assert mask_secrets("the password of alice") == "the password of alice"


@table(
    "piece",
    ["pass", "a://b:", "a:b ", "a:", "/a:", "a/", "x@y:", '"a:', "?pass=x&", "://", "secret  "],
)
def test_a_long_text_takes_no_longer_than_it_is_long(piece: str) -> None:
    def seconds(count: int) -> float:
        text = f"@{piece * count}@"
        best = 1e9
        for _ in range(3):
            began = time.process_time()
            mask_secrets(text)
            best = min(best, time.process_time() - began)
        return best

    # Ten times the text took a hundred times as long, where it was quadratic.
    assert seconds(10_000) < 40 * max(seconds(1_000), 1e-4)


@table(
    ("host", "told"),
    [
        (
            f"smtps://alice:{SECRET}@mail.example.org:465",
            'is a URL; write only the hostname: set host = "mail.example.org", port = 465, '
            'encryption = "ssl", username = "alice", and keep the password in password',
        ),
        (
            "smtp://mail.example.org:587/",
            'is a URL; write only the hostname: set host = "mail.example.org", port = 587',
        ),
        (
            f"alice:{SECRET}@[2001:db8::1]:25",
            'contains an @; write only the hostname: set host = "[2001:db8::1]", port = 25, '
            'username = "alice", and keep the password in password',
        ),
        (
            f"smtps://alice:{SECRET}@",
            "is a URL; write only the hostname, and set port and username separately",
        ),
        (
            f"smtps://al%20ice:{SECRET}@mail.example.org",
            'is a URL; write only the hostname: set host = "mail.example.org", '
            'encryption = "ssl", and keep the password in password',
        ),
    ],
)
def test_a_url_as_host_is_told_in_its_parts(host: str, told: str) -> None:
    with pytest.raises(ValueError, match="write only") as caught:
        parsers.host(host)
    assert str(caught.value) == told


@table("field", [one for one in FIELDS if one.kind is not FieldKind.PASSWORD])
def test_no_field_but_the_password_accepts_a_url_with_one(field: Field) -> None:
    problem = field.problem_with(f"smtps://alice:{SECRET}@mail.example.org")
    assert problem
    assert SECRET not in problem
    assert "S3cret" not in problem
