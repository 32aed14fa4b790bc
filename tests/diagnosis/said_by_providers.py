"""What providers say: the replies of said.toml, and those whose exact words no source has.

`None` stands for a host that nobody knows: then the words alone tell whose they are.
"""

from __future__ import annotations

from smtp_tui.diagnosis.known_replies import KnownReply as Said
from smtp_tui.diagnosis.known_replies import known_replies

SES = "email-smtp.eu-west-1.amazonaws.com"
PLAIN, LOGIN = "AUTH PLAIN", "AUTH LOGIN"

SAID = [
    *known_replies("provider"),
    # Mailboxes
    Said("smtp.aol.com", PLAIN, "535 5.7.0 Invalid login", "auth-rejected", "app password"),
    Said(
        "smtp.mail.me.com",
        PLAIN,
        "535 5.7.8 Error: authentication failed: authentication failure",
        "auth-rejected",
        "https://account.apple.com",
    ),
    Said(
        "smtp.fastmail.com",
        PLAIN,
        "535 5.7.0 Incorrect username or password.",
        "auth-rejected",
        "app password",
    ),
    Said(
        "smtp.protonmail.ch",
        PLAIN,
        "535 5.7.8 Error: authentication failed: authentication failed",
        "auth-rejected",
        "SMTP token",
    ),
    Said("smtp.zoho.com", LOGIN, "535 Authentication Failed", "auth-rejected", "your region"),
    Said(
        "mail.gmx.net",
        PLAIN,
        "535 Authentication credentials invalid",
        "auth-rejected",
        "Switch on POP3, IMAP and SMTP",
    ),
    Said(
        "securesmtp.t-online.de",
        PLAIN,
        "535 5.7.8 Error: authentication failed",
        "auth-rejected",
        "www.telekom.de",
    ),
    Said(
        "mail.infomaniak.com",
        PLAIN,
        "535 5.7.8 authentication failed",
        "auth-rejected",
        "Add a device",
    ),
    Said(
        "smtp.ionos.de",
        PLAIN,
        "535 Authentication credentials invalid",
        "auth-rejected",
        "the mailbox's",
    ),
    Said(
        "ssl0.ovh.net", PLAIN, "535 5.7.1 Authentication failed", "auth-rejected", "whole address"
    ),
    Said(
        "mail.your-server.de",
        PLAIN,
        "535 Incorrect authentication data",
        "auth-rejected",
        "whole address",
    ),
    Said("mail.runbox.com", PLAIN, "535 Incorrect authentication data", "auth-rejected", "Runbox"),
    Said(
        "smtp.exmail.qq.com",
        LOGIN,
        "535 Error: authentication failed",
        "auth-rejected",
        "client-specific password",
    ),
    Said(
        "smtp.mxhichina.com",
        LOGIN,
        "535 Authentication failure",
        "auth-rejected",
        "security password",
    ),
    Said(
        "smtp.126.com",
        LOGIN,
        "535 Error: authentication failed",
        "auth-rejected",
        "authorization code",
    ),
    # Relays for applications
    Said(
        SES,
        LOGIN,
        "535 Authentication Credentials Invalid",
        "auth-rejected",
        "Create SMTP credentials in the SES console",
    ),
    Said(
        None,
        PLAIN,
        "535 Authentication failed: The provided authorization grant is invalid, expired, or"
        " revoked",
        "auth-rejected",
        "Check username and password",
    ),
    Said(
        "smtp.eu.sendgrid.net",
        PLAIN,
        "535 Authentication failed",
        "auth-rejected",
        "Set username to apikey",
    ),
    Said(
        "smtp.eu.mailgun.org",
        PLAIN,
        "535 Authentication failed",
        "auth-rejected",
        "smtp.eu.mailgun.org",
    ),
    Said(
        "smtp.postmarkapp.com",
        PLAIN,
        "535 5.7.8 Error: authentication failed",
        "auth-rejected",
        "API token",
    ),
    Said(
        "smtp.eu.sparkpostmail.com",
        LOGIN,
        "535 5.7.8 Authentication credentials invalid",
        "auth-rejected",
        "SMTP_Injection",
    ),
    Said(
        "smtp.email.eu-west-1.api.bird.com",
        LOGIN,
        "535 5.7.8 Sorry.",
        "auth-rejected",
        "workspace ID",
    ),
    Said(
        "in-v3.mailjet.com",
        PLAIN,
        "535 5.7.8 Error: authentication failed: authentication failure",
        "auth-rejected",
        "secret key",
    ),
    Said(
        "smtp-relay.brevo.com",
        LOGIN,
        "535 5.7.8 Authentication failed",
        "auth-rejected",
        "SMTP key",
    ),
    Said(
        "smtp.resend.com",
        PLAIN,
        "535 Authentication credentials invalid",
        "auth-rejected",
        "username to resend",
    ),
    Said(
        "live.smtp.mailtrap.io",
        PLAIN,
        "535 5.7.0 Invalid credentials",
        "auth-rejected",
        "shown under SMTP",
    ),
    Said(
        "smtp.mandrillapp.com",
        PLAIN,
        "535 Incorrect authentication data",
        "auth-rejected",
        "Mandrill API key",
    ),
    Said(
        "mail.smtp2go.com",
        PLAIN,
        "535 Incorrect authentication data",
        "auth-rejected",
        "SMTP user",
    ),
    Said(
        "smtp.zeptomail.com",
        PLAIN,
        "535 Authentication Failed",
        "auth-rejected",
        "SMTP credentials",
    ),
    Said(
        "smtp.email.eu-frankfurt-1.oci.oraclecloud.com",
        PLAIN,
        "535 Authentication credentials invalid",
        "auth-rejected",
        "Generate SMTP credentials",
    ),
]
