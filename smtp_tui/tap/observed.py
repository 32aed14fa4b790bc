"""What one client did in its dialogue, as far as a comparison with a check needs it."""

from __future__ import annotations

from dataclasses import dataclass, field

from smtp_tui.smtp.replies import EhloKeywords

# Bytes of a line without its line end (RFC 5321, section 4.5.3.1.6).
LONGEST_LINE = 998


@dataclass
class Observed:
    """The facts of one dialogue; no content of a message among them."""

    greeting_verb: str = ""
    ehlo_name: str = ""
    # How the application's own side is encrypted: "none", "starttls" or "implicit".
    encryption: str = "none"
    server_encrypted: bool = False
    # The keywords of the last EHLO reply that the application got, and those before TLS.
    clear_offer: EhloKeywords = field(default_factory=EhloKeywords)
    offer: EhloKeywords = field(default_factory=EhloKeywords)
    mechanism: str = ""
    initial_response: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sender: str | None = None
    declares_eight_bit: bool = False
    declared_size: int | None = None
    size: int = 0
    bare_lf: bool = False
    bare_cr: bool = False
    eight_bit: bool = False
    longest_line: int = 0
    pipelines: bool = False
    # The commands after which the application did not wait for the reply, though it must.
    impatient: list[str] = field(default_factory=list)
    says_quit: bool = False
    closes_first: bool = False
    command_bare_lf: bool = False
    unknown_lines: int = 0
    commands: int = 0
