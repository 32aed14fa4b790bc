"""What programs write when mail does not leave: real spellings, and what they mean.

Host names, addresses and numbers are replaced. The numbers are those of the failures that the
rules must know: each in the words of several programs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A text, the cause it has, and a word that the cure must hold."""

    text: str
    cause: str
    cure: str
    row: int = 0


def _row(row: int, cause: str, cure: str, *texts: str) -> list[Example]:
    return [Example(text, cause, cure, row) for text in texts]


def _more(cause: str, cure: str, *texts: str) -> list[Example]:
    return _row(0, cause, cure, *texts)


GMAIL = "5.7.8 Username and Password not accepted. For more information, go to"

EXAMPLES: list[Example] = [
    *_row(
        1,
        "plain-text-expected",
        "encryption to tls",
        "wrong version number",
        "[Error: 140735195:error:1408F10B:SSL routines:ssl3_get_record:wrong version number:"
        "../deps/openssl/ssl/record/ssl3_record.c:332:] { library: 'SSL routines', code: 'ESOCKET',"
        " command: 'CONN' }",
        "OpenSSL::SSL::SSLError (SSL_connect returned=1 errno=0 peeraddr=192.0.2.1:587 state=error:"
        " wrong version number)",
        "ssl.SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1123)",
        "error:0A00010B:SSL routines::wrong version number",
        "tls: first record does not look like a TLS handshake",
        'level=error component=dispatcher msg="Notify for alerts failed" err="create SMTP client:'
        ' tls: first record does not look like a TLS handshake"',
        "javax.mail.MessagingException: Could not connect to SMTP host: mail.example.org, port:"
        " 587;"
        "\n  nested exception is:\n\tjavax.net.ssl.SSLException: Unsupported or unrecognized SSL"
        " message",
        "javax.net.ssl.SSLException: Unrecognized SSL message, plaintext connection?",
        "System.IO.IOException: The handshake failed due to an unexpected packet format.",
        "System.Security.Authentication.AuthenticationException: Cannot determine the frame size or"
        " a corrupted frame was received.",
        "msmtp: TLS handshake failed: An unexpected TLS packet was received.",
        "A packet with illegal or unsupported version was received.",
        "fsockopen(): SSL operation failed with code 1. OpenSSL Error messages:\n"
        "error:140770FC:SSL routines:SSL23_GET_SERVER_HELLO:unknown protocol",
        "SMTP error: Connection error: received corrupt message of type InvalidContentType",
        "curl: (35) error:0A0000C6:SSL routines::packet length too long",
        "tls: received record with version 3232 when expecting version 303",
        "MailKit.Security.SslHandshakeException: An error occurred while attempting to establish an"
        " SSL or TLS connection.\nWhen connecting to an SMTP service, port 587 is typically"
        " reserved"
        " for plain-text connections. If you intended to connect to SMTP on the SSL port, try"
        " connecting to port 465 instead.",
    ),
    *_row(
        2,
        "greeting-timeout",
        "encryption to ssl",
        "Error: Greeting never received\n    at SMTPConnection._formatError",
        "smtplib.SMTPServerDisconnected: Connection unexpectedly closed: timed out",
        'Expected response code "220" but got empty code.',
        'Expected response code 220 but got code "", with message ""',
        "postfix/smtp[77]: 4F1A: to=<a@example.org>, relay=none, status=deferred (conversation with"
        " mail.example.org[192.0.2.1] timed out while receiving the initial server greeting)",
        "SMTP timeout after initial connection: mail.example.org [192.0.2.1]",
        "javax.mail.MessagingException: Got bad greeting from SMTP host: localhost, port: 2525,"
        " response: [timeout]",
    ),
    *_row(
        2,
        "implicit-tls-expected",
        "encryption to ssl",
        "jakarta.mail.MessagingException: Got bad greeting from SMTP host: localhost, port: 465,"
        " response: [EOF]",
        "javax.mail.MessagingException: Could not connect to SMTP host: smtp.example.com, port:"
        " 465, response: -1",
        "Greeting never received, host smtp.example.com port: 465",
        "postfix/smtp[9]: warning: CLIENT wrappermode (port smtps/465) is unimplemented",
        "lost connection with smtp.example.com[192.0.2.1]:465 while receiving the initial server"
        " greeting",
    ),
    *_row(
        3,
        "encryption-required",
        "encryption to tls",
        "530 5.7.0 Must issue a STARTTLS command first",
        "smtplib.SMTPSenderRefused: (530, b'5.7.0 Must issue a STARTTLS command first. "
        "x1sm123.1 - gsmtp', 'me@example.org')",
        "Net::SMTPAuthenticationError: 530 5.7.0 Must issue a STARTTLS command first.",
        "Mail command failed: 530 5.7.0 Must issue a STARTTLS command first",
        "System.Net.Mail.SmtpException: The SMTP server requires a secure connection or the client"
        " was not authenticated. The server response was: 5.7.0 Must issue a STARTTLS command"
        " first",
        'Expected response code "250" but got code "530", with message "530 Must issue a STARTTLS'
        ' command first".',
        "com.sun.mail.smtp.SMTPSendFailedException: 530 5.7.0 Must issue a STARTTLS command first",
        "SMTP Error: MAIL FROM command failed: Must issue a STARTTLS command first",
        "538 5.7.11 Encryption required for requested authentication mechanism",
        "523 5.7.10 Plaintext authentication disallowed on non-secure (SSL/TLS) connections.",
    ),
    *_row(
        4,
        "auth-not-offered",
        "port 587 (tls)",
        "smtplib.SMTPNotSupportedError: SMTP AUTH extension not supported by server.",
        "aiosmtplib.errors.SMTPException: The SMTP AUTH extension is not supported by this server.",
        "smtp: server doesn't support AUTH",
        "System.NotSupportedException: The SMTP server does not support authentication.",
        "javax.mail.AuthenticationFailedException: No authentication mechanisms supported by both"
        " server and client",
        "SASL authentication failed; server mail.example.org[192.0.2.1] offered no compatible"
        " authentication mechanisms for this type of connection security",
        "msmtp: the server does not support authentication",
        "*** Host did not advertise authentication",
        "Connection error: No compatible authentication mechanism was found",
        "SMTP ERROR: Authentication is not allowed at this stage",
    ),
    *_row(
        5,
        "starttls-not-offered",
        "port 465 (ssl)",
        "STARTTLS extension not supported by server.",
        "smtplib.SMTPNotSupportedError: STARTTLS extension not supported by server.",
        "aiosmtplib.errors.SMTPException: SMTP STARTTLS extension not supported by server.",
        "Net::SMTPUnsupportedCommand: STARTTLS is not supported on this server",
        "javax.mail.MessagingException: STARTTLS is required but host does not support STARTTLS",
        "'require_tls' is true (default) but \"mail.example.org:25\" does not advertise the"
        " STARTTLS"
        " extension",
        "System.Net.Mail.SmtpException: Server does not support secure connections.",
        "System.NotSupportedException: The SMTP server does not support the STARTTLS extension.",
        "gomail: MandatoryStartTLS required, but SMTP server does not support StartTLS",
        "status=deferred (TLS is required, but was not offered by host"
        " mail.example.org[192.0.2.1])",
        "a TLS session is required, but the server did not offer TLS support",
        "msmtp: the server does not support TLS via the STARTTLS command",
        "curl: (64) Requested SSL level failed",
        "*** Host did not advertise STARTTLS",
        "TLS required but neither TLS or STARTTLS are in use.",
    ),
    *_row(
        6,
        "auth-needs-encryption",
        "encryption to tls",
        "unencrypted connection",
        "2020/01/01 10:00:00 ...s/mailer/mailer.go:291:SendAsync() [E] Failed to send emails:"
        " gomail:"
        " could not send email 1: unencrypted connection",
        'level=error component=dispatcher err="*smtp.plainAuth auth: unencrypted connection"',
    ),
    *_row(
        7,
        "auth-app-password-needed",
        "app password",
        "534 5.7.9 Application-specific password required",
        "smtplib.SMTPAuthenticationError: (534, b'5.7.9 Application-specific password required. "
        "Learn more at\\n5.7.9  https://support.example.org/?p=InvalidSecondFactor a1 - gsmtp')",
        "Error: Invalid login: 534-5.7.9 Application-specific password required. For more\n"
        "534-5.7.9 information, go to\n534 5.7.9  https://support.example.org",
        "Net::SMTPAuthenticationError (534-5.7.9 Application-specific password required. For more)",
        "Error: Application-specific password required: https://support.example.org (Failure)",
    ),
    *_row(
        8,
        "auth-rejected",
        " address",
        f"535 {GMAIL}",
        f"smtplib.SMTPAuthenticationError: (535, b'{GMAIL}\\n5.7.8  https://support.example.org')",
        f"SMTP ERROR: Password command failed: 535-{GMAIL}\n535 5.7.8  https://support.example.org",
        f"[vaultwarden::mail][ERROR] SMTP 5xx error: permanent error (535): {GMAIL}",
        f'Failed to authenticate on SMTP server with username "me" using 2 possible authenticators.'
        f' Authenticator LOGIN returned Expected response code 250 but got code "535", with message'
        f' "535-{GMAIL}".',
        f"MailKit.Security.AuthenticationException: 535: {GMAIL}",
        f"javax.mail.AuthenticationFailedException: 535-{GMAIL}",
        "msmtp: authentication failed (method PLAIN)\n"
        "msmtp: server message: 535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
        "<** 535 5.7.8 Error: authentication failed: (reason unavailable)",
        "postfix/smtp[7]: 4F: SASL authentication failed; server mail.example.org[192.0.2.1] said:"
        " 535 5.7.8 Error: authentication failed",
        "SMTP Error: Could not authenticate.",
        "aiosmtplib.errors.SMTPAuthenticationError: (535, '5.7.8 Error: authentication failed')",
        "smtpd: Username and Password not accepted",
        'time="2024-01-01T10:00:00Z" level=error msg="failed to send" error="535 Incorrect'
        ' authentication data"',
        "[ERROR] 535 Incorrect authentication data",
    ),
    *_row(
        9,
        "auth-disabled-by-provider",
        "SMTP AUTH",
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the"
        " Tenant. Visit https://aka.example.org for more information.",
        "smtplib.SMTPAuthenticationError: (535, b'5.7.139 Authentication unsuccessful,"
        " SmtpClientAuthentication is disabled for the Mailbox. [AB1C.EURPRD01.PROD.OUTLOOK.COM]')",
        "Error: SmtpClientAuthentication is disabled for the Tenant",
    ),
    *_row(
        10,
        "auth-disabled-by-provider",
        "xoauth2",
        "Invalid login: 535 5.7.139 Authentication unsuccessful, basic authentication is disabled."
        " [AB1C.EURPRD01.PROD.OUTLOOK.COM]",
        "535: 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
        "Authentication unsuccessful, basic authentication is disabled.",
        "Net::SMTPAuthenticationError: 550 5.7.30 Basic authentication is not supported for Client"
        " Submission.",
    ),
    *_row(
        11,
        "auth-mechanism-not-offered",
        "authentication to ",
        "504 5.7.4 Unrecognized authentication type",
        "Error: Invalid login: 504 5.7.4 Unrecognized authentication type [AB.example.org]",
        "smtplib.SMTPAuthenticationError: (504, b'5.7.4 Unrecognized authentication type')",
        "SMTP ERROR: AUTH command failed: 504 5.7.4 Unrecognized authentication type",
        "javax.mail.AuthenticationFailedException: 504 5.7.4 Unrecognized Authentication Type",
        "smtplib.SMTPException: No suitable authentication method found.",
        'Authentication type "CRAM-MD5" unsupported',
    ),
    *_row(
        12,
        "auth-rejected",
        "authentication to plain, inside TLS",
        "SMTP ERROR: CRAM-MD5 command failed: 535 5.7.8 Error: authentication failed: no mechanism"
        " for this user",
        "SASL authentication failed; server mail.example.org[192.0.2.1] said: 535 5.7.8 Error:"
        " authentication failed: authentication failure, method CRAM-MD5",
    ),
    *_row(
        13,
        "auth-rejected",
        "Check username and password",
        "535 Authentication Credentials Invalid",
        'level=error msg="error sending" error="535 Authentication Credentials Invalid"',
        "smtplib.SMTPAuthenticationError: (535, b'Authentication Credentials Invalid')",
        "Net::SMTPAuthenticationError: 535 Authentication Credentials Invalid",
    ),
    *_row(
        14,
        "auth-temporarily-unavailable",
        "plan",
        "451 Authentication failed: Maximum credits exceeded",
        'Expected response code 250 but got code "451", with message "451 Authentication failed:'
        ' Maximum credits exceeded"',
        "Invalid login: 451 Authentication failed: Maximum credits exceeded",
        "Authentication failed: Maximum credits exceeded",
    ),
    *_row(
        15,
        "password-mangled",
        "$$",
        'WARN[0000] The "tvl" variable is not set. Defaulting to a blank string.',
        "WARNING: The GVqF variable is not set. Defaulting to a blank string.",
        "invalid interpolation format for services.app.environment.SMTP_PASSWORD",
    ),
    *_row(
        15,
        "password-mangled",
        "quotes",
        "bash: !x9: event not found",
        "The environment file is invalid!\nFailed to parse dotenv file. Encountered unexpected"
        " whitespace at [my secret word].",
    ),
    *_row(
        16,
        "password-not-ascii",
        "ASCII password",
        "'ascii' codec can't encode character '\\xe4' in position 8: ordinal not in range(128)",
        'File "/usr/lib/python3.11/smtplib.py", line 640, in auth\n    response = encode_base64('
        "initial_response.encode('ascii'), eol='')\nUnicodeEncodeError: 'ascii' codec can't encode"
        " character '\\xfc' in position 5: ordinal not in range(128)",
    ),
    *_row(
        17,
        "ehlo-refused",
        "domain to this machine's",
        "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
        "smtplib.SMTPRecipientsRefused: {'a@example.org': (504, b'5.5.2 <localhost>: Helo command"
        " rejected: need fully-qualified hostname')}",
        "Can't send mail - all recipients were rejected: 504 5.5.2 <localhost>: Helo command"
        " rejected: need fully-qualified hostname",
        "504 5.5.2 <app>: Helo command rejected: need fully-qualified hostname (in reply to RCPT TO"
        " command)",
        "RCPT TO:<a@example.org>: Helo command rejected: Host not found",
        "SMTP error from remote mail server after EHLO localhost: 501 Syntactically invalid EHLO"
        " argument(s)",
        "550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)",
    ),
    *_row(
        18,
        "server-busy",
        "domain to this machine's",
        "421 4.7.0 Try again later, closing connection. (EHLO) a1sm2 - gsmtp",
        "Error: Invalid greeting. response=421 4.7.0 Try again later, closing connection. (EHLO)",
        "smtplib.SMTPHeloError: (421, b'4.7.0 Try again later, closing connection. (EHLO) a1 -"
        " gsmtp')",
        "Server terminates connection. response=421-4.7.0 Try again later, closing connection."
        " (EHLO)",
        "Try again later, closing connection. (EHLO)",
    ),
    *_row(
        19,
        "certificate-name-mismatch",
        "host or server_name",
        "hostname mismatch",
        "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed:"
        " Hostname mismatch, certificate is not valid for 'mail'. (_ssl.c:1006)",
        "certificate verify failed: IP address mismatch, certificate is not valid for '192.0.2.1'",
        'OpenSSL::SSL::SSLError: hostname "mail" does not match the server certificate',
        "SSL_connect returned=1 errno=0 state=error: certificate verify failed (hostname mismatch)",
        "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames:"
        " Host: mail. is not in the cert's altnames: DNS:mail.example.org",
        "x509: certificate is valid for mail.example.org, www.example.org, not mail",
        "stream_socket_enable_crypto(): Peer certificate CN=`*.example.net' did not match expected"
        " CN=`mail.example.org'",
        "PHP Warning:  stream_socket_enable_crypto(): Unable to locate peer certificate CN",
        "java.security.cert.CertificateException: No subject alternative DNS name matching"
        " mail.example.org found.",
        "javax.net.ssl.SSLHandshakeException: java.security.cert.CertificateException: No subject"
        " alternative names matching IP address 192.0.2.1 found",
        "The host name did not match the name given in the server's SSL certificate.",
        "The remote certificate is invalid according to the validation procedure:"
        " RemoteCertificateNameMismatch",
        "msmtp: TLS certificate verification failed: the certificate owner does not match hostname"
        " mail",
        "curl: (60) SSL: no alternative certificate subject name matches target host name 'mail'",
        "invalid peer certificate: NotValidForName",
    ),
    *_row(
        19,
        "certificate-name-mismatch",
        "subjectAltName",
        "x509: certificate relies on legacy Common Name field, use SANs instead",
        "x509: cannot validate certificate for 192.0.2.1 because it doesn't contain any IP SANs",
    ),
    *_row(
        20,
        "certificate-self-signed",
        "tls_fingerprint",
        "self-signed certificate",
        "Error: self signed certificate { code: 'ESOCKET', command: 'CONN' }",
        "code: 'DEPTH_ZERO_SELF_SIGNED_CERT'",
        "SSL_connect returned=1 errno=0 state=error: certificate verify failed (self signed"
        " certificate)",
        "certificate verification failed for mail.example.org[192.0.2.1]:587: self-signed"
        " certificate",
    ),
    *_row(
        20,
        "certificate-unknown-issuer",
        "ca_file",
        "unable to get local issuer certificate",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer"
        " certificate (_ssl.c:1123)",
        "Error: self signed certificate in certificate chain\n code: 'SELF_SIGNED_CERT_IN_CHAIN'",
        "OpenSSL::SSL::SSLError: certificate verify failed (unable to get issuer certificate)",
        "x509: certificate signed by unknown authority",
        "javax.mail.MessagingException: Could not convert socket to TLS;\n  nested exception is:\n"
        "\tjavax.net.ssl.SSLHandshakeException: PKIX path building failed: unable to find valid"
        " certification path to requested target",
        "invalid peer certificate: UnknownIssuer",
        "msmtp: TLS certificate verification failed: the certificate issuer is unknown",
        "Server certificate not trusted",
        "The remote certificate is invalid because of errors in the certificate chain:"
        " UntrustedRoot",
    ),
    *_row(
        20,
        "certificate-invalid",
        "smtp-tui check",
        "MailKit.Security.SslHandshakeException: An error occurred while attempting to establish an"
        " SSL or TLS connection.\n\nThis usually means that the SSL certificate presented by the"
        " server is not trusted by the system for one or more of\nthe following reasons:\n1. The"
        " server is using a self-signed certificate which cannot be verified.\n4. The certificate"
        " presented by the server is expired or invalid.",
        "stream_socket_enable_crypto(): SSL operation failed with code 1. OpenSSL Error messages:\n"
        "error:1416F086:SSL routines:tls_process_server_certificate:certificate verify failed",
    ),
    *_row(
        20,
        "certificate-incomplete-chain",
        "fullchain.pem",
        "Error: unable to verify the first certificate",
        "code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'",
    ),
    *_row(
        21,
        "certificate-expired",
        "clock",
        "certificate has expired",
        "ssl.SSLCertVerificationError: certificate verify failed: certificate has expired",
        "x509: certificate has expired or is not yet valid: current time 2024-01-02T00:00:00Z is"
        " after 2024-01-01T00:00:00Z",
        "Error: certificate has expired { code: 'CERT_HAS_EXPIRED' }",
        "msmtp: TLS certificate verification failed: the certificate has expired",
        "java.security.cert.CertificateExpiredException: NotAfter: Mon Jan 01 00:00:00 CET 2024",
        "invalid peer certificate: certificate expired: verification time 1 (UNIX)",
    ),
    *_row(
        22,
        "tls-parameters-weak",
        "2048 bits",
        "dh key too small",
        "[SSL: DH_KEY_TOO_SMALL] dh key too small (_ssl.c:997)",
        "SSL_connect returned=1 errno=0 state=error: dh key too small",
        "error:0A00018A:SSL routines::dh key too small",
        "msmtp: TLS handshake failed: The Diffie-Hellman prime sent by the server is not acceptable"
        " (not long enough).",
        "javax.net.ssl.SSLException: java.lang.RuntimeException: Could not generate DH keypair",
    ),
    *_row(
        23,
        "connect-timeout",
        "firewall's admin",
        "Connection timed out",
        "Error: connect ETIMEDOUT 192.0.2.1:465",
        "Net::OpenTimeout: execution expired",
        "TimeoutError: [Errno 110] Connection timed out",
        "dial tcp 192.0.2.1:25: i/o timeout",
        "connect to mail.example.org[192.0.2.1]:25: Connection timed out",
        "SMTP ERROR: Failed to connect to server: Connection timed out (110)",
        'Connection could not be established with host "mail.example.org:465":'
        " stream_socket_client(): Unable to connect to ssl://mail.example.org:465 (Connection timed"
        " out)",
        "com.sun.mail.util.MailConnectException: Couldn't connect to host, port: mail.example.org,"
        " 587; timeout -1;\n  nested exception is:\n\tjava.net.ConnectException: Connection timed"
        " out: connect",
        "System.Net.Sockets.SocketException (10060): A connection attempt failed because the"
        " connected party did not properly respond after a period of time",
        "aiosmtplib.errors.SMTPConnectTimeoutError: Timed out connecting to mail on port 25",
        "msmtp: cannot connect to mail.example.org, port 25: Connection timed out",
    ),
    *_row(
        24,
        "network-unreachable",
        "address_family to ipv4",
        "connect EHOSTUNREACH 2001:db8::6c:465 - Local (:::0)",
        "connect ENETUNREACH 2001:db8::1:587",
        "OSError: [Errno 101] Network is unreachable",
        "dial tcp [2001:db8::1]:587: connect: network is unreachable",
        "connect to mail.example.org[2001:db8::1]:25: Network is unreachable",
        'Errno::EHOSTUNREACH: No route to host - connect(2) for "mail.example.org" port 587',
        "java.net.NoRouteToHostException: No route to host (Host unreachable)",
        "Cannot assign requested address - connect(2) for [2001:db8::1]:587",
    ),
    *_row(
        25,
        "connect-denied-locally",
        "httpd_can_network_connect",
        "Permission denied (13)",
        "SMTP ERROR: Failed to connect to server: Permission denied (13)",
        "fsockopen(): unable to connect to ssl://mail.example.org:465 (Permission denied)",
        'type=AVC msg=audit(1.2:3): avc:  denied  { name_connect } for  pid=9 comm="php-fpm"'
        " dest=587 tclass=tcp_socket",
        "SELinux is preventing /usr/sbin/php-fpm from name_connect access on the tcp_socket port"
        " 587",
        "Errno::EACCES: Permission denied - connect(2) for 192.0.2.1:587",
        "dial tcp 192.0.2.1:587: connect: permission denied",
        "msmtp: cannot connect to mail.example.org, port 587: Permission denied",
        "connect EPERM 192.0.2.1:587 - Local (0.0.0.0:0)",
        "An attempt was made to access a socket in a way forbidden by its access permissions.",
    ),
    *_row(
        26,
        "resolver-failed",
        "/etc/resolv.conf",
        "Temporary failure in name resolution",
        "socket.gaierror: [Errno -3] Temporary failure in name resolution",
        "Error: getaddrinfo EAI_AGAIN mail.example.org",
        "dial tcp: lookup mail.example.org on 127.0.0.11:53: server misbehaving",
        "lookup mail.example.org on 127.0.0.53:53: read udp 127.0.0.1:3->127.0.0.53:53: i/o"
        " timeout",
        "php_network_getaddresses: getaddrinfo failed: Temporary failure in name resolution",
        "Host or domain name not found. Name service error for name=mail.example.org type=AAAA:"
        " Host not found, try again",
        "queryA ESERVFAIL mail.example.org",
    ),
    *_row(
        27,
        "sender-refused",
        "Set from",
        "553 5.7.1 Sender address rejected: not owned by user me@example.org",
        "smtplib.SMTPRecipientsRefused: {'a@example.org': (553, b'5.7.1 <b@example.org>: Sender"
        " address rejected: not owned by user me@example.org')}",
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
        "SMTP Error: data not accepted.SMTP server error: DATA END command failed Detail: SMTP;"
        " Client does not have permissions to send as this sender SMTP code: 550 Additional SMTP"
        " info: 5.7.60",
        "Remote Server returned '550 5.7.60 SMTP; Client does not have permissions to send as this"
        " sender'",
        "554 5.2.252 SendAsDenied; me@example.org not allowed to send as b@example.org",
        "Sender address rejected: not owned by user me@example.org",
    ),
    *_row(
        28,
        "relay-denied",
        "username and password",
        "554 5.7.1 <a@example.org>: Relay access denied",
        "status=bounced (host mail.example.org[192.0.2.1] said: 554 5.7.1 <a@example.org>: Relay"
        " access denied (in reply to RCPT TO command))",
        "SMTP error from remote mail server after RCPT TO:<a@example.org>: 550 relay not permitted",
        "550 5.7.1 <a@example.org>... Relaying denied.",
        "System.Net.Mail.SmtpFailedRecipientException: Mailbox unavailable. The server response"
        " was: 5.7.1 Unable to relay for a@example.org",
        "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
        "Recipient address rejected: Relay access denied",
    ),
    *_row(
        29,
        "sender-refused",
        "Set from",
        "554 Message rejected: Email address is not verified. The following identities failed the"
        " check in region EU-WEST-1: me@example.org",
        "Message failed: 554 Message rejected: Email address is not verified.",
        "550 The from address does not match a verified Sender Identity. Mail cannot be sent until"
        " this error is resolved.",
        "smtplib.SMTPDataError: (550, b'The from address does not match a verified Sender Identity."
        "')",
        "Message rejected: Email address is not verified.",
    ),
    *_row(
        30,
        "keyring-unavailable",
        "in a file",
        "keyring.errors.NoKeyringError: No recommended backend was available. Install a recommended"
        " 3rd party backend package",
        "RuntimeError: No recommended backend was available.",
        "Cannot autolaunch D-Bus without X11 $DISPLAY",
        "The name org.freedesktop.secrets was not provided by any .service files",
    ),
    *_row(
        31,
        "sender-domain-unauthenticated",
        "SPF",
        "550-5.7.26 Unauthenticated email from example.org is not accepted due to domain's"
        " 550-5.7.26"
        " DMARC policy.",
        "Diagnostic-Code: smtp; 550-5.7.26 This mail has been blocked because the sender is"
        " unauthenticated.",
        "550 5.7.515 Access denied, sending domain example.org does not meet the required"
        " authentication level.",
        "550 5.7.509 Access denied, sending domain example.org does not pass DMARC verification",
        "554 5.7.1 Rejected by DMARC policy for example.org",
        "550 SPF check failed for 192.0.2.1",
        "550 5.7.23 The message was rejected because of Sender Policy Framework violation (SPF)",
    ),
    # Further causes, and further ways to say what the rows say.
    *_more(
        "keyring-locked",
        "Unlock",
        "keyring.errors.KeyringLocked: Failed to unlock the collection!",
        "secretstorage.exceptions.PromptDismissedException: Prompt dismissed.",
    ),
    *_more(
        "message-not-ascii",
        "EmailMessage",
        'File "/usr/lib/python3.11/smtplib.py", line 859, in sendmail\n    msg = _fix_eols(msg)'
        ".encode('ascii')\nUnicodeEncodeError: 'ascii' codec can't encode character '\\u2019' in"
        " position 99",
    ),
    *_more(
        "url-unescaped",
        "%40",
        "The mailer DSN is invalid.",
        'parse "smtp://me:p%zz@mail.example.org": invalid URL escape "%zz"',
        "TypeError [ERR_INVALID_URL]: Invalid URL input: 'smtps://me:a#b@mail.example.org'",
    ),
    *_more(
        "password-missing",
        "Set username and password",
        'Error: Missing credentials for "PLAIN"',
    ),
    *_more(
        "password-missing",
        "Set password",
        "ArgumentError: SMTP-AUTH requested but missing secret phrase",
    ),
    *_more(
        "token-refused",
        "new token",
        '{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}',
        "AADSTS700082: The refresh token has expired due to inactivity.",
        "334 eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0=",
    ),
    *_more(
        "sendmail-missing",
        "isSMTP",
        "Mailer Error: Could not instantiate mail function.",
    ),
    *_more(
        "sendmail-missing",
        "msmtp-mta",
        "sh: 1: /usr/sbin/sendmail: not found",
        "Errno::ENOENT: No such file or directory - /usr/sbin/sendmail",
        "Error: spawn sendmail ENOENT",
    ),
    *_more(
        "tls-modes-both",
        "Choose one",
        "ArgumentError: SMTPS and STARTTLS is exclusive",
        ":enable_starttls and :tls are mutually exclusive. Set :tls if you're on an SMTPS"
        " connection.",
        "ValueError: EMAIL_USE_TLS/EMAIL_USE_SSL are mutually exclusive, so only set one of those"
        " settings to True.",
    ),
    *_more(
        "client-tls-missing",
        "openssl extension",
        'fsockopen(): Unable to find the socket transport "ssl" - did you forget to enable it when'
        " you configured PHP?",
        "Extension missing: openssl",
        'curl: (1) Protocol "smtps" not supported',
    ),
    *_more(
        "client-mechanism-missing",
        "libsasl2-modules",
        "postfix/smtp[1]: warning: SASL authentication failure: No worthy mechs found",
        "SASL authentication failed; cannot authenticate to server mail.example.org[192.0.2.1]: no"
        " mechanism available",
    ),
    *_more(
        "client-mechanism-missing",
        "authentication to plain",
        "ValueError: [digital envelope routines] unsupported",
    ),
    *_more(
        "trust-store-missing",
        "ca-certificates",
        "x509: failed to load system roots and no roots provided",
        "java.security.InvalidAlgorithmParameterException: the trustAnchors parameter must be"
        " non-empty",
        "curl: (77) error setting certificate verify locations: CAfile: /etc/ssl/certs/ca.crt",
    ),
    *_more(
        "settings-unreadable",
        "mode 600",
        "msmtp: /etc/msmtprc: Permission denied",
        "msmtp: /home/me/.msmtprc: must have no more than user read/write permissions",
        "postfix/smtp[3]: error: open database /etc/postfix/sasl_passwd.db: No such file or"
        " directory",
    ),
    *_more(
        "settings-unreadable",
        "user that the program runs as",
        "sendmail: account default not found: no configuration file available",
    ),
    *_more(
        "certificate-revocation-unknown",
        "list",
        "The server certificate has the following errors:\n - unable to get certificate CRL",
        "RevocationStatusUnknown, OfflineRevocation",
    ),
    *_more(
        "certificate-not-yet-valid",
        "clock",
        "x509: certificate has expired or is not yet valid: current time 2024-01-02T00:00:00Z is"
        " before 2024-02-01T00:00:00Z",
        "certificate verify failed: certificate is not yet valid",
        "msmtp: TLS certificate verification failed: the certificate is not yet activated",
    ),
    *_more(
        "certificate-weak",
        "SHA-256",
        "invalid peer certificate: Other(OtherError(UnsupportedCertVersion))",
        "certificate verify failed: EE certificate key too weak (ee key too small)",
        "certificate verify failed: CA signature digest algorithm too weak (ca md too weak)",
    ),
    *_more(
        "certificate-fingerprint-mismatch",
        "fingerprint",
        "peer_fingerprint match failure: fingerprint mismatch",
        "msmtp: the certificate fingerprint does not match",
    ),
    *_more(
        "client-certificate-required",
        "client_certificate",
        "error:0A00045C:SSL routines::tlsv13 alert certificate required",
        "remote error: tls: bad certificate",
    ),
    *_more(
        "tls-version-unsupported",
        "TLS 1.2 or 1.3",
        "[SSL: UNSUPPORTED_PROTOCOL] unsupported protocol (_ssl.c:1123)",
        "error:0A000152:SSL routines::unsafe legacy renegotiation disabled",
        "tls: server selected unsupported protocol version 300",
        "javax.net.ssl.SSLHandshakeException: No appropriate protocol (protocol is disabled)",
        "sslv3 alert: tlsv1 alert protocol version",
        "The client and server cannot communicate, because they do not possess a common algorithm",
    ),
    *_more(
        "tls-no-shared-cipher",
        "cipher list",
        "error:1417A0C1:SSL routines:tls_post_process_client_hello:no shared cipher",
        "javax.net.ssl.SSLHandshakeException: no cipher suites in common",
    ),
    *_more(
        "tls-handshake-timeout",
        "465 goes with ssl",
        "net/http: TLS handshake timeout",
        "ssl.SSLError: _ssl.c:1112: The handshake operation timed out",
    ),
    *_more(
        "auth-host-differs",
        "same host",
        "wrong host name",
        'err="*smtp.plainAuth failed: wrong host name"',
    ),
    *_more(
        "smtputf8-not-offered",
        "ASCII address",
        "smtplib.SMTPNotSupportedError: One or more source or delivery addresses require"
        " internationalized email support, but the server does not advertise the required SMTPUTF8"
        " capability",
    ),
    *_more(
        "sender-host-unidentified",
        "reverse DNS",
        "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]",
        "550-5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR record",
        "NOQUEUE: reject: Client host rejected: cannot find your reverse hostname, [192.0.2.1]",
    ),
    *_more(
        "client-blocked",
        "port 587",
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        "Client host [192.0.2.1] blocked using bl.example.org",
        "554 IP 192.0.2.1 is on a blacklist: poor reputation",
    ),
    *_more(
        "message-bare-newline",
        "line endings",
        "521 5.5.2 mail.example.org Error: bare <LF> received",
        "550 5.6.11 SMTPSEND.BareLinefeedsAreIllegal; message contains bare linefeeds",
    ),
    *_more(
        "delivery-expired",
        "queue ID",
        "550 4.4.7 QUEUE.Expired; message expired",
        "mail.example.org: retry timeout exceeded",
    ),
    *_more(
        "tls-handshake-failed",
        "Run smtp-tui check",
        "Error: Error upgrading connection with STARTTLS",
        "javax.mail.MessagingException: Could not convert socket to TLS",
        "remote error: tls: handshake failure",
        "sslv3 alert handshake failure",
        "ssl.SSLEOFError: EOF occurred in violation of protocol (_ssl.c:1129)",
    ),
    *_more(
        "host-not-found",
        "spelling of host",
        "socket.gaierror: [Errno -2] Name or service not known",
        "Error: getaddrinfo ENOTFOUND smtp.exmaple.org",
        "dial tcp: lookup smtp.exmaple.org: no such host",
        "SocketError: getaddrinfo: nodename nor servname provided, or not known",
        "java.net.UnknownHostException: smtp.exmaple.org",
        "curl: (6) Could not resolve host: smtp.exmaple.org",
        "Host or domain name not found. Name service error for name=smtp.exmaple.org type=A: Host"
        " not found",
        "No such host is known.",
        "ssmtp: Unable to locate mail",
    ),
    *_more(
        "connection-refused",
        "check on the server",
        "ConnectionRefusedError: [Errno 111] Connection refused",
        "No connection could be made because the target machine actively refused it.",
    ),
    *_more(
        "reply-timeout",
        "encryption to ssl",
        "Net::ReadTimeout with #<Socket:(closed)>",
        "java.net.SocketTimeoutException: Read timed out",
        "lost connection: conversation with mail[192.0.2.1] timed out while sending message body",
        "System.Net.Mail.SmtpException: The operation has timed out.",
    ),
    *_more(
        "connection-reset",
        "firewalls",
        "read ECONNRESET",
        "ConnectionResetError: [Errno 104] Connection reset by peer",
        "An existing connection was forcibly closed by the remote host",
    ),
    *_more(
        "server-closed",
        "encryption to ssl",
        "smtplib.SMTPServerDisconnected: Connection unexpectedly closed",
        "Error: Connection closed unexpectedly",
        "EOFError: end of file reached",
        "gomail: could not dial: EOF",
        "The SMTP server has unexpectedly disconnected.",
        "lost connection with mail.example.org[192.0.2.1] while sending RCPT TO",
    ),
    *_more(
        "auth-rejected",
        "username is often the whole address",
        "curl: (67) Login denied",
        "AuthenticationFailedException",
        "msmtp: authentication failed (method LOGIN)",
    ),
    *_more(
        "auth-required",
        "Set username and password",
        "530 5.7.0 Authentication Required",
        "System.Net.Mail.SmtpException: The SMTP server requires a secure connection or the client"
        " was not authenticated. The server response was: 5.7.57 Client was not authenticated to"
        " send anonymous mail",
        "5.7.0 Authentication required",
    ),
    *_more(
        "recipient-refused",
        "letter by letter",
        "550 5.1.1 <nobody@example.org>: Recipient address rejected: User unknown",
        "dsn=5.1.1, stat=User unknown",
        "The following recipients failed: nobody@example.org: SMTP AUTH ok, User unknown",
    ),
    *_more("greylisted", "few minutes", "450 4.2.0 Greylisted, try later", "Greylisting in action"),
    *_more(
        "message-too-large",
        "smaller message",
        "552 5.3.4 Message size exceeds fixed limit",
        "Message size exceeds fixed maximum message size",
    ),
    *_more(
        "starttls-refused",
        "certificate",
        "454 4.7.0 TLS not available due to local problem",
        "454 4.7.0 TLS not available",
        "SMTP Error: STARTTLS command failed: 454 TLS not available due to temporary reason",
    ),
    *_more(
        "greeting-refused",
        "block list",
        "host mail.example.org[192.0.2.1] refused to talk to me: 554 mail.example.org no",
    ),
    *_more(
        "message-refused",
        "server's reply",
        "Message failed: 554 5.6.0 the message was not taken",
    ),
    *_more(
        "recipient-temporarily-refused",
        "later",
        "said: 452 4.2.2 The email account is over quota (in reply to RCPT TO command)",
    ),
    *_more(
        "auth-challenge-malformed",
        "authentication to another mechanism",
        "Invalid login: 501 5.5.2 Cannot decode response",
    ),
    *_more(
        "sender-refused",
        "Set from",
        "mail.go: 550 5.1.8 Bad sender, said a server",
    ),
    *_more(
        "password-missing",
        "place where it is kept",
        "jakarta.mail.AuthenticationFailedException: failed to connect, no password specified?",
    ),
    *_more(
        "password-source-failed",
        "elsewhere",
        "msmtp: passwordeval command 'gpg -d x' failed",
        "gpg: decryption failed: No secret key",
    ),
    *_more(
        "auth-temporarily-unavailable",
        "socket",
        "warning: SASL authentication failure: cannot connect to saslauthd server: No such file",
    ),
    *_more(
        "not-smtp",
        "host and port",
        "curl: (8) Weird server reply",
    ),
    *_more(
        "sender-refused",
        "Set from",
        "msmtp: envelope from address a@example.org not accepted by the server",
    ),
    *_more(
        "recipient-refused",
        "letter by letter",
        "msmtp: recipient address a@example.org not accepted by the server",
        "curl: (55) RCPT failed: 550",
    ),
    *_more(
        "server-busy",
        "later",
        "System.Net.Mail.SmtpException: Service not available, closing transmission channel. The"
        " server response was: 4.7.0 Temporary server error",
    ),
    *_more(
        "tls-handshake-failed",
        "server's log",
        "Error: Client network socket disconnected before secure TLS connection was established",
        "defer (-54): TLS session is required but an attempt to start TLS failed",
    ),
    # What the corpus of public threads has taught.
    *_more(
        "sender-host-unidentified",
        "reverse DNS",
        "554-gmx.net (mxgmx014) Nemesis ESMTP Service not available 554-No SMTP service 554-Bad DNS"
        " PTR resource record.",
        "Nemesis ESMTP Service not available No SMTP service invalid DNS PTR resource record",
    ),
    *_more(
        "client-idle",
        "close its connection",
        "421 4.4.2 mail.example.org Error: timeout exceeded",
        "MailKit.Net.Smtp.SmtpCommandException: 4.4.2 mail.example.org Error: timeout exceeded",
    ),
    *_more(
        "command-rejected",
        "server's log",
        "System.Net.Mail.SmtpException: Syntax error, command unrecognized. The server response"
        " was:",
        "502 5.5.1 Unrecognized command",
        "MailKit.Net.Smtp.SmtpCommandException: 5.5.2 Syntax error",
    ),
    *_more(
        "settings-invalid",
        "Correct the setting",
        "msmtp: /etc/msmtprc: line 3: unknown command tls_fingerprnt",
        "django.core.mail.exceptions.InvalidMailer: MAILERS['default']: Unknown options 'timeut'.",
        "dial tcp: address smtp.example.org: missing port in address",
    ),
    *_more(
        "address-invalid",
        "recipients",
        'Symfony\\Component\\Mime\\Exception\\RfcComplianceException: Email "" does not comply with'
        " addr-spec of RFC 2822.",
        "Mailer Error: Invalid address:  (From): root@localhost",
        "Geçersiz e-posta adresi: me",
    ),
    *_more(
        "sendmail-failed",
        "by hand",
        "lib/mail/network/delivery_methods/sendmail.rb:57:in `write': Broken pipe (Errno::EPIPE)",
        "Error: Sendmail exited with code 75",
    ),
    *_more(
        "certificate-invalid",
        "smtp-tui check",
        "status=deferred (Server certificate not verified)",
        "*** TLS startup failed (connect(): error:14090086:SSL routines:"
        "ssl3_get_server_certificate:certificate verify failed)",
    ),
    *_more(
        "certificate-name-mismatch",
        "host or server_name",
        "msmtp: TLS certificate verification failed: The certificate is NOT trusted. The name in"
        " the certificate does not match the expected.",
    ),
    *_more(
        "auth-needs-encryption",
        "encryption to tls",
        "msmtp: cannot use a secure authentication method",
        "internal client error: Connection is not encrypted",
    ),
    *_more(
        "encryption-required",
        "encryption to tls",
        "Cleartext authentication disallowed on non-secure (SSL/TLS) connections.",
        "imap-login: Login failed: Plaintext authentication disabled: user=<>",
    ),
    *_more(
        "implicit-tls-expected",
        "encryption to ssl",
        "Connection to tcp://smtp.example.org:465 Timed Out",
        'Connection to "smtp.example.org:465" timed out.',
    ),
    *_more(
        "greeting-timeout",
        "encryption to ssl",
        'Connection to "smtp.example.org:587" timed out.',
    ),
    *_more(
        "reply-timeout",
        "longer timeout",
        'Connection to "ssl://smtp.example.org:465" timed out.',
        'File "/usr/lib/python3.11/smtplib.py", line 398, in getreply\n    line ='
        " self.file.readline(_MAXLINE + 1)\nTimeoutError: timed out",
    ),
    *_more(
        "not-smtp",
        "host and port",
        "smtp: short response: * OK",
        "Invalid greeting. response=+OK Dovecot ready.",
    ),
    *_more(
        "reply-unexpected",
        "filter",
        'Expected response code "354" but got code "250", with message "250 2.1.5 Ok"',
    ),
    *_more(
        "reply-malformed",
        "proxy",
        "msmtp: the server sent invalid data",
        "smtplib.SMTPConnectError: (-1, b'hello?')",
    ),
    *_more(
        "auth-challenge-malformed",
        "another mechanism",
        "failed: unexpected server challenge",
    ),
    *_more(
        "ehlo-refused",
        "domain",
        "Ошибка приветсвия EHLO",
    ),
    *_more(
        "starttls-refused",
        "port 465",
        "curl: STARTTLS denied, code 454",
    ),
    *_more(
        "greeting-refused",
        "port 587 (tls)",
        "Could not send message: Server is not accepting SMTP connections.",
    ),
    *_more(
        "connection-refused",
        "port",
        "SMTP server not found or refused connection. Please check your IP address",
        "SMTP ERROR: Failed to connect to server: Conexión rehusada (111)",
        "Die Verbindung zum SMTP-Server wurde verweigert",
        "[WinError 10061] 由于目标计算机积极拒绝，无法连接。 (smtp)",
    ),
    *_more(
        "host-not-found",
        "spelling of host",
        "php_network_getaddresses: getaddrinfo failed: Der Name oder der Dienst ist nicht bekannt",
    ),
    *_more(
        "connection-reset",
        "firewalls",
        "fwrite(): send of 6 bytes failed with errno=32 Broken pipe on the socket",
    ),
    *_more(
        "recipient-refused",
        "letter by letter",
        "Ошибка RCPT TO Line: 369",
        "H=mail.example.org rejected RCPT <me@example.org>: Unknown user",
        "RecipientError: Can't send mail - all recipients were rejected",
        "SMTP-Fehler: Die folgenden Empfänger sind nicht korrekt: me",
    ),
    *_more(
        "sender-refused",
        "Set from",
        "La siguiente dirección de remitente falló: a",
        "Mail from address must be same as authorization user",
        "550 unable to verify sender address",
        "554 5.0.0 Error: transaction failed: unknown sender address",
    ),
    *_more(
        "message-refused",
        "server's reply",
        "SMTP-Fehler: Daten werden nicht akzeptiert.",
        "554 5.0.0 transaction failed",
    ),
    *_more(
        "auth-rejected",
        "username is often",
        "dovecot: auth: passwd-file(me,192.0.2.1): unknown user",
        "Login not possible. Please check your setting and/or your credentials",
        "SMTP Error (535): Authentication failed.",
        "SMTP-Fehler: Authentifizierung fehlgeschlagen.",
        "kind: Permanent(Code { severity: PermanentNegativeCompletion, category: Unspecified3,"
        ' detail: Five }), source: "5.7.8 Error: authentication failed"',
    ),
    *_more(
        "auth-temporarily-unavailable",
        "old password",
        "454 4.7.0 Too many login attempts, please try again later",
    ),
    *_more(
        "auth-required",
        "username and password",
        "554 5.7.1 <a@example.org>: Recipient address rejected: Access denied",
    ),
    *_more(
        "sending-limit-reached",
        "limit",
        "Mail not sent: you are being throttled",
    ),
    *_more(
        "not-smtp",
        "port",
        "smtplib.SMTPConnectError: HTTP/1.1 400 Bad Request",
    ),
    *_more(
        "ehlo-refused",
        "domain",
        "550 HELO name does not match reverse DNS",
    ),
    *_more(
        "sender-host-unidentified",
        "reverse DNS",
        "554 Blocked: generic rDNS",
    ),
    *_more(
        "sender-refused",
        "from",
        "550 Verification failed for <a@example.org>, it may be blacklisted: Sender verify failed",
        "SMTP error from remote mail server after end of data: 530 From/Sender name is not valid",
    ),
    *_more(
        "auth-required",
        "username and password",
        "MAIL FROM: 503 AUTH command must be issued first",
        "MailKit.ServiceNotAuthenticatedException: The SmtpClient is not authenticated.",
    ),
    *_more(
        "client-blocked",
        "reply",
        "421-4.7.0 [192.0.2.1] Our system has detected an unusual rate of unsolicited mail",
        "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred",
    ),
    *_more(
        "sender-host-unidentified",
        "reverse DNS",
        "rDNS lookup failed",
        "550 Reverse DNS does not match, closing",
    ),
    *_more(
        "message-not-ascii",
        "UTF-8",
        'Encoding::UndefinedConversionError "\\xCC" from ASCII-8BIT to UTF-8 gems/mail-2.3.0',
    ),
    *_more(
        "sendmail-failed",
        "by hand",
        "postdrop: warning: unable to look up public/pickup: No such file or directory",
        "Error sending message, child exited 76 (Remote protocol error.).",
    ),
    *_more(
        "sending-limit-reached",
        "limit",
        "451 You have exceeded your messaging limits",
        "550 5.4.5 Daily user sending limit exceeded",
    ),
    *_more(
        "sending-limit-reached",
        "limit",
        "User me@example.org has exceeded its 24-hour sending limit.",
    ),
    *_more(
        "tls-handshake-failed",
        "check",
        "System.Security.Authentication.AuthenticationException: Authentication failed, see inner"
        " exception.",
        "Authentication failed because the remote party has closed the transport stream.",
    ),
    *_more(
        "certificate-invalid",
        "certificate",
        "postfix/smtpd[1]: warning: TLS library problem: error:14094412:SSL routines:"
        "ssl3_read_bytes:sslv3 alert bad certificate:ssl/record/rec_layer_s3.c:1544",
        "PKIX path validation failed: java.security.cert.CertPathValidatorException: validity"
        " check failed",
    ),
    *_more(
        "auth-mechanism-not-offered",
        "auto",
        "msmtp: the server does not support authentication method PLAIN",
    ),
    *_more(
        "recipient-refused",
        "administrator",
        "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required",
    ),
    *_more("sender-refused", "from", "553 Relaying disallowed as a@example.com"),
    *_more(
        "settings-invalid",
        ".env",
        'The "SMTP_PASSWORD" variable is not set. Defaulting to a blank string.',
    ),
    *_more(
        "auth-needs-encryption",
        "encryption",
        "refusing to send the password over an unencrypted connection",
    ),
    *_more("sender-refused", "from", "Error SMTP: [550] Incorrect sender header (LOCAL)"),
    *_more("server-closed", "log", "Failed to read SMTP server greeting: EOF"),
    *_more(
        "starttls-not-offered",
        "ssl",
        "Der Server unterstützt keine sicheren Verbindungen.",
        "Le serveur ne prend pas en charge les connexions sécurisées.",
        "Сервер не поддерживает безопасные подключения.",
    ),
    *_more("certificate-self-signed", "certificate", "Das Zertifikat ist selbstsigniert."),
    *_more(
        "settings-invalid",
        "setting",
        'invalid value for SMTP_PORT: "abc"',
        "The mail driver [smpt] is not supported",
    ),
]
