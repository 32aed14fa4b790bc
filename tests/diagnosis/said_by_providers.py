"""What providers say, in their own words: host, command, reply, cause, and words of the advice.

`None` stands for a host that nobody knows: then the words alone tell whose they are.
"""

from __future__ import annotations

from tests.diagnosis.examples import Said

GMAIL, RELAY = "smtp.gmail.com", "smtp-relay.gmail.com"
M365, OUTLOOK = "smtp.office365.com", "smtp-mail.outlook.com"
DIRECT = "contoso-com.mail.protection.outlook.com"
SES = "email-smtp.eu-west-1.amazonaws.com"
PLAIN, LOGIN, TOKEN = "AUTH PLAIN", "AUTH LOGIN", "AUTH XOAUTH2"
DOT = "the message"
APP_PASSWORDS = "https://myaccount.google.com/apppasswords"
NO_ACCESS = "535 5.7.139 Authentication unsuccessful,"
PROD = "[AM0PR02CA0012.eurprd02.prod.outlook.com]"
STOREDRV = "STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied"

SAID = [
    # Google
    Said(
        RELAY,
        "EHLO",
        "421 4.7.0 Try again later, closing connection. (EHLO) 5b1f17b1804b1 - gsmtp",
        "server-busy",
        "Set domain to",
    ),
    Said(
        GMAIL,
        PLAIN,
        "534-5.7.9 Application-specific password required. For more information, go to\n"
        "534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor x - gsmtp",
        "auth-app-password-needed",
        APP_PASSWORDS,
    ),
    Said(
        None,
        PLAIN,
        "534-5.7.9 Application-specific\n534 5.7.9 password required",
        "auth-app-password-needed",
        APP_PASSWORDS,
    ),
    Said(
        GMAIL,
        LOGIN,
        "535-5.7.8 Username and Password not accepted. For more information, go to\n"
        "535 5.7.8  https://support.google.com/mail/?p=BadCredentials x - gsmtp",
        "auth-rejected",
        APP_PASSWORDS,
    ),
    Said(
        GMAIL,
        TOKEN,
        "535-5.7.8 Username and Password not accepted. For more information, go to\n"
        "535 5.7.8  https://support.google.com/mail/?p=BadCredentials x - gsmtp",
        "auth-rejected",
        "access token",
    ),
    Said(
        GMAIL,
        PLAIN,
        "534-5.7.14 <https://accounts.google.com/signin/continue?sarp=1> Please\n"
        "534-5.7.14 log in via your web browser and then try again. - gsmtp",
        "auth-disabled-by-provider",
        "https://accounts.google.com",
    ),
    Said(
        GMAIL,
        PLAIN,
        "534 5.7.9 Please log in with your web browser and then try again.",
        "auth-disabled-by-provider",
        "app password",
    ),
    Said(
        GMAIL,
        PLAIN,
        "454 4.7.0 Too many login attempts, please try again later. x - gsmtp",
        "auth-temporarily-unavailable",
        "Stop every program",
    ),
    Said(
        GMAIL,
        DOT,
        "550-5.4.5 Daily user sending limit exceeded. For more information on Gmail\n"
        "550 5.4.5 sending limits go to https://support.google.com/a/answer/166852",
        "sending-limit-reached",
        "24 hours",
    ),
    Said(
        RELAY,
        "MAIL",
        "550-5.7.1 Invalid credentials for relay [192.0.2.1]. The IP address you've\n"
        "550 5.7.1 registered in your Workspace SMTP Relay service doesn't match. - gsmtp",
        "relay-denied",
        "allow this machine's public address",
    ),
    Said(
        None,
        DOT,
        "550-5.7.1 [192.0.2.1] The IP you're using to send mail is not authorized to\n"
        "550-5.7.1 send email directly to our servers. Please use the SMTP relay at your\n"
        "550 5.7.1 service provider instead. - gsmtp",
        "client-blocked",
        "set host to your provider's",
    ),
    Said(
        GMAIL,
        DOT,
        "421-4.7.0 Our system has detected an unusual rate of\n421 4.7.0 unsolicited mail.",
        "server-busy",
        "Find out what sends",
    ),
    Said(
        GMAIL,
        DOT,
        "552-5.7.0 This message was blocked because its content presents a potential\n"
        "552 5.7.0 security issue. - gsmtp",
        "message-refused",
        "Send the file by another way",
    ),
    # Microsoft
    Said(
        M365,
        LOGIN,
        f"{NO_ACCESS} SmtpClientAuthentication is disabled for the Tenant. Visit"
        f" https://aka.ms/smtp_auth_disabled for more information. {PROD}",
        "auth-disabled-by-provider",
        "enable SMTP AUTH for the mailbox",
    ),
    Said(
        None,
        LOGIN,
        f"{NO_ACCESS} SmtpClientAuthentication is disabled for the Mailbox.",
        "auth-disabled-by-provider",
        "Set-CASMailbox",
    ),
    Said(
        OUTLOOK,
        LOGIN,
        f"{NO_ACCESS} basic authentication is disabled. {PROD}",
        "auth-disabled-by-provider",
        "xoauth2",
    ),
    Said(
        M365,
        LOGIN,
        "550 5.7.30 Basic authentication is not supported for Client Submission.",
        "auth-disabled-by-provider",
        "another relay",
    ),
    Said(
        M365,
        LOGIN,
        f"{NO_ACCESS} user is locked by your organization's security defaults policy.",
        "auth-disabled-by-provider",
        "security defaults",
    ),
    Said(
        M365,
        LOGIN,
        f"{NO_ACCESS} the request did not meet the criteria to be authenticated successfully.",
        "auth-disabled-by-provider",
        "Entra's sign-in log",
    ),
    Said(
        M365,
        LOGIN,
        f"{NO_ACCESS} the account is locked out.",
        "auth-disabled-by-provider",
        "Stop every program",
    ),
    Said(
        M365,
        LOGIN,
        f"{NO_ACCESS} the user credentials were incorrect. {PROD}",
        "auth-rejected",
        "whole address",
    ),
    Said(
        M365,
        TOKEN,
        f"535 5.7.3 Authentication unsuccessful {PROD}",
        "auth-rejected",
        "SMTP.Send",
    ),
    Said(
        M365,
        LOGIN,
        f"535 5.7.3 Authentication unsuccessful {PROD}",
        "auth-rejected",
        "Authenticated SMTP",
    ),
    Said(
        M365,
        "MAIL",
        f"530 5.7.57 Client not authenticated to send mail. {PROD}",
        "auth-required",
        "SMTP AUTH enabled",
    ),
    Said(
        M365,
        DOT,
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
        "sender-refused",
        "Set from to alice@example.org",
    ),
    Said(
        None,
        DOT,
        f"554 5.2.252 SendAsDenied; a@x.example not allowed to send as b@x.example; {STOREDRV}",
        "sender-refused",
        "Send As right",
    ),
    Said(None, DOT, f"554 5.2.0 {STOREDRV}; Failed.", "sender-refused", "Send As right"),
    Said(
        M365,
        DOT,
        "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending",
        "message-temporarily-refused",
        "one connection after the other",
    ),
    Said(
        DIRECT,
        "RCPT",
        f"451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77719) {PROD}",
        "recipient-temporarily-refused",
        "https://sender.office.com",
    ),
    Said(
        M365,
        "MAIL",
        "421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client",
        "server-busy",
        "tls_minimum to 1.2",
    ),
    Said(
        DIRECT,
        "RCPT",
        "550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal visit",
        "client-blocked",
        "https://sender.office.com",
    ),
    Said(
        M365,
        DOT,
        "550 5.1.8 Access denied, bad outbound sender AS(42004)",
        "sender-refused",
        "Restricted entities",
    ),
    Said(
        M365,
        DOT,
        "550 5.1.90 Your message can't be sent because you've reached your daily limit for"
        " message recipients",
        "sending-limit-reached",
        "24 hours",
    ),
    Said(
        DIRECT,
        DOT,
        "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization",
        "relay-denied",
        "connector",
    ),
    Said(
        DIRECT,
        "RCPT",
        "550 5.7.64 TenantAttribution; Relay Access Denied [ValidationStatus of x is Empty]",
        "relay-denied",
        "connector",
    ),
    # Mailboxes
    Said(
        "smtp.mail.yahoo.com",
        PLAIN,
        "535 5.7.0 (#AUTH005) Too many bad auth attempts.",
        "auth-rejected",
        "app password",
    ),
    Said("smtp.aol.com", PLAIN, "535 5.7.0 Invalid login", "auth-rejected", "app password"),
    Said(
        "smtp.mail.me.com",
        PLAIN,
        "535 5.7.8 Error: authentication failed: authentication failure",
        "auth-rejected",
        "https://account.apple.com",
    ),
    Said(
        "smtp.mail.me.com",
        "MAIL",
        "550 5.7.0 From address is not one of your addresses",
        "sender-refused",
        "Set from",
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
        LOGIN,
        "535 5.7.8 Error: authentication failed: Invalid authentication mechanism",
        "auth-mechanism-not-offered",
        "authentication to plain",
    ),
    Said(
        "smtp.protonmail.ch",
        PLAIN,
        "535 5.7.8 Error: authentication failed: authentication failed",
        "auth-rejected",
        "SMTP token",
    ),
    Said("smtp.zoho.com", LOGIN, "535 Authentication Failed", "auth-rejected", "smtp.zoho.com"),
    Said("smtp.zoho.eu", DOT, "553 Relaying disallowed as x@y.example", "sender-refused", "from"),
    Said(
        "smtp.zoho.com",
        DOT,
        "550 5.4.6 Unusual sending activity detected. Please try after sometime",
        "sending-limit-reached",
        "UnblockMe",
    ),
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
    Said(None, "MAIL", "550 Sender address is not allowed.", "sender-refused", "Set from"),
    Said(
        "smtp.yandex.ru",
        PLAIN,
        "535 5.7.8 Error: authentication failed: This user does not have access rights to this"
        " service",
        "auth-disabled-by-provider",
        "app-passwords",
    ),
    Said(
        "smtp.yandex.com",
        PLAIN,
        "535 5.7.8 Error: authentication failed: Invalid user or password!",
        "auth-rejected",
        "app-passwords",
    ),
    Said(
        "smtp.yandex.ru",
        "MAIL",
        "553 5.7.1 Sender address rejected: not owned by auth user.",
        "sender-refused",
        "Set from",
    ),
    Said(
        "smtp.mail.ru",
        PLAIN,
        "535 5.7.0 NEOBHODIM parol prilozheniya https://help.mail.ru/mail/security/protection/"
        "external / Application password is REQUIRED",
        "auth-app-password-needed",
        "external application",
    ),
    Said("smtp.mail.ru", DOT, "550 not local sender over smtp", "sender-refused", "Set from"),
    Said(
        "smtp.qq.com",
        LOGIN,
        "535 Login Fail. Please enter your authorization code to login. More information in"
        " http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=28&&no=1001256",
        "auth-app-password-needed",
        "authorization code",
    ),
    Said(
        "smtp.qq.com",
        LOGIN,
        "535 Login fail. Account is abnormal, service is not open, password is incorrect, login"
        " frequency limited, or system is busy.",
        "auth-rejected",
        "authorization code",
    ),
    Said(
        "smtp.qq.com",
        "MAIL",
        "501 mail from address must be same as authorization user",
        "sender-refused",
        "Set from",
    ),
    Said(
        "smtp.163.com",
        LOGIN,
        "550 User has no permission",
        "auth-disabled-by-provider",
        "Switch on",
    ),
    Said(
        "smtp.126.com",
        LOGIN,
        "535 Error: authentication failed",
        "auth-rejected",
        "authorization code",
    ),
    Said(
        "smtp.163.com",
        "MAIL",
        "553 Mail from must equal authorized user",
        "sender-refused",
        "Set from",
    ),
    Said(
        "smtp.163.com",
        DOT,
        "554 DT:SPM 163 smtp5,D9CowACX7l,1400 https://help.mail.163.com/",
        "message-refused",
        "a subject",
    ),
    # Relays for applications
    Said(
        SES,
        LOGIN,
        "535 Authentication Credentials Invalid",
        "auth-rejected",
        "IAM secret access key does not work",
    ),
    Said(
        SES,
        DOT,
        "554 Message rejected: Email address is not verified. The following identities failed the"
        " check in region EU-WEST-1: a@b.example",
        "sender-refused",
        f"in the region of {SES}",
    ),
    Said(
        SES,
        DOT,
        "454 Throttling failure: Maximum sending rate exceeded.",
        "message-temporarily-refused",
        "higher quota",
    ),
    Said(
        SES,
        DOT,
        "554 Access denied: User `arn:aws:iam::1:user/x' is not authorized to perform"
        " `ses:SendRawEmail' on resource",
        "sender-refused",
        "ses:SendRawEmail",
    ),
    Said(
        SES,
        DOT,
        "554 Message rejected: Sending paused for this account.",
        "message-refused",
        "SES console",
    ),
    Said(
        "smtp.sendgrid.net",
        LOGIN,
        "535 Authentication failed: Bad username / password",
        "auth-rejected",
        "Set username to apikey",
    ),
    Said(
        None,
        PLAIN,
        "535 Authentication failed: The provided authorization grant is invalid, expired, or"
        " revoked",
        "auth-rejected",
        "Set username to apikey",
    ),
    Said(
        "smtp.eu.sendgrid.net",
        PLAIN,
        "535 Authentication failed: account disabled",
        "auth-disabled-by-provider",
        "looked at",
    ),
    Said(
        "smtp.eu.sendgrid.net",
        PLAIN,
        "535 Authentication failed",
        "auth-rejected",
        "Set username to apikey",
    ),
    Said(
        "smtp.sendgrid.net",
        DOT,
        "550 The from address does not match a verified Sender Identity. Mail cannot be sent.",
        "sender-refused",
        "sender_auth",
    ),
    Said(
        "smtp.sendgrid.net",
        PLAIN,
        "451 Authentication failed: Maximum credits exceeded",
        "auth-temporarily-unavailable",
        "plan and usage",
    ),
    Said(
        "smtp.sendgrid.net",
        "MAIL",
        "550 Unauthenticated senders not allowed",
        "auth-required",
        "username to apikey",
    ),
    Said(
        None,
        PLAIN,
        "535 5.7.0 Mailgun is not loving your login or password",
        "auth-rejected",
        "SMTP credentials",
    ),
    Said(
        "smtp.eu.mailgun.org",
        PLAIN,
        "535 Authentication failed",
        "auth-rejected",
        "smtp.eu.mailgun.org",
    ),
    Said(
        "smtp.mailgun.org",
        DOT,
        "421 Domain sandbox1.mailgun.org is not allowed to send: Please activate your Mailgun"
        " account.",
        "sender-refused",
        "Activate the account",
    ),
    Said(
        "smtp.postmarkapp.com",
        PLAIN,
        "535 5.7.8 Error: authentication failed",
        "auth-rejected",
        "API token",
    ),
    Said(
        "smtp.postmarkapp.com",
        DOT,
        "550 5.7.1 The From address you supplied (a@b.example) is not a Sender Signature.",
        "sender-refused",
        "signature_domains",
    ),
    Said(
        "smtp.sparkpostmail.com",
        LOGIN,
        "535 5.7.8 Sorry. *** No authentication type succeeded",
        "auth-rejected",
        "SMTP_Injection",
    ),
    Said(
        "smtp.eu.sparkpostmail.com",
        LOGIN,
        "535 5.7.8 Authentication credentials invalid",
        "auth-rejected",
        "SMTP_Injection",
    ),
    Said(
        "smtp.sparkpostmail.com",
        DOT,
        "550 5.7.1 Unconfigured Sending Domain <example.org>",
        "sender-refused",
        "verified domain",
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
        "smtp-relay.brevo.com",
        LOGIN,
        "525 5.7.1 Unauthorized IP address",
        "auth-disabled-by-provider",
        "authorised_ips",
    ),
    Said(
        "smtp-relay.brevo.com",
        LOGIN,
        "502 5.7.0 Your SMTP account is not yet activated. Contact us",
        "auth-disabled-by-provider",
        "support",
    ),
    Said(
        "smtp-relay.brevo.com",
        "MAIL",
        "502 5.7.0 Your SMTP account is not yet activated. Contact us",
        "sender-refused",
        "support",
    ),
    Said(
        "smtp.resend.com",
        PLAIN,
        "535 Authentication credentials invalid",
        "auth-rejected",
        "username to resend",
    ),
    Said(
        "smtp.resend.com",
        DOT,
        "450 The example.org domain is not verified. Please, add and verify your domain on"
        " https://resend.com/domains",
        "sender-refused",
        "resend.com/domains",
    ),
    Said(
        "smtp.resend.com",
        DOT,
        "550 You can only send testing emails to your own email address",
        "recipient-refused",
        "Verify a domain",
    ),
    Said(
        "live.smtp.mailtrap.io",
        PLAIN,
        "535 5.7.0 Invalid credentials",
        "auth-rejected",
        "For live.smtp.mailtrap.io",
    ),
    Said(
        "sandbox.smtp.mailtrap.io",
        DOT,
        "550 5.7.0 Requested action not taken: too many emails per second",
        "sending-limit-reached",
        "seconds",
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
        "mail.smtp2go.com",
        DOT,
        "550-From header sender domain not verified.\n550 On your Settings > Sender Domains page",
        "sender-refused",
        "Verified Senders",
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
    Said(
        "smtp.email.eu-frankfurt-1.oci.oraclecloud.com",
        DOT,
        "471 Authorization failed: Envelope From address a@b.example not authorized",
        "sender-refused",
        "approved sender",
    ),
]
