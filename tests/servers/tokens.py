"""Access tokens as the servers accept them: JSON Web Tokens (RFC 7519), signed by the tests."""

import hmac
import json
import time
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path

MECHANISMS = ("OAUTHBEARER", "XOAUTH2")

SIGNING_KEY = b"known to the servers and the tests alone"

_ALGORITHM = "HS256"
_LIFETIME_SECONDS = 3600.0


def access_token(
    username: str,
    *,
    expires_in: float = _LIFETIME_SECONDS,
    key: bytes = SIGNING_KEY,
    padding: int = 0,
) -> str:
    """A token for the user; `padding` makes it so many characters longer, as the big ones are."""
    header: dict[str, object] = {"alg": _ALGORITHM, "typ": "JWT"}
    claims: dict[str, object] = {
        "sub": username,
        "exp": int(time.time() + expires_in),
        "groups": "g" * padding,
    }
    signed = f"{_encoded_json(header)}.{_encoded_json(claims)}"
    return f"{signed}.{_encoded(hmac.digest(key, signed.encode(), 'sha256'))}"


def write_validation_key(folder: Path) -> None:
    """Put the key where Dovecot looks for it: a folder each for issuer and algorithm."""
    file = folder / "default" / _ALGORITHM / "default"
    file.parent.mkdir(parents=True)
    file.write_bytes(b64encode(SIGNING_KEY))
    file.chmod(0o644)


def _encoded_json(value: dict[str, object]) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
