"""Mask values of keys that look secret; `diff` does so for a whole TOML text.

A value is masked if its key, or the name of a table above it, looks secret; a reference to where a
password is kept is not. In all other values, the passwords of URLs and whatever follows
`password=` and the like are masked. If in doubt, a value is masked.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

from smtp_tui.config.near_names import nearest
from smtp_tui.config.tablepath import Step, Table, TablePath, get
from smtp_tui.safe_text import MASK, mask_secrets
from smtp_tui.settings.password_sources import LiteralSource, parse_source

__all__ = ["MASK", "is_secret", "looks_secret", "masked_value", "without_secrets"]

# Keys are compared without case and punctuation: `apiKey`, `API_KEY` and `api-key` are equal.
_PARTS = (
    *("password", "passwd", "passphrase", "secret", "token", "credential", "creds", "apikey"),
    *("privatekey", "accesskey", "secretkey", "signingkey", "encryptionkey", "masterkey"),
    *("sharedkey", "authkey", "authorization", "bearer", "cookie", "webhook", "basicauth"),
    # "password" in other languages
    *("passwort", "kennwort", "senha", "contrasena", "contraseña", "motdepasse", "wachtwoord"),
    *("lösenord", "losenord", "salasana", "haslo", "hasło", "heslo", "parola", "пароль"),
    *("parool", "parole", "passord", "kodeord", "jelszo", "jelszó", "lozinka", "sifre", "şifre"),
    *("slaptazodis", "slaptažodis", "mnemonic"),
)
_ENDS = ("pass", "pwd", "passcode")
# Keys of the secret itself, in a table that describes how it is kept.
_WHOLE_KEYS = frozenset({"raw"})
_WHOLE = frozenset(
    {"pw", "pin", "otp", "psk", "jwt", "hmac", "salt", "pepper", "cred", "clave", "mdp"}
)
# A name that ends in `key` is secret unless it has one of these words: such a key is public, names
# a file, or sorts and finds data.
_KEYS_SHOWN = frozenset(
    {"client", "public", "pub", "tls", "ssl", "cert", "certificate", "host", "primary", "foreign"}
    | {"sort", "partition", "cache", "routing", "dkim", "known", "trusted"}
)
_PLACES = ("file", "path", "env")
_PEM = "PRIVATE KEY-----"
_PATH = re.compile(r"(?:/|~/|\.\.?/|\$[{A-Z])[^\n]*|[^\n]*\.(?:pem|key|crt|cer|der|p12|pfx)")


@cache
def looks_secret(key: str) -> bool:
    """Return whether the value of this key, in any program's file, may be a secret."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key)  # split camel case like `sessionKey`
    words = [word for word in re.split(r"[\W_]+", parted.casefold()) if word]
    is_key = bool(words) and words[-1].rstrip("0123456789") == "key"
    name = "".join(words)
    return (
        any(part in name for part in _PARTS)
        or name.rstrip("0123456789").endswith(_ENDS)
        or nearest(name, ("password",)) is not None
        or name in _WHOLE_KEYS
        or not _WHOLE.isdisjoint(word.rstrip("0123456789") for word in words)
        or (is_key and _KEYS_SHOWN.isdisjoint(words))
    )


def masked_value(key: str, value: object) -> object:
    """Return a key's value with secrets masked."""
    return MASK if is_secret({key: value}, (key,)) else without_secrets(value, key)


def is_secret(data: Table, path: TablePath, secret_keys: Collection[str] = ()) -> bool:
    """Return whether the keys in `path` make the value a secret; those in `secret_keys` do."""
    value = get(data, path)
    # `use_token = true` holds no secret.
    if isinstance(value, bool):
        return False
    for depth, step in enumerate(path, 1):
        if isinstance(step, int) or not (step in secret_keys or looks_secret(step)):
            continue
        if depth == len(path) and isinstance(value, str):
            name = re.sub(r"[\W_]", "", step.casefold())
            # `password_file` and `client_key = "/etc/key.pem"` hold a path.
            if name.endswith(_PLACES) or (name.endswith("key") and _PATH.fullmatch(value)):
                return False
        try:
            return isinstance(parse_source(get(data, path[:depth])), LiteralSource)
        except ValueError:
            return True
    return False


def without_secrets(value: object, key: Step = "") -> object:
    """Return a value that is not secret itself, with the secrets inside it masked."""
    if isinstance(value, list):
        return [without_secrets(element, key) for element in value]
    if isinstance(value, dict):
        return {key: masked_value(key, inner) for key, inner in value.items()}
    if not isinstance(value, str):
        return value
    shown = MASK if _PEM in value else mask_secrets(value)
    is_dsn = isinstance(key, str) and re.sub(r"[\W_]", "", key.casefold()).endswith("dsn")
    # The user in a DSN may be a token that no password follows.
    return re.sub(r"(?<=://)[^\s:/@]+(?=@)", MASK, shown) if is_dsn else shown
