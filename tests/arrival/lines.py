"""Lines of real logs: Postfix 3.10, Exim 4.98 and OpenSMTPD 7.6 wrote them."""

from pathlib import Path

POSTFIX, EXIM, OPENSMTPD = (
    Path(__file__).with_name(f"{name}.log").read_text() for name in ("postfix", "exim", "opensmtpd")
)
