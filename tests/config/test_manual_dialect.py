"""The manual's own dialect works as it stands there, and its table lists those that ship."""

from __future__ import annotations

import re
from pathlib import Path

from smtp_tui.config.dialects.detect import all_headers
from smtp_tui.config.dialects.spec import dialect_at
from smtp_tui.config.document import Document

FORMATS = Path(__file__).parents[2] / "docs/formats.md"
FILE = """\
[sender]
address = "a@b.example"

[mailer]
relay = "a.example"
relay-port = "26"
insecure = true
starttls = true
auth = { login = "u", secret-file = "s" }
"""


def section() -> str:
    text = FORMATS.read_text(encoding="utf-8")
    return text.partition("\n## Other programs' TOML\n")[2].partition("\n## ")[0]


def test_the_example_works(private_home: Path, tmp_path: Path) -> None:
    folder = private_home / ".config" / "smtp-tui" / "dialects"
    folder.mkdir(parents=True)
    (example,) = re.findall(r"```toml\n(.*?)```", section(), re.DOTALL)
    (folder / "ticketbox.toml").write_text(example, encoding="utf-8")
    assert dialect_at(folder / "ticketbox.toml", own=True).head.name == "ticketbox"
    path = tmp_path / "app.toml"
    path.write_text(FILE)
    document = Document.open(path)
    assert document.dialect == "ticketbox"
    assert document.values("mailer") == {
        "host": "a.example",
        "port": "26",
        "username": "u",
        "password": {"file": "s"},
        "openssl_verify_mode": "none",
        "from": "a@b.example",
        "encryption": "tls",
    }
    changes = {"encryption": "none", "port": 25, "password": "p", "from": "c@b.example"}
    document.save("mailer", changes)
    assert document.text == (
        '[sender]\naddress = "c@b.example"\n\n[mailer]\nrelay = "a.example"\nrelay-port = "25"\n'
        'insecure = true\nstarttls = false\nauth = { login = "u", secret = "p" }\ntls = false\n'
    )


def test_the_table_lists_those_that_ship() -> None:
    _, *rows = re.findall(r"^\| `(-*[a-z0-9-]+)` \| ([^|]+) \|", section(), re.MULTILINE)
    heads, _ = all_headers(Path("/nonexistent"))
    assert rows == [(head.name, head.application) for head in heads]
