"""What mail servers say, whoever runs them: command, reply, cause, and words of the advice."""

from __future__ import annotations

from tests.diagnosis.examples import Said

PLAIN, LOGIN, CRAM = "AUTH PLAIN", "AUTH LOGIN", "AUTH CRAM-MD5"
DOT = "the message"


def said(command: str, text: str, cause: str, advice: str = "") -> Said:
    """A reply of a host that nobody knows."""
    return Said(None, command, text, cause, advice)


SAID = [
    # Before the login
    said("", "421 4.3.2 Service shutting down", "server-busy"),
    said("", "421 4.7.0 mx Error: too many connections from 192.0.2.1", "server-busy", "fewer"),
    said("", "421 Too many concurrent SMTP connections; try again later", "server-busy", "fewer"),
    said("EHLO", "421 4.7.0 Try again later", "server-busy", "Set domain"),
    said(PLAIN, "421 4.7.0 mx Error: too many errors", "server-busy", "Stop every program"),
    said("", "554 5.7.1 Service unavailable; client blocked", "greeting-refused", "587 or 465"),
    said("", "450 4.7.1 come back later", "greeting-refused"),
    said("", "554 mx ESMTP not accepting mail", "greeting-refused"),
    said(
        "EHLO",
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        "client-blocked",
        "587 or 465",
    ),
    said("EHLO", "550 Access denied - invalid HELO name", "ehlo-refused"),
    said("EHLO", "501 5.5.4 Syntactically invalid EHLO argument(s)", "ehlo-refused"),
    said("STARTTLS", "454 4.7.0 TLS not available due to local problem", "starttls-refused"),
    said("STARTTLS", "502 5.5.1 Error: command not implemented", "starttls-refused"),
    said("nothing", "500 nobody asked", "reply-unexpected"),
    said("MAIL", "502 5.5.1 Unrecognized command", "command-rejected", "server's log"),
    said("RCPT", "503 5.5.1 Error: need MAIL command", "command-rejected"),
    said(DOT, "501 Syntax error", "command-rejected"),
    # The login
    said(PLAIN, "530 5.7.0 Must issue a STARTTLS command first", "encryption-required"),
    said(PLAIN, "538 5.7.11 Encryption required", "encryption-required"),
    said(PLAIN, "538 no", "encryption-required"),
    said(PLAIN, "535 5.7.11 not like this", "encryption-required"),
    said(
        PLAIN,
        "523 5.7.10 Plaintext authentication disallowed on non-secure (SSL/TLS) connections.",
        "encryption-required",
    ),
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
    said(
        PLAIN, "504 5.7.4 Unrecognized authentication type", "auth-mechanism-not-offered", "login"
    ),
    said(PLAIN, "504 5.5.4 no", "auth-mechanism-not-offered"),
    said(PLAIN, "501 5.5.2 Cannot decode BASE64", "auth-challenge-malformed"),
    said(PLAIN, "503 5.5.1 Error: authentication not enabled", "auth-not-offered", "465"),
    said(PLAIN, "503 AUTH command used when not advertised", "auth-not-offered", "465"),
    said(PLAIN, "503 5.5.1 AUTH not available", "auth-not-offered", "465"),
    said(PLAIN, "502 5.5.1 Unrecognized command", "auth-mechanism-not-offered"),
    said(
        PLAIN,
        "454 4.7.0 Temporary authentication failure: Connection lost to authentication server",
        "auth-temporarily-unavailable",
        "authentication service",
    ),
    said(PLAIN, "454 4.7.0 later", "auth-temporarily-unavailable", "quota"),
    said(CRAM, "535 5.7.8 Error: authentication failed", "auth-rejected", "to plain"),
    said("AUTH OAUTHBEARER", "535 5.7.8 no", "auth-rejected", "access token"),
    said("AUTH EXTERNAL", "535 5.7.8 no", "auth-rejected", "client_certificate"),
    said(
        PLAIN,
        "535 Authentication Credentials Invalid",
        "auth-rejected",
        "Check username and password",
    ),
    said(
        LOGIN,
        "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
        "auth-rejected",
        "whole address",
    ),
    said(LOGIN, "535 5.7.3 Authentication unsuccessful", "auth-rejected", "DOMAIN\\user"),
    said(PLAIN, "535 5.7.8 Error: authentication failed", "auth-rejected", "whole address"),
    said(PLAIN, "535 Incorrect authentication data", "auth-rejected", "whole address"),
    said(PLAIN, "550 no", "auth-rejected"),
    # This machine's address
    said(
        "RCPT",
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org;"
        " https://www.spamhaus.org/query/ip/192.0.2.1",
        "client-blocked",
        "587 or 465",
    ),
    said(
        "RCPT",
        "450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]",
        "sender-host-unidentified",
        "reverse DNS",
    ),
    said("MAIL", "550 5.7.25 no", "sender-host-unidentified", "reverse DNS"),
    said("", "554 Bad DNS PTR resource record.", "sender-host-unidentified", "hosting provider"),
    said("RCPT", "554 5.7.1 Client host rejected: Go away", "client-blocked", "ask its admin"),
    said(DOT, "451 4.4.2 Timeout waiting for data from client.", "client-idle", "MTU"),
    said(DOT, "451 4.4.2 Bad connection", "client-idle"),
    said(
        PLAIN, "535 5.7.8 Connection lost to authentication server", "auth-temporarily-unavailable"
    ),
    said("MAIL", "451 5.7.3 STARTTLS is required to send mail", "encryption-required"),
    said(PLAIN, "502 5.5.1 AUTH not implemented", "auth-not-offered"),
    said(PLAIN, "454 4.7.0 Too many login attempts", "auth-temporarily-unavailable", "minutes"),
    said(PLAIN, "454 4.7.0 invalid username or password", "auth-rejected"),
    said(
        "RCPT",
        "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied",
        "client-blocked",
        "ask its admin",
    ),
    Said(
        None,
        "RCPT",
        "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied",
        "auth-required",
        "Set username and password",
        without_login=True,
    ),
    # What the sender's domain says
    said("RCPT", "550 5.7.23 SPF validation failed", "sender-refused", "SPF"),
    said(
        DOT,
        "550-5.7.26 This mail has been blocked because the sender is unauthenticated.\n"
        "550-5.7.26 Gmail requires all senders to authenticate with either SPF or\n"
        "550 5.7.26 DKIM.",
        "message-refused",
        "SPF record",
    ),
    said(
        DOT,
        "550-5.7.26 Unauthenticated email from example.org is not accepted due to domain's\n"
        "550 5.7.26 DMARC policy.",
        "message-refused",
        "SPF record",
    ),
    said(
        DOT,
        "550 5.7.515 Access denied, sending domain x.example doesn't meet the required"
        " authentication level.",
        "message-refused",
        "in DNS, not in these settings",
    ),
    said("RCPT", "550 5.7.26 no", "sender-refused", "SPF"),
    said(DOT, "550 5.7.20 no", "message-refused", "DKIM"),
    said(DOT, "550 5.7.29 no", "message-refused", "SPF"),
    # Encryption, and the login that was left out
    said("MAIL", "530 5.7.0 Must issue a STARTTLS command first", "encryption-required"),
    said("MAIL", "530 5.7.0 TLS required.", "encryption-required"),
    said("RCPT", "550 5.7.10 no", "encryption-required"),
    said("MAIL", "530 5.7.0 Authentication Required", "auth-required"),
    said("MAIL", "530 no", "auth-required"),
    said("RCPT", "550 5.7.1 Client was not authenticated", "auth-required"),
    said(
        "RCPT",
        "550 SMTP AUTH is required for message submission on port 587",
        "auth-required",
        "username",
    ),
    said(
        "RCPT",
        "550-Please turn on SMTP Authentication in your mail client. host (x) [192.0.2.1]\n"
        "550 is not permitted to relay through this server without authentication.",
        "auth-required",
        "username",
    ),
    said(
        "RCPT",
        "503 Administrative prohibition -- authorization required.",
        "auth-required",
        "username",
    ),
    said(
        "RCPT",
        "553 5.7.1 <a@b.example>: Sender address rejected: not logged in",
        "auth-required",
        "username",
    ),
    said("MAIL", "502 5.7.0 Please authenticate first", "auth-required", "username"),
    said("RCPT", "550 5.7.8 no", "auth-required"),
    # Relaying
    said("RCPT", "554 5.7.1 <a@b.example>: Relay access denied", "relay-denied", "username"),
    said("RCPT", "454 4.7.1 <a@b.example>: Relay access denied", "relay-denied", "username"),
    said("RCPT", "550 relay not permitted", "relay-denied"),
    said("RCPT", "553 sorry, that domain isn't in my list of allowed rcpthosts", "relay-denied"),
    said(
        "RCPT",
        "550 5.1.1 <a@b>: Recipient address rejected: User unknown in relay recipient table",
        "recipient-refused",
    ),
    said("RCPT", "550 <relay-starttls@spf.example>: nobody is called so", "recipient-refused"),
    said("RCPT", "550 5.7.1 Relaying denied. Proper authentication required.", "auth-required"),
    said(
        "RCPT",
        "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
        "relay-denied",
        "receive connector",
    ),
    # Size and number
    said("RCPT", "450 4.2.0 Recipient address rejected: Greylisted", "greylisted"),
    said("RCPT", "451 4.7.1 Greylisting in action, please come back later", "greylisted"),
    said("RCPT", "450 4.7.1 grey-listed, try again in 300 seconds", "greylisted"),
    said("MAIL", "552 5.3.4 no", "message-too-large"),
    said(DOT, "552 5.2.3 no", "message-too-large"),
    said(DOT, "552 message too big", "message-too-large"),
    said("MAIL", "552 Message size exceeds maximum permitted", "message-too-large"),
    said(
        "RCPT",
        "550 Domain x.example has exceeded the max emails per hour (25/25 (100%)) allowed.",
        "sending-limit-reached",
        "limit",
    ),
    said(DOT, "554 5.7.0 Hourly sending quota exceeded", "sending-limit-reached", "limit"),
    said(DOT, "550 5.7.28 no", "sending-limit-reached"),
    said("RCPT", "452 4.5.3 Too many recipients", "recipient-temporarily-refused", "fewer"),
    said(DOT, "550 5.5.3 no", "message-refused", "fewer"),
    # The name in EHLO
    said(
        "RCPT",
        "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
        "ehlo-refused",
        "Set domain",
    ),
    said("RCPT", "450 4.7.1 <x>: Helo command rejected: Host not found", "ehlo-refused", "domain"),
    said("MAIL", "550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)", "ehlo-refused"),
    # The sender
    said(
        "RCPT",
        "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user alice",
        "sender-refused",
        "Set from to the address of alice@example.org",
    ),
    said(
        "RCPT",
        "450 4.1.8 <a@b.invalid>: Sender address rejected: Domain not found",
        "sender-temporarily-refused",
        "at a domain that exists",
    ),
    said(
        "MAIL",
        "553 5.1.8 <a@b.invalid>... Domain of sender address a@b.invalid does not exist",
        "sender-refused",
        "at a domain that exists",
    ),
    said("MAIL", "550 Sender verify failed", "sender-refused", "Set from"),
    said(
        "RCPT",
        "504 5.5.2 <root>: Sender address rejected: need fully-qualified address",
        "sender-refused",
        "Set from",
    ),
    said(DOT, "551 5.7.1 Not authorised to send from this header address", "sender-refused"),
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
    said("RCPT", "550 Unrouteable address", "recipient-refused", "after the @"),
    said("RCPT", "550 no", "recipient-refused"),
    # The message, and the server itself
    said("DATA", "451 4.3.0 queue file write error", "message-temporarily-refused", "log names"),
    said("MAIL", "452 4.3.1 Insufficient system storage", "sender-temporarily-refused", "room"),
    said(DOT, "452 4.3.1 Insufficient system resources", "message-temporarily-refused", "room"),
    said("RCPT", "450 4.7.1 too much mail from x", "recipient-temporarily-refused", "slowly"),
    said(DOT, "450 no", "message-temporarily-refused"),
    said(DOT, "550 5.7.30 no", "message-refused", "REQUIRETLS"),
    said(DOT, "554 5.7.1 Message rejected under suspicion of SPAM", "message-refused", "real"),
    said(DOT, "554 5.7.1 no", "message-refused"),
]
