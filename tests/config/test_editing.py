"""Changes to a text: exactly these keys, exactly here, and not one other byte."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NoTableError

Open = Callable[[str], Document]

SAMPLE = """\
# Our application

title = "x" # a title

[smtp]
host = "old.example.org"  # the relay
# port = 25
port = 25

# Workers come next

[workers]
count = 3
"""


def test_a_changed_value_keeps_its_comment(document: Open) -> None:
    changed = document(SAMPLE).changed("smtp", {"host": "new.example.org"})
    assert changed == SAMPLE.replace("old.", "new.")


def test_a_new_key_stands_below_the_last_one_above_the_closing_comment(document: Open) -> None:
    changed = document(SAMPLE).changed("smtp", {"username": "me"})
    assert changed == SAMPLE.replace("\nport = 25\n", '\nport = 25\nusername = "me"\n')


def test_none_removes_the_line(document: Open) -> None:
    changed = document(SAMPLE).changed("smtp", {"port": None, "domain": None})
    assert changed == SAMPLE.replace("\nport = 25\n", "\n")


def test_all_at_once(document: Open) -> None:
    changed = document(SAMPLE).changed("smtp", {"port": 465, "encryption": "ssl", "host": None})
    old = 'host = "old.example.org"  # the relay\n# port = 25\nport = 25\n'
    assert changed == SAMPLE.replace(old, '# port = 25\nport = 465\nencryption = "ssl"\n')


@pytest.mark.parametrize(
    ("old", "changes"),
    [
        ("encryption = 'STARTTLS'", {"encryption": "tls"}),
        ("authentication = 'Cram_MD5'", {"authentication": "cram-md5"}),
        ("openssl_verify_mode = 'VERIFY_PEER'", {"openssl_verify_mode": "peer"}),
        ("port = 0x1d1", {"port": 465}),
        ("port = '465'", {"port": 465}),
        ("timeout = 30", {"timeout": 30.0}),
        ("starttls_auto = 'yes'", {"starttls_auto": True}),
        ("username = ''", {"username": ""}),
        ("password = {keyring='x'} # c", {"password": {"keyring": "x"}}),
        ("password.keyring = 'x'", {"password": {"keyring": "x"}}),
        ("retries = 0x3", {"retries": 3}),
    ],
)
def test_an_equal_meaning_is_left_as_it_is_written(
    document: Open, old: str, changes: dict[str, Any]
) -> None:
    text = f"[smtp]\n{old}"
    assert document(text).changed("smtp", changes) == text


@pytest.mark.parametrize(
    ("old", "changes", "new"),
    [
        ("host = 'a'", {"host": "b"}, "host = 'b'"),
        ("username = 'a'", {"username": "o'b"}, 'username = "o\'b"'),
        ('username = "a"', {"username": 'a"\\'}, r'username = "a\"\\"'),
        ('username = """a"""', {"username": "b"}, 'username = """b"""'),
        ("username = '''a'''", {"username": "o'b"}, "username = '''o'b'''"),
        ("username = '''a'''", {"username": "'''"}, "username = \"'''\""),
        ('username = "a"', {"username": "x\ty\x7f"}, 'username = "x\\ty\\u007f"'),
        (
            "username = 'a'",
            {"username": "\xa0\u202e😀\U000e0041"},
            'username = "\\u00a0\\u202e😀\\U000e0041"',
        ),
        ("port = '25'", {"port": 465}, "port = '465'"),
        ("port = 'many'", {"port": 465}, "port = 465"),
        ("port = ''", {"port": 465}, "port = 465"),
        ("retries = '1'", {"retries": 2}, "retries = 2"),
        ("starttls_auto = 'no'", {"starttls_auto": True}, "starttls_auto = 'true'"),
        ("starttls_auto = false", {"starttls_auto": True}, "starttls_auto = true"),
        ("timeout = 30", {"timeout": 45.0}, "timeout = 45"),
        ("timeout = 30", {"timeout": 0.5}, "timeout = 0.5"),
        ("timeout = 30.5", {"timeout": 45}, "timeout = 45.0"),
        ("timeout = 1_000", {"timeout": 2000.0}, "timeout = 2_000"),
        ("port = 0x19", {"port": 587}, "port = 0x24b"),
        ("port = 0x001F", {"port": 587}, "port = 0x024B"),
        ("port = 0o31", {"port": 465}, "port = 0o721"),
        ("port=25", {"port": 587}, "port=587"),
        ("password = 'x'", {"password": {"env": "Y"}}, 'password = { env = "Y" }'),
        ("password = {env='X'} # c", {"password": {"env": "Y"}}, "password = {env='Y'} # c"),
        ("password = {env='X'}", {"password": {"file": "y"}}, 'password = { file = "y" }'),
        ("password = {env='X'}", {"password": "y"}, 'password = "y"'),
        ("password.env = 'X'", {"password": {"env": "Y"}}, "password.env = 'Y'"),
        ("password.env = 'X'", {"password": {"ask": True}}, "password = { ask = true }"),
        ("password.env = 'X'", {"password": "y"}, 'password = "y"'),
        (
            "password = 'x'",
            {"password": {"command": ["pass", "a b"]}},
            'password = { command = ["pass", "a b"] }',
        ),
        ("odd.a = 1\nodd.b = 2\nport = 1", {"odd": 3}, "port = 1\nodd = 3"),
    ],
)
def test_a_new_value_takes_after_the_old(
    document: Open, old: str, changes: dict[str, Any], new: str
) -> None:
    assert document(f"[smtp]\n{old}\n").changed("smtp", changes) == f"[smtp]\n{new}\n"


@pytest.mark.parametrize(
    ("old", "table", "changes", "new"),
    [
        pytest.param("smtp.host='a'\nz=1", "smtp", {"port": 1, "host": "b"},
                     "smtp.host='b'\nsmtp.port=1\nz=1", id="dotted"),
        pytest.param("[a]\n'b.c' . smtp.host = 'x'\n[d]", 'a."b.c".smtp', {"port": 1},
                     "[a]\n'b.c' . smtp.host = 'x'\n'b.c' . smtp.port = 1\n[d]",
                     id="dotted below a header"),
        pytest.param("smtp = {host='a' } # c", "smtp", {"port": 1, "host": "b"},
                     "smtp = {host='b', port=1 } # c", id="inline"),
        pytest.param("smtp = { host = 'a', port = 1 }", "smtp", {"host": None, "domain": "d"},
                     'smtp = { port = 1, domain = "d" }', id="inline, first one goes"),
        pytest.param("smtp = { host = 'a', port = 1 }", "smtp", {"port": None},
                     "smtp = { host = 'a' }", id="inline, last one goes"),
        pytest.param("smtp = { host = 'a', port = 1 }", "smtp", {"port": None, "host": None},
                     "smtp = {  }", id="inline, all go"),
        pytest.param("smtp = { }", "smtp", {"port": 1}, "smtp = { port = 1 }", id="inline, empty"),
        pytest.param("x = { smtp.host = 'a', smtp.port = 2 }", "x.smtp", {"domain": "d"},
                     'x = { smtp.host = \'a\', smtp.port = 2, smtp.domain = "d" }',
                     id="dotted between braces"),
        pytest.param("smtp = [\n  { host = 'a' }, # 1\n  { host = 'b' },\n]", "smtp[1]",
                     {"port": 2}, "smtp = [\n  { host = 'a' }, # 1\n  { host = 'b', port = 2 },\n]",
                     id="inline in an array"),
        pytest.param("[[smtp]]\nhost='a'\n\n[[smtp]]\nname='x'\n", "smtp[name=x]", {"port": 2},
                     "[[smtp]]\nhost='a'\n\n[[smtp]]\nname='x'\nport=2\n", id="array of tables"),
        pytest.param("[[a]]\n[[a.b]]\n[[a]]\n[[a.b]]\n[a.b.smtp]\n", "a[1].b[0].smtp", {"port": 2},
                     "[[a]]\n[[a.b]]\n[[a]]\n[[a.b]]\n[a.b.smtp]\nport = 2\n", id="nested arrays"),
        pytest.param("[smtp.x]\ny=1\n[b]\n[smtp]\nhost='a'\n[c]\n[smtp.z]\n", "smtp", {"port": 2},
                     "[smtp.x]\ny=1\n[b]\n[smtp]\nhost='a'\nport=2\n[c]\n[smtp.z]\n",
                     id="out of order"),
        pytest.param("  [smtp]\n  host = 'a'\n    [smtp.x]\n", "smtp", {"port": 2},
                     "  [smtp]\n  host = 'a'\n  port = 2\n    [smtp.x]\n", id="indented"),
        pytest.param("\t[smtp] # c\n", "smtp", {"port": 2}, "\t[smtp] # c\n\tport = 2\n",
                     id="empty"),
        pytest.param("host='a'\nport=1 # c\n\n# x\n[x]", ".", {"domain": "d"},
                     "host='a'\nport=1 # c\ndomain=\"d\"\n\n# x\n[x]", id="root"),
        pytest.param("# top\n\n# x\n[x]\n", ".", {"host": "d"},
                     '# top\n\nhost = "d"\n# x\n[x]\n', id="root without keys"),
        pytest.param("[smtp]\ntext = '''\n[smtp]\nport = 1\n'''\n# c\n[x]", "smtp", {"port": 2},
                     "[smtp]\ntext = '''\n[smtp]\nport = 1\n'''\nport = 2\n# c\n[x]",
                     id="a decoy in a text of several lines"),
        pytest.param('[smtp]\na = [ # ]\n "]", \'#\',\n]\nb = """\\"""" # "\n', "smtp", {"port": 2},
                     '[smtp]\na = [ # ]\n "]", \'#\',\n]\nb = """\\"""" # "\nport = 2\n',
                     id="brackets and quotes in values"),
        pytest.param("[smtp]\nat = 1979-05-27 07:32:00 # c", "smtp", {"port": 2},
                     "[smtp]\nat = 1979-05-27 07:32:00 # c\nport = 2", id="a date with a space"),
        pytest.param("[smtp]\npassword.env = 'X'\n[smtp.tls]\nport=1", "smtp", {"port": 2},
                     "[smtp]\npassword.env = 'X'\nport = 2\n[smtp.tls]\nport=1",
                     id="below a dotted key"),
        pytest.param("[smtp]\nhost='a'\n[smtp.password] # p\nenv = 'X' # c\n[x]", "smtp",
                     {"password": {"file": "f"}},
                     "[smtp]\nhost='a'\n[smtp.password] # p\nfile = 'f' # c\n[x]",
                     id="a password's own section"),
        pytest.param("[smtp]\nhost='a'\n[smtp.password]\nenv = 'X'\n[x]", "smtp",
                     {"password": "y", "port": 2},
                     "[smtp]\nhost='a'\nport=2\npassword=\"y\"\n[x]",
                     id="a password's own section dissolved"),
        pytest.param("[smtp]\nhost='a'\n[smtp.password]\nenv = 'X'\n# c\n[x]", "smtp",
                     {"password": None}, "[smtp]\nhost='a'\n# c\n[x]",
                     id="a password's own section removed"),
        pytest.param("[\"smtp\"]\n'host' = 'a'\n\"po\\u0072t\" = 1\n", "smtp", {"port": 2},
                     "[\"smtp\"]\n'host' = 'a'\n\"po\\u0072t\" = 2\n", id="quoted keys"),
    ],
)  # fmt: skip
def test_a_table_in_any_layout_is_changed_in_place(
    document: Open, old: str, table: str, changes: dict[str, Any], new: str
) -> None:
    assert document(old).changed(table, changes) == new


def test_alignment_is_kept(document: Open) -> None:
    text = "[smtp]\n  host     = 'a'\n  username = 'b'\n"
    changed = document(text).changed("smtp", {"port": 1, "authentication": "plain"})
    port, end = "  port     = 1\n  username", '  authentication = "plain"\n'
    assert changed == text.replace("  username", port) + end


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_ends_and_marks_are_kept(document: Open, eol: str, last: str, bom: str) -> None:
    def spelled(*lines: str) -> str:
        return bom + eol.join(lines) + last.replace("\n", eol)

    opened = document(spelled("[smtp]", "host = 'a'", "port = 1"))
    assert opened.changed("smtp", {"domain": "d"}) == spelled(
        "[smtp]", "host = 'a'", "port = 1", 'domain = "d"'
    )
    assert opened.changed("smtp", {"port": None}) == spelled("[smtp]", "host = 'a'")
    assert opened.changed("mail", {"port": 2}, create=True) == spelled(
        "[smtp]", "host = 'a'", "port = 1", "", "[mail]", "port = 2"
    )


def test_the_first_line_can_go_without_the_mark(document: Open) -> None:
    opened = document("\ufeffhost = 'a'\nport = 1\n")
    assert opened.changed(".", {"host": None}) == "\ufeffport = 1\n"


def test_a_table_that_is_absent_is_made_only_on_request(document: Open) -> None:
    opened = document("# c\n")
    with pytest.raises(NoTableError):
        opened.changed('a."b.c".smtp', {"host": "x"})
    made = opened.changed('a."b.c".smtp', {"host": "x"}, create=True)
    assert made == '# c\n\n[a."b.c".smtp]\nhost = "x"\n'


def test_a_table_known_only_by_its_subtables_is_made(document: Open) -> None:
    made = document("[smtp.x]\ny = 1\n").changed("smtp", {"host": "x"})
    assert made == '[smtp.x]\ny = 1\n\n[smtp]\nhost = "x"\n'


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("smtp = 1\n", "smtp"),
        ("[[smtp]]\n", "smtp"),
        ("[[smtp]]\n", "smtp[1]"),
        ("[[a]]\n", "a[0].smtp"),
        ("a.b = 1\n", "a.b.smtp"),
    ],
)
def test_a_table_that_cannot_be_made_is_refused(document: Open, text: str, table: str) -> None:
    with pytest.raises(NoTableError):
        document(text).changed(table, {"host": "x"}, create=True)


@pytest.mark.parametrize(
    ("text", "table", "changes"),
    [
        pytest.param("a = { x = 1 }\n", "a.smtp", {"host": "x"}, id="between closed braces"),
        pytest.param("smtp.host = 'a'\n", "smtp", {"host": None}, id="the last dotted key"),
        pytest.param("[[smtp]]\n[smtp.x.y]\n", "smtp[0].x", {"host": "a"}, id="below an array"),
        pytest.param("[smtp]\nx = 1\n", "smtp", {"host": "\ud800"}, id="not UTF-8"),
    ],
)
def test_what_cannot_be_done_is_left_alone(
    document: Open, text: str, table: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(DocumentError, match=r"not changed|UTF-8"):
        document(text).changed(table, changes, create=True)


def test_a_value_toml_does_not_have_is_a_defect(document: Open) -> None:
    with pytest.raises(TypeError, match="no TOML value: object"):
        document("[smtp]\n").changed("smtp", {"host": object()})


def test_ten_thousand_lines_are_no_burden(document: Open) -> None:
    text = "".join(f'[t{i}]\n# comment\na = "x y"\nb = {i}\n\n' for i in range(2000))
    opened = document(f"{text}[smtp]\nhost = 'a'\nport = 25\n")
    start = time.process_time()
    opened.changed("smtp", {"host": "b", "port": None, "domain": "d"})
    assert time.process_time() - start < 1
