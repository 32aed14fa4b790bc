"""Hide a key's value that looks like a secret; `showable` does it for a whole TOML text.

A value is hidden where its key, or a table's name above it, looks like a secret's; the place where
one is kept shows. In all other values it is the password of a URL, and what stands behind
`password=` and the like. In doubt too much is hidden.

A TOML text so that it can be shown: without its secrets, and line for line the same.

What `masking` says of a key and its value holds for each value here. In all other text, comments
too, the password of a URL is hidden, and what stands behind `password=` and the like.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cache
from itertools import zip_longest
from typing import Any

from smtp_tui.config.tablepath import Step, TablePath, get
from smtp_tui.config.toml_edit.edit import same_data
from smtp_tui.config.toml_edit.scan import KeyValue, Statement, scan
from smtp_tui.records import record
from smtp_tui.settings.masking import MASK, mask_secrets
from smtp_tui.settings.password_sources import Literal, parse_source

__all__ = ["MASK", "is_secret", "looks_secret", "masked_value", "without_secrets"]

# Keys are compared without case and signs: `apiKey`, `API_KEY` and `api-key` are one.
_PARTS = (
    *("password", "passwd", "passphrase", "secret", "token", "credential", "creds", "apikey"),
    *("privatekey", "accesskey", "secretkey", "signingkey", "encryptionkey", "masterkey"),
    *("sharedkey", "authkey", "authorization", "bearer", "cookie", "webhook", "basicauth"),
    # What other languages call a password.
    *("passwort", "kennwort", "senha", "contrasena", "contraseña", "motdepasse", "wachtwoord"),
    *("lösenord", "losenord", "salasana", "haslo", "hasło", "heslo", "parola", "пароль"),
    *("parool", "parole", "passord", "kodeord", "jelszo", "jelszó", "lozinka", "sifre", "şifre"),
    *("slaptazodis", "slaptažodis", "mnemonic"),
)
_ENDS = ("pass", "pwd", "passcode")
# The key of a secret itself, in a table that says how it is kept.
_WHOLE_KEYS = frozenset({"raw"})
_WHOLE = frozenset(
    {"pw", "pin", "otp", "psk", "jwt", "hmac", "salt", "pepper", "cred", "clave", "mdp"}
)
# A key is a secret, but not one of these: they are public, name a file, or sort and find things.
_KEYS_SHOWN = frozenset(
    {"client", "public", "pub", "tls", "ssl", "cert", "certificate", "host", "primary", "foreign"}
    | {"sort", "partition", "cache", "routing", "dkim", "known", "trusted"}
)
_PLACES = ("file", "path", "env")
_PEM = "PRIVATE KEY-----"
_PATH = re.compile(r"(?:/|~/|\.\.?/|\$[{A-Z])[^\n]*|[^\n]*\.(?:pem|key|crt|cer|der|p12|pfx)")

# The user in a DSN may be a token, without a password behind it.
_LONE_USER = re.compile(r"(?<=://)[^\s:/@]+(?=@)")


@cache
def looks_secret(key: str) -> bool:
    """Tell whether the value of such a key, in any program's file, may be a secret."""
    words = [word for word in re.split(r"[\W_]+", _parted(key).casefold()) if word]
    name = "".join(words)
    return (
        any(part in name for part in _PARTS)
        or name.rstrip("0123456789").endswith(_ENDS)
        or name in _WHOLE_KEYS
        or not _WHOLE.isdisjoint(word.rstrip("0123456789") for word in words)
        or _is_secret_key(words)
    )


def _parted(key: str) -> str:
    """Part the words of `sessionKey`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key)


def _is_secret_key(words: Sequence[str]) -> bool:
    return bool(words) and words[-1].rstrip("0123456789") == "key" and _KEYS_SHOWN.isdisjoint(words)


def masked_value(key: str, value: object) -> object:
    """Return a key's value as it may be shown."""
    return MASK if is_secret({key: value}, (key,)) else without_secrets(value, key)


def is_secret(data: Mapping[str, Any], path: TablePath, secret_keys: Collection[str] = ()) -> bool:
    """Tell whether a value is a secret by the keys that lead to it; `secret_keys` surely are."""
    value = get(data, path)
    if isinstance(value, bool):
        return False
    for depth, step in enumerate(path, 1):
        if isinstance(step, int) or not (step in secret_keys or looks_secret(step)):
            continue
        if depth == len(path) and isinstance(value, str) and _names_place(step, value):
            return False
        return not _is_place(get(data, path[:depth]))
    return False


def _names_place(key: str, value: str) -> bool:
    name = re.sub(r"[\W_]", "", key.casefold())
    return name.endswith(_PLACES) or (name.endswith("key") and bool(_PATH.fullmatch(value)))


def _is_place(value: object) -> bool:
    try:
        return not isinstance(parse_source(value), Literal)
    except ValueError:
        return False


def without_secrets(value: object, key: Step = "") -> object:
    """Return a value that is no secret without those that stand within it."""
    match value:
        case str():
            shown = MASK if _PEM in value else mask_secrets(value)
            return _LONE_USER.sub(MASK, shown) if _is_dsn(key) else shown
        case list():
            return [without_secrets(element, key) for element in value]
        case dict():
            return {key: masked_value(key, inner) for key, inner in value.items()}
        case _:
            return value


def _is_dsn(key: Step) -> bool:
    return isinstance(key, str) and re.sub(r"[\W_]", "", key.casefold()).endswith("dsn")


_COMMENT = re.compile(r"#[^\r\n]*")
# A shorter word stands in comments for many things, and hidden there it would show by its absence.
_SHORTEST = 4


@record
class Showable:
    """A valid TOML text on its way to be shown; each value with whether it is a secret."""

    text: str = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)
    values: Sequence[tuple[KeyValue, bool]] = field(repr=False)

    @classmethod
    def of(cls, text: str, secret_keys: Collection[str] = ()) -> Showable:
        """Find the values of a text; `secret_keys` hold secrets, whatever their names look like."""
        data = tomllib.loads(text)
        pairs = _leaves(scan(text))
        return cls(text, data, [(pair, is_secret(data, pair.path, secret_keys)) for pair in pairs])

    def secrets(self) -> frozenset[str]:
        """Collect the secrets that are long enough to be known again elsewhere."""
        return frozenset(
            secret
            for pair, hides in self.values
            if hides
            for secret in _texts(get(self.data, pair.path))
            if len(secret) >= _SHORTEST
        )

    def masked(self, known: Iterable[str]) -> str:
        """Return the text without its secrets; its line ends stay.

        What is `known` to be a secret is hidden in comments too.
        """
        words = sorted(known, key=len, reverse=True)
        pieces = []
        position = 0
        for pair, hides in self.values:
            start, end = pair.value
            pieces.append(_without_comments(self.text[position:start], words))
            raw = self.text[start:end]
            value = get(self.data, pair.path)
            pieces.append(_hidden(raw) if hides else _shown(raw, value, pair.keys[-1]))
            position = end
        return "".join((*pieces, _without_comments(self.text[position:], words)))


def _shown(raw: str, value: object, key: str) -> str:
    clean = without_secrets(value, key)
    if same_data(clean, value) and not (isinstance(value, list) and _commented(raw)):
        return raw
    if isinstance(value, str) and raw[1:-1] == value:
        return f"{raw[0]}{clean}{raw[-1]}"
    return _hidden(raw)


def _leaves(found: Iterable[Statement]) -> list[KeyValue]:
    """List the pairs whose values hold no other pairs, in the text's order."""
    pairs = sorted((one for one in found if isinstance(one, KeyValue)), key=lambda one: one.start)
    return [
        one
        for one, after in zip_longest(pairs, pairs[1:])
        if after is None or after.start >= one.end
    ]


def _commented(raw: str) -> bool:
    return _without_comments(raw, ()) != raw


def _without_comments(text: str, words: Iterable[str]) -> str:
    """Hide the secrets in what stands between the values: comments, and keys between quotes."""

    def clean(comment: re.Match[str]) -> str:
        kept = mask_secrets(comment.group())
        for word in words:
            kept = kept.replace(word, MASK)
        return kept

    return _COMMENT.sub(clean, text)


def _hidden(raw: str) -> str:
    """Take a value's place on as many lines as it has."""
    return "\n".join([f'"{MASK}"', *[MASK] * raw.count("\n")])


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
            yield from value.split("\n")
        case list():
            for element in value:
                yield from _texts(element)
        case int() | float():
            yield str(value)
        case _:  # a date is no secret, and a table has been taken apart
            pass
