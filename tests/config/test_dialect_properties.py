"""Whatever settings an application can express: said in its words they are read back the same."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.config.document import Document
from smtp_tui.config.errors import NotExpressibleError
from smtp_tui.settings.validate import equivalent
from tests.config.dialect_samples import SAMPLES, Sample

TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"])
    | st.sampled_from(list("@%/:?#&+=\\\"'$ €ß{}[]()<>")),
    min_size=1,
    max_size=12,
)
HOSTS = ["a.example", "192.0.2.1", "2001:db8::1", "bücher.example", "x_y.internal"]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "host": st.sampled_from(HOSTS),
    "port": st.sampled_from([25, 465, 587, 2525, None]),
    "domain": st.sampled_from(["h.example", "[192.0.2.1]", None]),
    "encryption": st.sampled_from(["none", "tls", "ssl", "STARTTLS"]),
    "starttls_auto": st.booleans(),
    "username": TEXT | st.none(),
    "password": TEXT
    | st.sampled_from([{"env": "X"}, {"file": "a/b"}, {"command": ["a", "b c"]}, None]),
    "authentication": st.sampled_from(["plain", "login", "xoauth2", "scram-sha-256", "none"]),
    "openssl_verify_mode": st.sampled_from(["none", "peer"]),
    "from": st.sampled_from(["a@b.example", "Ä B <a@b.example>"]),
    "timeout": st.sampled_from([1, 30.0, 2.5]),
}


def other_lines(text: str) -> set[str]:
    """The lines that hold no setting at all."""
    return {line for line in text.splitlines() if line.strip().startswith(("#", "["))}


@pytest.mark.integration
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.fixed_dictionaries({}, optional=VALUES), min_size=1, max_size=3),
)
def test_what_is_said_is_read_back(sample: Sample, steps: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / sample.name
        path.write_bytes(sample.text.encode())
        document = Document.open(path)
        limits = document.limits
        for step in steps:
            _made(document, sample, {key: step[key] for key in step if key not in limits})


def _made(document: Document, sample: Sample, changes: dict[str, Any]) -> None:
    before, given_before = document.values(sample.table), document.given(sample.table)
    old, refusal = document.text, ""
    try:
        document.save(sample.table, changes)
    except NotExpressibleError as error:
        refusal = str(error)
    if refusal:
        assert document.text == old == document.path.read_text()
        secret = changes.get("password")
        assert not isinstance(secret, str) or len(secret) < 6 or secret not in refusal
        return
    again = Document.open(document.path, sample.dialect)
    after, given = again.values(sample.table), again.given(sample.table)
    for key, value in changes.items():
        if value is None:
            assert key not in given & given_before
        else:
            kept = False if key == "starttls_auto" else None
            ignored = key == "starttls_auto" and not value
            assert ignored or equivalent(key, after.get(key, kept), value), key
    for key in given_before - changes.keys() - {"starttls_auto"}:
        assert equivalent(key, after.get(key), before[key]), key
    # Comments and headers stay; the file is what the application reads, in TOML.
    assert other_lines(sample.text) - other_lines(document.text) <= {"[delivery]"}
    assert tomllib.loads(document.text)
    assert document.changed(sample.table, after) == document.text
