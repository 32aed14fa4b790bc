"""The demo as a whole: the server, a CA made for this run, and a sample file that trusts it."""

from __future__ import annotations

import shutil
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from smtp_tui.demo.serving import serving
from smtp_tui.records import record

DAY = timedelta(days=1)
LASTS = 90 * DAY


@record
class Sample:
    """The sample file, and what to say when the form opens on it."""

    file: Path
    notice: str


@contextmanager
def running_demo() -> Iterator[Sample]:
    """Run the server and lay out the sample file in a folder of its own; both end with it."""
    folder = Path(tempfile.mkdtemp(prefix="smtp-tui-demo-"))
    try:
        authority = trustme.CA(organization_name="smtp-tui demo")
        authority.cert_pem.write_to_path(folder / "demo-ca.pem")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        now = datetime.now(UTC)
        certificate = authority.issue_cert("localhost", not_before=now - DAY, not_after=now + LASTS)
        certificate.configure_cert(context)
        with serving(context) as (starttls_port, tls_port):
            file = folder / "mail.toml"
            file.write_text(_sample_text(starttls_port, tls_port), encoding="utf-8")
            file.chmod(0o600)
            yield Sample(file, f"Demo: a copy in {folder}, gone when you leave. F5 tests it.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sample_text(starttls_port: int, tls_port: int) -> str:
    text = Path(__file__).with_name("sample.toml").read_text(encoding="utf-8")
    return text.replace("{starttls_port}", str(starttls_port)).replace("{tls_port}", str(tls_port))
