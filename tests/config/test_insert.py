"""Where a new key goes and how it looks: as by the hand of whoever wrote the file."""

from collections.abc import Callable
from typing import Any

import pytest

from smtp_tui.config.document import Document

Open = Callable[[str], Document]


def test_values_in_line_stay_so(document: Open) -> None:
    text = "[smtp]\nhost =     'a'\nusername = 'b'\n"
    changed = document(text).changed("smtp", {"port": 1, "authentication": "plain"})
    port, end = "port =     1\nusername", 'authentication = "plain"\n'
    assert changed == text.replace("username", port) + end


@pytest.mark.parametrize(
    ("host", "line"),
    [
        ("b", 'host = "b"      # where'),
        ("bc.example", 'host = "bc.example" # where'),
        ("bc.example.org", 'host = "bc.example.org" # where'),
    ],
)
def test_comments_in_one_column_stay_in_it(document: Open, host: str, line: str) -> None:
    text = '[smtp]\nhost = "a.org"  # where\nport = 25       # how\n'
    changed = document(text).changed("smtp", {"host": host})
    assert changed == text.replace('host = "a.org"  # where', line)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("host = 'a.org'  # where\nport = 25 # how\n", "host = 'b'  # where\nport = 25 # how\n"),
        ("host = 'a.org'  # where\nport = 25\n", "host = 'b'  # where\nport = 25\n"),
        ("host = '''\na.org'''  # c\nport = 1 # d\n", "host = '''b'''  # c\nport = 1 # d\n"),
        ("x = { host = 'a.org' } # c\n", "x = { host = 'b' } # c\n"),
    ],
)
def test_a_comment_that_is_in_no_column_follows_its_value(
    document: Open, old: str, new: str
) -> None:
    assert document(old).changed("x" if "x" in old else ".", {"host": "b"}) == new


@pytest.mark.parametrize(
    ("old", "changes", "new"),
    [
        pytest.param(
            "[smtp]\nhost = 'a'\n\n# Login\nusername = 'u'\npassword = 'p' # c\n\n# end\n[x]\n",
            {"timeout": 9, "authentication": "plain", "encryption": "ssl", "port": 1},
            "[smtp]\nhost = 'a'\nport = 1\nencryption = \"ssl\"\n\n# Login\nusername = 'u'\n"
            "password = 'p' # c\nauthentication = \"plain\"\ntimeout = 9\n\n# end\n[x]\n",
            id="each in its group, in our order",
        ),
        pytest.param(
            "[smtp]\nusername = 'u'\nhost = [\n'a' ] # c\nretries = 3",
            {"port": 1, "domain": "d"},
            "[smtp]\nusername = 'u'\nhost = [\n'a' ] # c\nport = 1\ndomain = \"d\"\nretries = 3",
            id="whatever order the file has",
        ),
        pytest.param(
            "[smtp]\nport = 1\nretries = 3\n",
            {"host": "a"},
            '[smtp]\nport = 1\nretries = 3\nhost = "a"\n',
            id="none comes before it",
        ),
        pytest.param(
            "smtp = { host = 'a', username = 'u' } # c\n",
            {"port": 1, "timeout": 9},
            "smtp = { host = 'a', port = 1, username = 'u', timeout = 9 } # c\n",
            id="between braces",
        ),
        pytest.param(
            "smtp.host = 'a'\nx = 1\nsmtp.password.env = 'p'\n",
            {"port": 1, "timeout": 9},
            "smtp.host = 'a'\nsmtp.port = 1\nx = 1\nsmtp.password.env = 'p'\nsmtp.timeout = 9\n",
            id="dotted",
        ),
    ],
)
def test_a_new_key_stands_after_its_neighbours(
    document: Open, old: str, changes: dict[str, Any], new: str
) -> None:
    assert document(old).changed("smtp", changes) == new


@pytest.mark.parametrize(
    ("old", "table", "changes", "new"),
    [
        pytest.param(
            "[smtp]\n# The host\n#host=''\n\n  # port = 25 # as usual\n\n[x]\n",
            "smtp",
            {"port": 1, "host": "b", "domain": "d"},
            "[smtp]\n# The host\n#host=''\nhost=\"b\"\n\n  # port = 25 # as usual\n"
            '  port = 1\n  domain = "d"\n\n[x]\n',
            id="each below its own",
        ),
        pytest.param(
            "[smtp]\n  # port = 1\n  host='a'\n  ## port = 2\n\n# end\n[x]",
            "smtp",
            {"port": 3},
            "[smtp]\n  # port = 1\n  host='a'\n  ## port = 2\n  port=3\n\n# end\n[x]",
            id="below the last one, as the other keys are written",
        ),
        pytest.param(
            "smtp.host = 'a'\n# smtp.port = 1\n# c\nx = 1",
            "smtp",
            {"port": 2},
            "smtp.host = 'a'\n# smtp.port = 1\nsmtp.port = 2\n# c\nx = 1",
            id="dotted",
        ),
        pytest.param(
            "# port = 1\nhost = 'a'\n[x]",
            ".",
            {"port": 2},
            "# port = 1\nport = 2\nhost = 'a'\n[x]",
            id="in the root",
        ),
        pytest.param(
            "[smtp]\nhost = 'a'\n# timeout = 9\n\n# The web's\n# port = 8080\n[web]\n",
            "smtp",
            {"port": 2, "timeout": 3},
            "[smtp]\nhost = 'a'\nport = 2\n# timeout = 9\ntimeout = 3\n\n"
            "# The web's\n# port = 8080\n[web]\n",
            id="not in the comment right above another section",
        ),
        pytest.param(
            "[smtp]\n# port = 1\nhost     = 'a'\nusername = 'b'\n# password = 'x'\n",
            "smtp",
            {"password": "s", "port": 2},
            "[smtp]\n# port = 1\nport     = 2\nhost     = 'a'\nusername = 'b'\n"
            "# password = 'x'\npassword = \"s\"\n",
            id="in line with the rest",
        ),
        pytest.param(
            "[smtp]\nhost = 'a'\n# port = 1",
            "smtp",
            {"port": 2, "domain": "d"},
            "[smtp]\nhost = 'a'\n# port = 1\nport = 2\ndomain = \"d\"",
            id="at the end of the file",
        ),
        pytest.param(
            "[smtp]\nhost = 'a'\n# port = 25 is for relays\n",
            "smtp",
            {"port": 2},
            "[smtp]\nhost = 'a'\nport = 2\n# port = 25 is for relays\n",
            id="not below prose",
        ),
        pytest.param(
            "[smtp]\nhost = 'a'\n# [backup]\n# port = 25\n",
            "smtp",
            {"port": 2},
            "[smtp]\nhost = 'a'\nport = 2\n# [backup]\n# port = 25\n",
            id="not in a section that is a comment itself",
        ),
        pytest.param(
            '[smtp]\nhost = \'a\'\nx = """\n# port = 25\n"""\n[y]\n# port = 1\n',
            "smtp",
            {"port": 2},
            '[smtp]\nhost = \'a\'\nport = 2\nx = """\n# port = 25\n"""\n[y]\n# port = 1\n',
            id="not in a text, nor in another section",
        ),
        pytest.param(
            "[smtp]\r\nhost = 'a'\r\n# port = 25\r\n# c\r\n",
            "smtp",
            {"port": 2},
            "[smtp]\r\nhost = 'a'\r\n# port = 25\r\nport = 2\r\n# c\r\n",
            id="with carriage returns",
        ),
        pytest.param(
            "[smtp] # host = 'z'\n# port = 25\n[smtp.x]\n# host = 'y'\n",
            "smtp",
            {"port": 2, "host": "b"},
            "[smtp] # host = 'z'\n# port = 25\nport = 2\nhost = \"b\"\n[smtp.x]\n# host = 'y'\n",
            id="not below a comment that shares a line",
        ),
    ],
)
def test_a_key_that_stands_as_a_comment_is_put_below_it(
    document: Open, old: str, table: str, changes: dict[str, Any], new: str
) -> None:
    assert document(old).changed(table, changes) == new


def test_the_last_key_that_holds_a_table_up_is_not_taken_in_silence(document: Open) -> None:
    with pytest.raises(Exception, match="smtp would disappear with its last key"):
        document("smtp.host = 'a'\nsmtp.port = 1\n").changed("smtp", {"host": None, "port": None})


@pytest.mark.parametrize("comment", ["#port =", "# port =", "#port=", "#port = "])
def test_a_commented_key_without_a_value_is_a_place_too(document: Open, comment: str) -> None:
    text = f"[smtp]\nhost = 'a'\n# optional\n{comment}\nusername = 'u'\n"
    changed = document(text).changed("smtp", {"port": 25})
    assert changed == text.replace(f"{comment}\n", f"{comment}\nport = 25\n")


def test_rauthys_own_sample_has_its_places(document: Open) -> None:
    text = (
        "[email]\nsmtp_url = 'localhost'\n# overwritten by: SMTP_PORT\n#smtp_port =\n"
        "# overwritten by: SMTP_USERNAME\n#smtp_username =\nstarttls_only = false\n"
    )
    opened = document(text)
    assert opened.dialect == "rauthy"
    assert opened.changed("email", {"port": 2525, "username": "u"}) == (
        text.replace("#smtp_port =\n", "#smtp_port =\nsmtp_port = 2525\n").replace(
            "#smtp_username =\n", "#smtp_username =\nsmtp_username = 'u'\n".replace("'", '"')
        )
    )
