"""A file of providers that is wrong says where; an admin may have written it."""

from __future__ import annotations

import re

import pytest

from smtp_tui.providers import providers, providers_in
from smtp_tui.settings.choices import Authentication, Encryption
from tests.table import table

GOOD = """
[[provider]]
id = "ours"
name = "Our relay"
hosts = ["relay.example.org", "relay-*.example.org"]
ways = [{ port = 465, encryption = "ssl" }]
authentication = ["plain"]
user = "address"
username_is = "the whole address"
secret = "password"
password_is = "the one of the directory"
sources = ["https://wiki.example.org/mail"]
taken = 2026-11-24
"""


def test_a_provider_of_ones_own() -> None:
    (provider,) = providers_in(GOOD)
    assert provider.matches("relay-2.example.org")
    assert provider.ways[0].encryption is Encryption.SSL
    assert provider.authentication == (Authentication.PLAIN,)
    assert (provider.notes, provider.page, provider.signature) == ((), None, None)
    assert not provider.signs("relay.example.org says no")


def test_none() -> None:
    assert providers_in("") == ()


@table(
    ("old", "new", "words"),
    [
        ('id = "ours"', "", "provider number 1: Provider lacks id"),
        ('name = "Our relay"', "", "provider ours: Provider lacks name"),
        ('name = "Our relay"', 'name = "x"\nnick = "y"', "provider ours: Provider has no nick"),
        ('["relay.example.org", "relay-*.example.org"]', "[]", "ours: needs hosts"),
        (
            '["relay.example.org", "relay-*.example.org"]',
            '"x"',
            "ours: hosts is not a list of texts",
        ),
        ('["https://wiki.example.org/mail"]', "[]", "ours: needs hosts and sources"),
        ("2026-11-24", '"today"', "ours: taken is not a date"),
        ("2026-11-24", "2026-11-24T12:00:00", "ours: taken is not a date"),
        ('user = "address"', 'user = "address"\nmore_ways = 1', "ours: more_ways is neither"),
        ("465", "0", "ours: 0 is not a port"),
        ("465", '"465"', "ours: '465' is not a port"),
        ('{ port = 465, encryption = "ssl" }', "465", "ours: 465 is not a table of port and"),
        ('name = "Our relay"', "name = 5", "ours: name is not text"),
        ('id = "ours"', "id = 5", "provider 5: id is not text"),
        ('"ssl" }', '"smtps" }', "ours: 'smtps' is not a valid"),
        ('["plain"]', "[]", "ours: authentication is not a list, or is empty"),
        ('["plain"]', '["ntlm"]', "ours: 'ntlm' is not a valid"),
        ('user = "address"', 'user = "me"', "ours: 'me' is not a valid"),
        ('user = "address"', 'user = "address"\nsignature = "("', "ours: missing"),
        ('user = "address"', 'user = "address"\nusername_pattern = "("', "ours: missing"),
        ("taken = 2026-11-24", f"taken = 2026-11-24\n{GOOD}", "ours: named twice"),
        ('user = "address"', "", "provider ours: lacks 'user'"),
        ("taken = 2026-11-24", "taken = 2026-11-24 x", "line 13"),
    ],
)
def test_a_file_that_is_wrong(old: str, new: str, words: str) -> None:
    assert old in GOOD
    with pytest.raises(ValueError, match=re.escape(words)):
        providers_in(GOOD.replace(old, new, 1))


@pytest.mark.parametrize("text", ["provider = 5", "provider = [5]", "[provider]\nid = 'x'"])
def test_no_table_of_providers(text: str) -> None:
    with pytest.raises(ValueError, match=r"it contains no \[\[provider\]\] tables"):
        providers_in(text)


def test_the_words_stay_when_many_were_read() -> None:
    assert len(providers()) > 50
    with pytest.raises(ValueError, match="provider ours: Provider has no nick"):
        providers_in(GOOD.replace('name = "Our relay"', 'name = "x"\nnick = "y"'))
