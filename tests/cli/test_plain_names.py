"""Plain tables in the usual other names, by the command line: nothing is damaged, nothing shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.program import Outcome

Call = Callable[..., Outcome]
Toml = Callable[[str], Path]

URL = (
    '[email]\nsmtp_url = "smtps://bob:wonder%2Fland@127.0.0.1:1"\n'
    'from_email = "a@b.example"\nfrom_name = "Shop"\n'
)


def test_a_url_is_split_and_its_password_hidden(call: Call, toml: Toml) -> None:
    file = str(toml(URL))
    outcome = call("get", file)
    assert outcome == Outcome(
        0,
        'host = "127.0.0.1"\nport = 1\nencryption = "ssl"\nusername = "bob"\n'
        'password = "********"\nfrom = "Shop <a@b.example>"\n',
        "",
    )
    assert call("get", file, "password", "--reveal").out == "wonder/land\n"
    for words in (("check", file), ("check", file, "--json"), ("check", file, "--report", "-")):
        told = call(*words)
        assert "wonder" not in told.out + told.err


def test_a_url_is_joined_again(call: Call, toml: Toml) -> None:
    file = toml(URL)
    assert call("set", str(file), "host=relay.example", "port=465").status == 0
    assert file.read_text() == URL.replace("127.0.0.1:1", "relay.example:465")
    diff = call("set", str(file), "host=b.example", "--diff")
    assert "wonder" not in diff.out
    assert "+smtp_url = " in diff.out


def test_what_a_url_cannot_hold_is_refused(call: Call, toml: Toml) -> None:
    file = toml(URL)
    outcome = call("set", str(file), 'password={env="X"}')
    assert (outcome.status, outcome.out) == (3, "")
    assert "is part of smtp_url, which cannot name a place where it is kept" in outcome.err
    assert "wonder" not in outcome.err
    assert file.read_text() == URL


def test_a_password_is_taken_out_of_the_url(call: Call, toml: Toml) -> None:
    file = toml(URL)
    assert call("unset", str(file), "password").status == 0
    assert file.read_text() == URL.replace(":wonder%2Fland", "")


def test_our_own_keys_are_not_put_beside_other_names(call: Call, toml: Toml) -> None:
    text = '[smtp]\nhost = "a.example"\nuser = "u"\nsecurity = "ssl"\nrelay = true\n'
    file = toml(text)
    outcome = call("set", str(file), "username=v", "encryption=tls", "port=587")
    assert outcome == Outcome(0, "", "smtp-tui: note: Unknown keys in [smtp]: relay.\n")
    assert file.read_text() == (
        '[smtp]\nhost = "a.example"\nport = 587\nuser = "v"\nsecurity = "starttls"\nrelay = true\n'
    )


def test_a_key_of_unclear_meaning_is_named(call: Call, toml: Toml) -> None:
    file = toml('[smtp]\nhost = "127.0.0.1"\nport = 1\ntls = true\nenabled = false\n')
    outcome = call("get", str(file), "encryption")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.splitlines() == [
        "smtp-tui: note: enabled is false: mail is switched off in this table.",
        "smtp-tui: note: tls may mean STARTTLS or implicit TLS. smtp-tui does not know which; set "
        "encryption.",
    ]


def test_databases_are_no_tables_of_all(call: Call, toml: Toml) -> None:
    text = '[database]\nhost = "127.0.0.1"\nport = 5432\nusername = "u"\n\n[imap]\nhost = "h"\n'
    text += 'port = 993\n\n[mailer]\nserver = "127.0.0.1"\nport = 1\n'
    outcome = call("check", "--all", str(toml(text)), "--json")
    tables = {json.loads(line)["table"] for line in outcome.out.splitlines()[:-1]}
    assert tables == {"mailer"}
