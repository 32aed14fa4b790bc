"""What mail servers say, whoever runs them: the replies of said.toml, and made-up ones."""

from __future__ import annotations

from smtp_tui.diagnosis.known_replies import KnownReply as Said
from smtp_tui.diagnosis.known_replies import known_replies

PLAIN, LOGIN, CRAM = "AUTH PLAIN", "AUTH LOGIN", "AUTH CRAM-MD5"
DOT = "the message"


def said(command: str, text: str, cause: str, advice: str = "") -> Said:
    """A reply of a host that nobody knows."""
    return Said(None, command, text, cause, advice)


SAID = [
    *known_replies("server"),
    # Before the login
    said("", "421 4.3.2 Service shutting down", "server-busy"),
    said("EHLO", "421 4.7.0 Try again later", "server-busy", "Set domain"),
    said("", "554 5.7.1 Service unavailable; client blocked", "greeting-refused", "587 or 465"),
    said("", "450 4.7.1 come back later", "greeting-refused"),
    said("", "554 mx ESMTP not accepting mail", "greeting-refused"),
    said("EHLO", "550 Access denied - invalid HELO name", "ehlo-refused"),
    said("EHLO", "501 5.5.4 Syntactically invalid EHLO argument(s)", "ehlo-refused"),
    said("nothing", "500 nobody asked", "reply-unexpected"),
    said("MAIL", "502 5.5.1 Unrecognized command", "command-rejected", "server's log"),
    said(DOT, "501 Syntax error", "command-rejected"),
    # The login
    said(PLAIN, "538 5.7.11 Encryption required", "encryption-required"),
    said(PLAIN, "538 no", "encryption-required"),
    said(PLAIN, "535 5.7.11 not like this", "encryption-required"),
    said(PLAIN, "535 5.7.8 Please use an app password", "auth-app-password-needed"),
    said(PLAIN, "535 5.7.139 Authentication disabled by the tenant", "auth-disabled-by-provider"),
    said(PLAIN, "534 5.7.14 Use your webbrowser first", "auth-disabled-by-provider", "Sign in"),
    said(
        PLAIN,
        "535 5.7.0 Your account has been suspended",
        "auth-disabled-by-provider",
        "check the account",
    ),
    said(PLAIN, "535 5.7.13 no", "auth-disabled-by-provider", "check the account"),
    said(PLAIN, "535 5.7.14 no", "auth-disabled-by-provider", "Sign in once"),
    said(CRAM, "432 4.7.12 A transition is needed", "auth-temporarily-unavailable", "plain"),
    said(PLAIN, "534 5.7.9 Mechanism too weak", "auth-mechanism-too-weak"),
    said(PLAIN, "535 5.7.9 no", "auth-mechanism-too-weak"),
    said(PLAIN, "504 5.5.4 no", "auth-mechanism-not-offered"),
    said(PLAIN, "501 5.5.2 Cannot decode BASE64", "auth-challenge-malformed"),
    said(PLAIN, "503 5.5.1 AUTH not available", "auth-not-offered", "465"),
    said(PLAIN, "502 5.5.1 Unrecognized command", "auth-mechanism-not-offered"),
    said(PLAIN, "454 4.7.0 later", "auth-temporarily-unavailable", "quota"),
    said("AUTH OAUTHBEARER", "535 5.7.8 no", "auth-rejected", "access token"),
    said("AUTH EXTERNAL", "535 5.7.8 no", "auth-rejected", "client_certificate"),
    said(
        PLAIN,
        "535 Authentication Credentials Invalid",
        "auth-rejected",
        "Check username and password",
    ),
    said(PLAIN, "550 no", "auth-rejected"),
    # This machine's address
    said("MAIL", "550 5.7.25 no", "sender-host-unidentified", "reverse DNS"),
    said("RCPT", "554 5.7.1 Client host rejected: Go away", "client-blocked", "ask its admin"),
    said(DOT, "451 4.4.2 Timeout waiting for data from client.", "client-idle", "MTU"),
    said(DOT, "451 4.4.2 Bad connection", "client-idle"),
    said(
        PLAIN, "535 5.7.8 Connection lost to authentication server", "auth-temporarily-unavailable"
    ),
    said(PLAIN, "502 5.5.1 AUTH not implemented", "auth-not-offered"),
    said(PLAIN, "454 4.7.0 Too many login attempts", "auth-temporarily-unavailable", "minutes"),
    said(PLAIN, "454 4.7.0 invalid username or password", "auth-rejected"),
    # What the sender's domain says
    said("RCPT", "550 5.7.23 SPF validation failed", "sender-refused", "SPF"),
    said("RCPT", "550 5.7.26 no", "sender-refused", "SPF"),
    said(DOT, "550 5.7.20 no", "message-refused", "DKIM"),
    said(DOT, "550 5.7.29 no", "message-refused", "SPF"),
    # Encryption, and the login that was left out
    said("MAIL", "530 5.7.0 TLS required.", "encryption-required"),
    said("RCPT", "550 5.7.10 no", "encryption-required"),
    said("MAIL", "530 5.7.0 Authentication Required", "auth-required"),
    said("MAIL", "530 no", "auth-required"),
    said("MAIL", "502 5.7.0 Please authenticate first", "auth-required", "username"),
    said("RCPT", "550 5.7.8 no", "auth-required"),
    # Relaying
    said("RCPT", "550 <relay-starttls@spf.example>: nobody is called so", "recipient-refused"),
    # Size and number
    said("RCPT", "451 4.7.1 Greylisting in action, please come back later", "greylisted"),
    said("RCPT", "450 4.7.1 grey-listed, try again in 300 seconds", "greylisted"),
    said("MAIL", "552 5.3.4 no", "message-too-large"),
    said(DOT, "552 5.2.3 no", "message-too-large"),
    said(DOT, "552 message too big", "message-too-large"),
    said("MAIL", "552 Message size exceeds maximum permitted", "message-too-large"),
    said(DOT, "554 5.7.0 Hourly sending quota exceeded", "sending-limit-reached", "limit"),
    said(DOT, "550 5.7.28 no", "sending-limit-reached"),
    said("RCPT", "452 4.5.3 Too many recipients", "recipient-temporarily-refused", "fewer"),
    said(DOT, "550 5.5.3 no", "message-refused", "fewer"),
    # The name in EHLO
    # The sender
    said("RCPT", "450 4.1.7 <a@b>: Sender address rejected: later", "sender-temporarily-refused"),
    said("RCPT", "550 5.1.7 no", "sender-refused", "whole address"),
    said("RCPT", "550 5.7.27 no", "sender-refused", "receives mail"),
    said("MAIL", "553 5.6.7 no", "sender-refused", "ASCII"),
    said("MAIL", "451 4.3.0 try later", "sender-temporarily-refused", "log names"),
    said("MAIL", "450 later", "sender-temporarily-refused", "DNS"),
    said("MAIL", "550 5.1.0 no", "sender-refused"),
    # The recipient
    said("RCPT", "552 5.2.2 Mailbox is full", "recipient-refused", "other means"),
    said("RCPT", "552 5.2.2 no", "recipient-refused", "other means"),
    said("RCPT", "452 4.2.2 Mailbox full", "recipient-temporarily-refused"),
    said("RCPT", "553 5.6.7 no", "recipient-refused", "ASCII"),
    said("RCPT", "556 5.1.10 Recipient address has null MX", "recipient-refused", "after the @"),
    said("RCPT", "550 5.1.1 No such user here", "recipient-refused", "letter by letter"),
    said("RCPT", "550 No such user here", "recipient-refused", "letter by letter"),
    said(DOT, "550 5.1.1 no", "recipient-refused"),
    said("RCPT", "550 no", "recipient-refused"),
    # The message, and the server itself
    said("DATA", "451 4.3.0 queue file write error", "message-temporarily-refused", "log names"),
    said("RCPT", "450 4.7.1 too much mail from x", "recipient-temporarily-refused", "slowly"),
    said(DOT, "450 no", "message-temporarily-refused"),
    said(DOT, "550 5.7.30 no", "message-refused", "REQUIRETLS"),
    said(DOT, "554 5.7.1 no", "message-refused"),
]
