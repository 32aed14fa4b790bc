"""Plain tables in the usual other names of our keys: understood, and never written twice."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.config.dialects.plain import PlainTomlTable
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NotExpressibleError
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.validate import equivalent
from tests.table import table


def opened(folder: Path, text: str) -> Document:
    path = folder / "app.toml"
    path.write_text(text)
    return Document.open(path)


@table(
    ("table", "meaning"),
    [
        ("host='a.b'\nuser='u'\npass='p'", {"host": "a.b", "username": "u", "password": "p"}),
        ("server='a.b'\nlogin='u'", {"host": "a.b", "username": "u"}),
        ("smtp_host='a.b'\nsmtp_port=587", {"host": "a.b", "port": 587}),
        ("address='a.b'\nport=25", {"host": "a.b", "port": 25}),
        ("address='me@a.b'\nhost='a.b'", {"host": "a.b"}),
        ("host='a.b'\nfrom_email='x@a.b'", {"host": "a.b", "from": "x@a.b"}),
        (
            "host='a.b'\nfrom_email='x@a.b'\nfrom_name='X'",
            {"host": "a.b", "from": "X <x@a.b>"},
        ),
        ("host='a.b'\nfrom='x@a.b'\nfrom_name='X'", {"host": "a.b", "from": "X <x@a.b>"}),
        ("host='a.b'\nfrom='Y <x@a.b>'\nfrom_name='X'", {"host": "a.b", "from": "Y <x@a.b>"}),
        ("host='a.b'\nfrom_name='X'", {"host": "a.b"}),
        ("host='a.b'\nsecurity='starttls'", {"host": "a.b", "encryption": "tls"}),
        ("host='a.b'\nsecurity='SSL'", {"host": "a.b", "encryption": "ssl"}),
        ("host='a.b'\nsecurity='none'", {"host": "a.b", "encryption": "none"}),
        ("host='a.b'\nsecurity='tls'", {"host": "a.b"}),
        ("host='a.b'\nstarttls=true", {"host": "a.b", "encryption": "tls"}),
        ("host='a.b'\nstarttls=false", {"host": "a.b"}),
        ("host='a.b'\nssl=true", {"host": "a.b", "encryption": "ssl"}),
        ("host='a.b'\nssl=false\ntls=true", {"host": "a.b", "encryption": "tls"}),
        ("host='a.b'\ntls=true\nport=465", {"host": "a.b", "port": 465}),
        ("host='a.b'\ntls=true\nport=587", {"host": "a.b", "port": 587}),
        ("host='a.b'\ntls=false", {"host": "a.b"}),
        ("host='a.b'\nuse_tls=true\nuse_ssl=false", {"host": "a.b", "encryption": "tls"}),
        ("host='a.b'\nuse_tls=true\ntls=false", {"host": "a.b"}),
        ("host='a.b'\nencryption='none'\ntls=true", {"host": "a.b", "encryption": "none"}),
        (
            "smtp_url='smtps://u%40x:p%2Fq@a.b:465'",
            {
                "host": "a.b",
                "port": 465,
                "username": "u@x",
                "password": "p/q",
                "encryption": "ssl",
            },
        ),
        ("smtp_url='smtp://a.b:587'", {"host": "a.b", "port": 587}),
        ("smtp_url='a.b'", {"host": "a.b"}),
        ("server='a.b:587'", {"host": "a.b", "port": 587}),
        ("url='https://a.b/'\nhost='c.d'", {"host": "c.d"}),
        ("url='postgres://u:p@a.b/x'", {}),
        ("smtp_url='smtps://u:p@a.b'\nhost='c.d'", {"host": "c.d"}),
        ("user='u'\nlogin='v'\nhost='a.b'", {"host": "a.b"}),
        ("user='u'\nusername='v'\nhost='a.b'", {"host": "a.b", "username": "v"}),
    ],
)
def test_it_is_read(table: str, meaning: dict[str, Any]) -> None:
    plain = PlainTomlTable(tomllib.loads(table))
    assert {key: plain.values[key] for key in plain.given} == meaning


@table(
    ("table", "unknown", "unclear"),
    [
        ("host='a'\nuser='u'\nport=25", (), ()),
        ("host='a'\nrelay='x'\nreply_to='y'", ("relay", "reply_to"), ()),
        ("host='a'\nuser='u'\nlogin='v'", ("user", "login"), ()),
        ("host='a'\nusername='v'\nuser='u'", ("user",), ()),
        ("host='a'\ntls=true", ("tls",), ("tls",)),
        ("host='a'\nsecurity='tls'", ("security",), ("security",)),
        ("host='a'\nencryption='tls'\ntls=true", ("tls",), ("tls",)),
        ("host='a'\nenabled=false", (), ()),
        ("smtp_url='smtps://u:p@a.b'\nhost='c'", ("smtp_url",), ()),
        ("host='a'\n[work]\nhost='b'\n[[more]]\nx=1", (), ()),
    ],
)
def test_what_is_unknown_is_named(
    table: str, unknown: tuple[str, ...], unclear: tuple[str, ...]
) -> None:
    plain = PlainTomlTable(tomllib.loads(table))
    assert (plain.unknown, plain.unclear) == (unknown, unclear)


@pytest.mark.parametrize(
    ("table", "changes", "new"),
    [
        ("host='a.b'\nuser='u'\n", {"username": "v"}, "host='a.b'\nuser='v'\n"),
        ("host='a.b'\nuser='u'\n", {"username": None}, "host='a.b'\n"),
        (
            "host='a.b'\npass='p'\n",
            {"password": {"env": "X"}},
            "host='a.b'\npass={ env = \"X\" }\n",
        ),
        ("smtp_host='a.b'\nport='25'\n", {"port": 26}, "smtp_host='a.b'\nport='26'\n"),
        (
            "host='a.b'\nfrom_email='x@a.b'\nfrom_name='X'\n",
            {"from": "Y <y@a.b>"},
            "host='a.b'\nfrom_email='y@a.b'\nfrom_name='Y'\n",
        ),
        (
            "host='a.b'\nfrom_email='x@a.b'\nfrom_name='X'\n",
            {"from": "y@a.b"},
            "host='a.b'\nfrom_email='y@a.b'\n",
        ),
        ("host='a.b'\nstarttls=true\n", {"encryption": "tls"}, "host='a.b'\nstarttls=true\n"),
        (
            "host='a.b'\nssl=true\nstarttls=false\n",
            {"encryption": "tls"},
            "host='a.b'\nssl=false\nstarttls=true\n",
        ),
        ("host='a.b'\nusername='u'\nuser='v'\n", {"username": None}, None),
        (
            "host='a.b'\nusername='u'\nuser='v'\n",
            {"username": "w"},
            "host='a.b'\nusername='w'\nuser='v'\n",
        ),
        (
            "host='a.b'\nssl=false\ntls=true\n",
            {"encryption": "ssl"},
            "host='a.b'\nssl=true\ntls=false\n",
        ),
        (
            "host='a.b'\nsecurity='ssl'\n",
            {"encryption": "tls"},
            "host='a.b'\nsecurity='starttls'\n",
        ),
        (
            "host='a.b'\ntls=true\n",
            {"encryption": "ssl"},
            "host='a.b'\nencryption='ssl'\ntls=true\n",
        ),
        ("host='a.b'\nstarttls=true\n", {"encryption": "ssl"}, None),
        ("host='a.b'\nssl=true\n", {"encryption": None}, "host='a.b'\n"),
        (
            "smtp_url='smtps://u:p%2f@a.b'\n",
            {"host": "c.d"},
            "smtp_url='smtps://u:p%2f@c.d'\n",
        ),
        (
            "smtp_url='smtps://u:p%2f@a.b'\n",
            {"port": 465, "password": "x/y"},
            "smtp_url='smtps://u:x%2Fy@a.b:465'\n",
        ),
        (
            "smtp_url='smtps://a.b'\n",
            {"encryption": "tls"},
            "smtp_url='smtp://a.b'\nencryption='tls'\n",
        ),
        ("smtp_url='smtp://a.b'\n", {"encryption": "ssl"}, "smtp_url='smtps://a.b'\n"),
        ("smtp_url='smtps://u:p@a.b'\n", {"password": {"env": "X"}}, None),
        ("smtp_url='smtps://u:p@a.b'\n", {"host": None}, None),
        ("smtp_url='a.b'\n", {"port": 25}, "smtp_url='a.b'\nport=25\n"),
        ("smtp_url='a.b'\n", {"username": "u"}, "smtp_url='a.b'\nusername='u'\n"),
        ("server='a.b:25'\n", {"port": 26}, "server='a.b:26'\n"),
        ("host='a.b'\ntimeout='30'\n", {"timeout": 10.0}, "host='a.b'\ntimeout='10'\n"),
        ("host='a.b'\ntimeout='30.0'\n", {"timeout": 10}, "host='a.b'\ntimeout='10'\n"),
        ("host='a.b'\ntimeout='30.0'\n", {"timeout": 30}, "host='a.b'\ntimeout='30.0'\n"),
    ],
)
def test_a_change_is_made_in_its_own_words(
    tmp_path: Path, table: str, changes: dict[str, Any], new: str | None
) -> None:
    document = opened(tmp_path, f"[smtp]\n{table}")
    if new is None:
        with pytest.raises(NotExpressibleError) as caught:
            document.changed("smtp", changes)
        assert "\n" not in str(caught.value)
        return
    assert document.changed("smtp", changes).replace('"', "'").replace(" = ", "=") == (
        f"[smtp]\n{new}".replace('"', "'").replace(" = ", "=")
    )


def test_at_the_top_of_a_file_only_keys_of_mail_are_named(tmp_path: Path) -> None:
    document = opened(tmp_path, "name='x'\ndebug=true\nhost='a.b'\nport=25\ntls=true\n")
    assert document.default_table() == "."
    assert document.unknown_keys(".") == ("tls",)
    assert document.remarks(".") == (
        "tls may mean STARTTLS or implicit TLS. smtp-tui does not know which; set encryption.",
    )


@table(
    ("written", "meant"),
    [
        ("pasword='x'", "password"),
        ("Usrname='x'", "username"),
        ("smtp_pasword='x'", "smtp_password"),
        ("prot=25", "port"),
        ("form='a@b.example'", "from"),
        ("authentification='plain'", "authentication"),
        ("encyption='tls'", "encryption"),
        # Another word, a list, or a setting that the table has already.
        ("sort=25", None),
        ("path='x'", None),
        ("usernames=['x']", None),
        ("username='x'\nusrname='y'", None),
        ("hosts='x'", None),
    ],
)
@pytest.mark.parametrize(("table", "head"), [("smtp", "[smtp]\n"), (".", "")])
def test_a_key_that_is_nearly_known_is_named(
    tmp_path: Path, written: str, meant: str | None, table: str, head: str
) -> None:
    document = opened(tmp_path, f"{head}host='a.b'\n{written}\n")
    found = document.misspelled_keys(table)
    key = written.partition("=")[0]
    where = "in [smtp]" if head else "at the top of the file"
    if meant is None:
        assert found == {}
        return
    assert found[key][1] == f"{key} {where} is unknown. Did you mean {meant}?"
    assert found[key][1] in document.remarks(table)
    assert key in document.unknown_keys(table)


HOSTS = ("a.example", "192.0.2.1")
TABLE = st.fixed_dictionaries(
    {},
    optional={
        **{key: st.sampled_from(HOSTS) for key in ("host", "smtp_host", "server", "address")},
        **{key: st.sampled_from(["u", "v@x"]) for key in ("username", "user", "login")},
        **{key: st.sampled_from(["p", "q/"]) for key in ("password", "pass")},
        **{key: st.sampled_from(["a@b.example"]) for key in ("from", "from_email", "sender")},
        **{key: st.booleans() for key in ("tls", "starttls", "ssl")},
        "from_name": st.sampled_from(["X", ""]),
        "security": st.sampled_from(["tls", "ssl", "starttls", "none", "x"]),
        "encryption": st.sampled_from(["tls", "ssl", "none"]),
        "port": st.sampled_from([25, "587", 465]),
        "smtp_url": st.sampled_from(
            ["smtps://u:p@a.example", "smtp://a.example:587", "a.example", "http://x"]
        ),
    },
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "host": st.sampled_from(["c.example"]),
        "port": st.sampled_from([465, 2525, None]),
        "username": st.sampled_from(["w", None]),
        "password": st.sampled_from(["r@:", None]),
        "from": st.sampled_from(["Y <y@b.example>", "y@b.example", None]),
        "encryption": st.sampled_from(["tls", "ssl", "none", None]),
    },
)


@given(TABLE, CHANGES)
def test_what_is_written_is_read_back_and_stands_once(
    table: dict[str, Any], wanted: dict[str, Any]
) -> None:
    before = PlainTomlTable(table)
    try:
        changes = before.changes(wanted)
    except NotExpressibleError:
        return
    new = {**table, **changes}
    after = PlainTomlTable({key: value for key, value in new.items() if value is not None})
    for key, value in wanted.items():
        assert equivalent(key, after.values.get(key), value), key
    for key in before.given - wanted.keys():
        assert equivalent(key, after.values.get(key), before.values[key]), key
    # A new key of ours is one that nothing in the table said before.
    assert {key for key in changes.keys() - table.keys() if changes[key] is not None} <= (
        BY_KEY.keys() - before.given
    ) | {"encryption"}
    assert {key: value for key, value in new.items() if key in before.unknown} == {
        key: table[key] for key in before.unknown
    }


SHOWN = "[email]\nsmtp_host = 'a.example'\n#smtp_port =\n# smtp_user = 'me'\nfrom = 'a@b.example'\n"


def test_a_new_key_is_called_what_the_comment_for_it_calls_it(tmp_path: Path) -> None:
    document = opened(tmp_path, SHOWN)
    document.save("email", {"port": 25, "username": "u", "encryption": "ssl"})
    assert "#smtp_port =\nsmtp_port = 25\n# smtp_user = 'me'\nsmtp_user = \"u\"\n" in document.text
    assert 'encryption = "ssl"\n' in document.text
    again = Document.open(document.path).values("email")
    assert (again["port"], again["username"], again["encryption"]) == (25, "u", "ssl")


@pytest.mark.parametrize(
    "more", ["#port = 25\n", "#smtp_user =\n#smtp_username =\n", "# user: me\n"]
)
def test_comments_that_show_no_one_name_change_nothing(tmp_path: Path, more: str) -> None:
    document = opened(tmp_path, f"[email]\nsmtp_host = 'a.example'\nfrom = 'a@b.example'\n{more}")
    text = document.changed("email", {"port": 25, "username": "u"})
    found = tomllib.loads(text)["email"]
    assert (found["port"], found["username"]) == (25, "u")
