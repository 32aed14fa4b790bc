"""What an error of any program means: in the words that programs really use."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.diagnosis.causes import causes, load_texts
from smtp_tui.diagnosis.diagnose import NAMES
from smtp_tui.diagnosis.error_lookup.lookup import (
    LONGEST_QUOTE,
    LONGEST_TEXT,
    CauseOverrides,
    ErrorExplanation,
    ErrorRule,
    error_rules,
    explain_error,
    lookup_text,
    program_in,
    programs,
)
from smtp_tui.diagnosis.error_lookup.reply_match import (
    lowered,
    place_of,
    places,
    quotes_in,
    uncoded_replies,
)
from smtp_tui.diagnosis.rules import ReplyRule, rules
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.events import Stage
from tests.diagnosis.error_examples import EXAMPLES, Example
from tests.diagnosis.examples import known_causes
from tests.table import table

ROWS = range(1, 32)
DATA: dict[str, list[dict[str, Any]]] = {
    **load_texts("error_lookup/errors.toml"),
    **load_texts("error_lookup/replies.toml"),
}
OWN = load_texts("error_lookup/words.toml")
# Other protocols, mail that was sent, and words that carry nothing: a line each.
SILENT = (Path(__file__).parent / "corpus" / "nothing.txt").read_text("utf-8").splitlines()


def explained(text: str) -> ErrorExplanation:
    """What a text means, which must be recognised."""
    found = explain_error(text)
    assert found is not None, text
    return found


@table("example", EXAMPLES, ids=lambda one: f"{one.row}-{one.cause}")
def test_what_programs_say(example: Example) -> None:
    found = explained(example.text)
    assert found.cause == example.cause
    assert example.cure in found.cure
    assert found.said
    assert found.said in found.summary or found.cause in causes()


@table("row", ROWS)
def test_every_failure_is_known_in_several_spellings(row: int) -> None:
    assert sum(example.row == row for example in EXAMPLES) >= 2


@table("example", EXAMPLES[::3], ids=lambda one: f"{one.row}-{one.cause}")
def test_a_line_is_found_among_others(example: Example) -> None:
    log = (
        f"Jan  1 10:00:00 host app[7]: starting mailer\n{example.text}\nJan  1 10:00:02 host done\n"
    )
    assert explained(log).cause == example.cause
    assert explained(f"\x1b[31m{example.text}\x1b[0m\r\n").cause == example.cause


# The rules


def first_rule(text: str, *, vague: bool) -> ErrorRule | None:
    """The rule of one kind that takes a text."""
    tried = (rule for rule in error_rules() if rule.vague == vague)
    return next((rule for rule in tried if rule.span_in(lowered(text))), None)


def test_every_rule_is_the_one_that_takes_an_example() -> None:
    taken: Counter[int] = Counter()
    for example in EXAMPLES:
        rule = first_rule(example.text, vague=False) or first_rule(example.text, vague=True)
        if rule is not None and rule.meant.cause == example.cause:
            taken[id(rule)] += 1
    idle = [rule.find.pattern[:60] for rule in error_rules() if not taken[id(rule)]]
    assert idle == []


def test_no_rule_that_tells_takes_an_example_of_another_cause() -> None:
    wrong = [
        (rule.meant.cause, example.cause, example.text[:60])
        for example in EXAMPLES
        if (rule := first_rule(example.text, vague=False)) and rule.meant.cause != example.cause
    ]
    assert wrong == []


def test_every_place_and_every_wording_is_met() -> None:
    lows = [lowered(example.text) for example in EXAMPLES]
    met = {id(place_of(quote, low)) for low in lows for quote in quotes_in(low, low)}
    assert [place.near.pattern[:40] for place in places() if id(place) not in met] == []
    idle = [one.find.pattern for one in uncoded_replies() if not any(map(one.find.search, lows))]
    assert idle == []


RULE_KEYS = {"find", "spoken", "also", "unless", "vague", "cause", "program"}
RULE_KEYS |= {"what", "why", "cure", "field", "value"}
PLACE_KEYS = {"near", "code", "enhanced", "stage", "command", "is_guess"}
SHAPES = [
    ("rule", {"find", "cause"}, RULE_KEYS),
    ("place", {"stage", "command"}, PLACE_KEYS),
    ("stranger", {"find", "unless"}, {"find", "unless", "firm"}),
    ("worded", {"find", "code"}, {"find", "code", "enhanced", "stage", "command"}),
]
ENTRIES = [(shape, entry) for shape in SHAPES for entry in DATA[shape[0]]]


@table(
    ("shape", "entry"),
    ENTRIES,
    ids=lambda part: part[0] if isinstance(part, tuple) else str(part)[:40],
)
def test_every_entry_is_sound(shape: tuple[str, set[str], set[str]], entry: dict[str, Any]) -> None:
    _, needed, allowed = shape
    assert needed | {"source"} <= set(entry) <= allowed | {"source"}
    assert entry["source"]
    assert entry.get("cause", "") in known_causes() | {""}
    assert entry.get("program", "") in {*programs(), ""}
    assert entry.get("field", "host") in BY_KEY
    if "stage" in entry:
        assert Stage(entry["stage"])


def patterns() -> list[str]:
    """Every regular expression of the data."""
    names = ("find", "also", "unless", "near")
    found = [entry[name] for _, entry in ENTRIES for name in names if name in entry]
    return found + [program.find.pattern for program in programs().values()]


@table("pattern", patterns(), ids=lambda one: one[:40])
def test_patterns_are_for_lower_case_and_cannot_run_away(pattern: str) -> None:
    plain = re.sub(r"\\.", "x", pattern)
    assert not re.search("[A-Z]", plain), "texts are searched in lower case"
    assert not re.search(r"[)*+}][*+{]", plain.replace("}{", "")), "a repetition is repeated"
    assert not re.search(r"(?<!\\)\.[*+]|\][*+]|\\[dswDSW][*+]", pattern), (
        "a repetition has no bound"
    )


# The texts


@table("cause", sorted(known_causes()))
def test_every_cause_can_be_told_without_a_check(cause: str) -> None:
    said = lookup_text(CauseOverrides(cause=cause), "some words")
    for text in (said.summary, said.why, said.cure):
        assert text.endswith(".")
        assert text[0].isupper()
        assert text.isprintable()
        assert "unknown" not in text
        assert "()" not in text
        assert ".." not in text
        assert "the the" not in text.lower()
    assert said.field is None or said.field in BY_KEY


def test_every_name_has_general_words() -> None:
    assert set(NAMES) - {"detail", "reply"} == set(OWN["names"])


@table("rule", rules(), ids=lambda rule: rule.source[:40])
def test_every_reply_can_be_told_without_a_check(rule: ReplyRule) -> None:
    cause = rule.cause or "reply-unexpected"
    said = lookup_text(
        CauseOverrides(cause=cause, why=rule.why or "", cure=rule.cure or ""), "535 no"
    )
    assert "{" not in said.why + said.cure
    assert said.field is None or said.field in BY_KEY


@table("cause", sorted(OWN["cause"]))
def test_own_texts_stand_once(cause: str) -> None:
    entry = OWN["cause"][cause]
    assert set(entry) <= {"what", "why", "cure", "field", "value", "label"}
    assert ("label" in entry) == (cause not in causes())
    if cause not in causes():
        assert {"what", "why", "cure"} <= set(entry)
    for part, text in causes().get(cause, {}).items():
        assert entry.get(part) != text


def test_a_rules_own_words_go_before_those_of_the_cause() -> None:
    found = explained("x509: certificate relies on legacy Common Name field, use SANs instead")
    assert "subjectAltName" in found.cure
    assert found.why != causes()["certificate-name-mismatch"]["why"]


def test_what_a_reply_means_is_told_by_the_rules_for_replies() -> None:
    found = explained("SMTP ERROR: CRAM-MD5 command failed: 535 5.7.8 Error: authentication failed")
    assert found.why in {rule.why for rule in rules() if "mechanism" in rule.whole}


def test_the_provider_is_told_by_its_host() -> None:
    said = "535 5.7.8 Error: authentication failed"
    alone = explained(said)
    named = explained(f"cannot log in to email-smtp.eu-west-1.amazonaws.com: {said}")
    assert named.cause == alone.cause == "auth-rejected"
    assert named.cure != alone.cure


@pytest.mark.parametrize(
    ("text", "cause", "cure", "why"),
    [
        ("msmtp: cannot use a secure authentication method", "auth-needs-encryption",
         "encryption to tls", "hide the password"),
        ("msmtp: TLS certificate verification failed: The certificate is NOT trusted. The name in"
         " the certificate does not match the expected.", "certificate-name-mismatch",
         "server_name", "alias"),
        ('Failed to authenticate on SMTP server with username "me" using the following'
         ' authenticators: "CRAM-MD5", "PLAIN". Authenticator "CRAM-MD5" returned "Expected'
         ' response code "235" but got code "535", with message "535 5.7.8 Error: bad login"".'
         ' Authenticator "PLAIN" returned "Expected response code "235" but got code "535",'
         ' with message "535 5.7.8 Error: bad login"".', "auth-rejected",
         "The username is often", "which of the two"),
        ("554 5.7.1 <a@example.org>: Recipient address rejected: Access denied", "auth-required",
         "Set username and password", "has not logged in"),
        ("235 2.7.0 ok\n554 5.7.1 <a@example.org>: Recipient address rejected: Access denied",
         "recipient-refused", "letter", "does not exist"),
        ("status=deferred (Server certificate not verified)", "certificate-invalid",
         "smtp-tui check", "Postfix uses these words for every fault"),
        ("x509: certificate signed by unknown authority", "certificate-unknown-issuer", "ca_file",
         "Go uses the same words for a private CA"),
        ("SMTPSendFailedException: 451 5.7.3 STARTTLS is required to send mail",
         "encryption-required", "encryption to tls", "unencrypted"),
        ("454 4.7.0 Too many login attempts", "auth-temporarily-unavailable", "old password",
         "too many attempts"),
    ],
)  # fmt: skip
def test_the_cure_fits_the_words(text: str, cause: str, cure: str, why: str) -> None:
    found = explained(text)
    assert found.cause == cause
    assert cure in found.cure
    assert why in found.why


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("SocketError: getaddrinfo: nodename nor servname provided, or not known",
         "getaddrinfo: nodename nor servname provided"),
        ("failed: error:0A000410:SSL routines::sslv3 alert handshake failure",
         "error:0A000410:SSL routines::sslv3 alert handshake failure"),
        ("Net::SMTPAuthenticationError (535 5.7.8 Invalid authentication data).",
         "535 5.7.8 Invalid authentication data"),
        ("OSError: [Errno 101] Network is unreachable",
         "[Errno 101] Network is unreachable"),
        ("connect EHOSTUNREACH 192.0.2.1:465 - Local (0.0.0.0:0)",
         "connect EHOSTUNREACH 192.0.2.1:465"),
        ("fsockopen(): unable to connect to mail:465 (Connection timed out)",
         "unable to connect to mail:465 (Connection timed out)"),
        ('with host "mail": stream_socket_client(): Connection timed out)',
         "Connection timed out"),
    ],
)  # fmt: skip
def test_a_whole_phrase_is_quoted(text: str, phrase: str) -> None:
    assert explained(text).said == phrase


# Which fact counts


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        # The reply, not the class that wraps it.
        ("Net::SMTPAuthenticationError (530 5.7.0 Must issue a STARTTLS command first)",
         "encryption-required"),
        ("SMTP Error: Could not authenticate. SMTP ERROR: Password command failed: 534 5.7.9"
         " Application-specific password required", "auth-app-password-needed"),
        # What came before the exception that was raised last.
        ("ssl.SSLCertVerificationError: certificate has expired\nDuring handling of the above"
         " exception, another exception occurred:\nConnectionResetError: [Errno 104]",
         "certificate-expired"),
        # A mechanism that is unknown, and then the refusal.
        ("CLIENT -> SERVER: AUTH CRAM-MD5\nSERVER -> CLIENT: 504 5.5.4 Unrecognized authentication"
         " type\nCLIENT -> SERVER: AUTH LOGIN\nSERVER -> CLIENT: 535 5.7.8 Error: authentication"
         " failed", "auth-rejected"),
        # Words of the network inside a reply.
        ("450 4.1.8 <me@example.org>: Sender address rejected: Domain not found",
         "sender-temporarily-refused"),
        ("451 4.4.1 connection refused by the next host (in reply to RCPT TO command)",
         "recipient-temporarily-refused"),
        # Numbers that are no reply.
        ('File "/usr/lib/python3.11/smtplib.py", line 554, in connect\nConnectionRefusedError:'
         " [Errno 111] Connection refused", "connection-refused"),
        ("took 535 ms: connect ECONNREFUSED 127.0.0.1:587", "connection-refused"),
        ("HTTP 500 Internal Server Error; getaddrinfo ENOTFOUND mail", "host-not-found"),
        ("250 2.0.0 Ok\n220 mail.example.org ESMTP\nread ECONNRESET", "connection-reset"),
    ],
)  # fmt: skip
def test_the_most_telling_fact_counts(text: str, cause: str) -> None:
    assert explained(text).cause == cause


@table(
    "text",
    [
        "", " \n ", "hello", "it does not work", "Mail sent successfully", "250 2.0.0 Ok: queued",
        "relay=mail.example.org[192.0.2.1]:587, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
        "Error", "line 550", "535", "took 421 ms", "user 554 logged in", "502 Bad Gateway",
        # They do not show why.
        "SMTP connect() failed. https://github.com/PHPMailer/PHPMailer/wiki/Troubleshooting",
        "Failure sending mail.", "SMTP Error (500): Connection to server failed.",
        "MailConnectException: Couldn't connect to host, port: mail, 465; timeout 10000",
        "Connection could not be established with host mail [ #0]",
        "Error: nothing { code: 'ESOCKET', command: 'CONN' }", "550 no", "553 not here",
        "retry time not reached for any host for 'mail'",
        # They are not about mail.
        "HTTPSConnectionPool(host='api', port=443): [Errno 111] Connection refused",
        "redis.exceptions.ConnectionError: Error 111 connecting. Connection refused.",
        "features/step.rb Broken pipe (Errno::EPIPE)",
        "dial tcp 127.0.0.1:5432: connect: connection refused",
        "IMAP error: [AUTHENTICATIONFAILED] Invalid credentials",
    ],
)  # fmt: skip
def test_what_tells_nothing_is_not_explained(text: str) -> None:
    assert explain_error(text) is None


@table("text", SILENT)
def test_other_protocols_success_and_vague_words_are_not_explained(text: str) -> None:
    assert explain_error(text) is None


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        # As JSON, a web page, syslog and a mail program write it.
        ('{\\"error\\":\\"Invalid login: 535-5.7.8 bad\\\\n535 5.7.8 no\\"}', "auth-rejected"),
        ("&lt;a@example.org&gt;: Recipient address rejected: User unknown", "recipient-refused"),
        ("\\u003ca@example.org\\u003e: relay access denied", "relay-denied"),
        ("#033[31mconnect ECONNREFUSED 127.0.0.1:25#033[0m", "connection-refused"),
        ("“Login failed – please create an app password.”", "auth-app-password-needed"),
        ("SMTPSenderRefused: 550\\n5.7.1Unauthorized shipping - Check your SPF", "sender-refused"),
        ("the server does not\n    support the STARTTLS extension", "starttls-not-offered"),
        ("server\u00a0doesn’t support STARTTLS", "starttls-not-offered"),
    ],
)  # fmt: skip
def test_quoting_and_broken_lines_hide_no_words(text: str, cause: str) -> None:
    assert explained(text).cause == cause


# Our field, and theirs


@pytest.mark.parametrize(
    ("text", "field", "value", "program", "spelling"),
    [
        ("ssl3_get_record:wrong version number code: 'ESOCKET'", "encryption", "tls",
         "nodemailer", "secure: false, requireTLS: true, port: 587"),
        ("level=error component=dispatcher err=\"x509: certificate signed by unknown authority\"",
         "ca_file", None, "Alertmanager", "smtp_tls_config: ca_file"),
        ("smtplib.SMTPRecipientsRefused: (504, b'5.5.2 <x>: Helo command rejected: need"
         " fully-qualified hostname')", "domain", None, "Python (smtplib)",
         "local_hostname of SMTP()"),
        ("django.core.mail: STARTTLS extension not supported by server.", "encryption", "ssl",
         "Django", "EMAIL_USE_SSL = True, EMAIL_PORT = 465"),
        ("unencrypted connection", "encryption", "tls", "Go", None),
        ("connect ENETUNREACH 2001:db8::1:587", "address_family", "ipv4", "nodemailer", None),
        ("Permission denied (13)", None, None, None, None),
        ("Symfony: peer_fingerprint match failure", "tls_fingerprint", None, "Symfony Mailer",
         "verify_peer=0&peer_fingerprint[sha256]=… in MAILER_DSN"),
        ("Postfix: Server certificate not verified", None, None, "Postfix", None),
        # Told by the words of the cure.
        ("SMTP ERROR: CRAM-MD5 command failed: 535 5.7.8 Error: authentication failed",
         "authentication", "plain", "PHPMailer", "$mail->AuthType"),
        ("EOFError: end of file reached", "encryption", "ssl", None, None),
    ],
)  # fmt: skip
def test_the_setting_is_named_in_both_languages(
    text: str, field: str | None, value: object, program: str | None, spelling: str | None
) -> None:
    found = explained(text)
    assert (found.field, found.value) == (field, value)
    assert (found.program, found.spelling) == (program, spelling)


def test_what_requires_tls_or_pins_a_certificate_is_named_with_its_version() -> None:
    spelled = {name: programs()[name].spelling for name in ("symfony", "laravel", "alertmanager")}
    assert "peer_fingerprint[sha256]=" in (spelled["symfony"]("tls_fingerprint", None) or "")
    assert "require_tls=true (Symfony 7.3)" in (spelled["symfony"]("encryption", "tls") or "")
    assert "Symfony 7.3" in (spelled["laravel"]("encryption", "tls") or "")
    assert "0.31.0" in (spelled["alertmanager"]("encryption", "ssl") or "")


PROGRAM_LINES = [
    ("vaultwarden", "[vaultwarden::mail][ERROR] SMTP 5xx error: permanent error (535): 5.7.8"),
    ("alertmanager", "level=error component=dispatcher msg=\"Notify for alerts failed\""),
    ("grafana", "logger=alerting.notifier.email t=2024 level=error msg=\"Failed to send\""),
    ("gitea", "...itea/services/mailer/mailer.go:291:SendAsync() [E] Failed to send emails"),
    ("rails", "Net::SMTPAuthenticationError (535 5.7.8 Error: authentication failed):"),
    ("rails", "Errno::ECONNREFUSED: Connection refused - connect(2) for \"localhost\" port 25"),
    ("django", 'File "/venv/lib/python3.11/site-packages/django/core/mail/backends/smtp.py"'),
    ("aiosmtplib", "aiosmtplib.errors.SMTPAuthenticationError: (535, '5.7.8 Error')"),
    ("smtplib", "smtplib.SMTPServerDisconnected: Connection unexpectedly closed"),
    ("smtplib", "ConnectionRefusedError: [Errno 111] Connection refused"),
    ("laravel", "#12 /var/www/vendor/laravel/framework/src/Illuminate/Mail/Mailer.php(573)"),
    ("symfony", 'Expected response code "250" but got code "530", with message "530"'),
    ("phpmailer", "SMTP ERROR: Password command failed: 535 5.7.8"),
    ("php", "fsockopen(): unable to connect to ssl://mail.example.org:465"),
    ("nodemailer", "at SMTPConnection._formatError (/app/node_modules/nodemailer/lib/index.js)"),
    ("jakarta", "com.sun.mail.smtp.SMTPSendFailedException: 530 5.7.0"),
    ("mailkit", "MailKit.Security.AuthenticationException: 535: 5.7.8"),
    ("dotnet", "System.Net.Mail.SmtpException: Failure sending mail."),
    ("exim", "2024-01-01 10:00:00 1rKx-00 == a@example.org R=smarthost T=remote_smtp_smarthost"
     " defer (-53): retry"),
    ("postfix", "postfix/smtp[77]: 4F1A: to=<a@example.org>, dsn=4.4.1, status=deferred"),
    ("msmtp", "msmtp: cannot connect to mail.example.org, port 25"),
    ("ssmtp", "sSMTP[77]: Unable to connect to \"mail\" port 587."),
    ("curl", "curl: (67) Login denied"),
    ("swaks", "=== Trying mail.example.org:587...\n*** Error connecting to mail.example.org"),
    ("sendmail", "sendmail[77]: u1: to=a@example.org, relay=mail, dsn=4.0.0, stat=Deferred"),
    ("go", "dial tcp 192.0.2.1:25: i/o timeout"),
    ("keyring", "keyring.errors.NoKeyringError: No recommended backend was available."),
]  # fmt: skip


@table("id_", programs())
def test_every_program_is_sound(id_: str) -> None:
    program = programs()[id_]
    assert program.name
    assert load_texts("error_lookup/programs.toml")[id_]["source"]
    fields = {key.partition("=")[0] for key in program.words}
    assert fields <= set(BY_KEY)
    assert all(text.isprintable() for text in program.words.values())


def test_every_program_is_known_by_a_line_of_its_own() -> None:
    assert {id_ for id_, _ in PROGRAM_LINES} == set(programs())


@table(("id_", "line"), PROGRAM_LINES)
def test_a_program_is_known_by_its_lines(id_: str, line: str) -> None:
    assert program_in(lowered(line)) is programs()[id_]


# What is quoted


SECRETS = [
    "swaks --to a@example.org --auth-user me --auth-password {secret}",
    "swaks -au me -ap {secret} --tls",
    "MAILER_DSN=smtp://me:{secret}@mail.example.org:587",
    "SMTP_PASSWORD={secret}",
    "  password: '{secret}',",
    '{{"auth": {{"user": "me", "pass": "{secret}"}}}}',
    "curl --user me:{secret} smtp://mail.example.org",
    "c: AUTH PLAIN AG1lAHdvbmRlcmxhbmQ1MzU=",
    "-> AUTH LOGIN\n<-  334 UGFzc3dvcmQ6\n -> d29uZGVybGFuZDUzNQ==",
    "Authorization: Bearer {secret}",
]
ECHOES = [
    "{secret}",
    "d29uZGVybGFuZDUzNQ==",
    "AG1lAHdvbmRlcmxhbmQ1MzU=",
    "776f6e6465726c616e64353335",
]


@table("line", SECRETS)
@table("echo", ECHOES)
def test_a_secret_in_the_text_is_not_echoed(line: str, echo: str) -> None:
    secret = "wonderland535"
    said = echo.format(secret=secret)
    found = explained(f"{line.format(secret=secret)}\n<** 535 5.7.8 Error: {said} is wrong")
    assert found.cause == "auth-rejected"
    shown = repr(found)
    for form in (secret, *ECHOES[1:]):
        assert form not in shown
    assert "is wrong" in found.said


@pytest.mark.parametrize(
    "text",
    [
        'parse "smtp://me:wonder%zzland@mail": invalid URL escape "%zz"',
        'parse "smtp://me:wonder#land@mail": invalid port ":wonder" after host',
        'WARN[0000] The "wonder" variable is not set. Defaulting to a blank string.',
        "Failed to parse dotenv file. Encountered unexpected whitespace at [wonder land].",
        "smtp://me:x@wonder/land@mail failed\n535 5.7.8 Error: x@wonder/land",
        "smtp://me:wonder%40land@mail failed\n535 5.7.8 Error: wonder@land",
        'token: "' + "wonder" * 300 + '"\n535 5.7.8 Error: ' + "wonder" * 300,
    ],
)
def test_a_secret_beside_the_error_is_not_quoted(text: str) -> None:
    assert "wonder" not in repr(explained(text))


def test_a_secret_in_the_part_that_is_not_read_is_not_echoed() -> None:
    filler = "some line of a log\n" * 5000
    text = f"{filler}password=wonderland\n{filler}535 5.7.8 Error: wonderland is wrong"
    assert explained(text).said == "535 5.7.8 Error: [hidden] is wrong"


def test_a_short_secret_is_hidden_where_it_stands_alone() -> None:
    found = explained("password=abc\n535 5.7.8 abc is not for abcd")
    assert found.said == "535 5.7.8 [hidden] is not for abcd"


def test_a_code_behind_the_word_is_no_secret() -> None:
    found = explained("invalid user or password: 535 5.7.8 Error: authentication failed")
    assert found.said == "535 5.7.8 Error: authentication failed"


def test_what_is_quoted_is_short_and_safe() -> None:
    found = explained("535 5.7.8 \x1b]0;title\x07 \u202e" + "x" * 5000)
    assert len(found.said) <= LONGEST_QUOTE
    assert "\\x1b" in found.said
    assert found.summary.isprintable()


@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    check_safe(explain_error(text))


@given(st.sampled_from(EXAMPLES), st.text(max_size=80), st.text(max_size=80))
def test_any_text_around_an_error_is_answered(example: Example, before: str, behind: str) -> None:
    check_safe(explain_error(f"{before}{example.text}{behind}"))


def check_safe(found: ErrorExplanation | None) -> None:
    """What is told can be printed."""
    if found is not None:
        for text in (found.summary, found.why, found.cure, found.said, found.spelling or ""):
            assert text == escape_controls(text)


# Time


def seconds(text: str) -> float:
    """The least processor time that a text took."""
    taken = []
    for _ in range(3):
        began = time.process_time()
        explain_error(text)
        taken.append(time.process_time() - began)
    return min(taken)


FILLS = ["a", " ", "\n", "535 ", "5.7.1 ", "://a:", "password=", "detail: ", "334 a\n", "a.b."]
FILLS += [example.text[: len(example.text) * 2 // 3] + " " for example in EXAMPLES[::24]]


def filled(fill: str, size: int) -> str:
    return (fill * (size // len(fill) + 1))[:size]


@pytest.mark.integration
@table("fill", FILLS)
def test_time_grows_no_faster_than_the_text(fill: str) -> None:
    small, large = filled(fill, LONGEST_TEXT // 16), filled(fill, LONGEST_TEXT // 4)
    assert seconds(large) < 4 * 3 * seconds(small) + 0.02


@pytest.mark.integration
@table("fill", FILLS[:1])
def test_what_is_longer_than_the_longest_text_takes_no_longer(fill: str) -> None:
    longest = seconds(filled(fill, LONGEST_TEXT))
    assert seconds(filled(fill, 16 * LONGEST_TEXT)) < 3 * longest + 0.02


def test_of_a_long_text_beginning_and_end_are_read() -> None:
    filler = "some line of a log\n" * 20_000
    for text in (f"connect ECONNREFUSED\n{filler}", f"{filler}connect ECONNREFUSED"):
        assert explained(text).cause == "connection-refused"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # XOAUTH2 is a login by SMTP AUTH as well.
        ("535 5.7.139 SmtpClientAuthentication is disabled for the Tenant", None),
        ("535 5.7.139 Authentication unsuccessful, basic authentication is disabled", "xoauth2"),
    ],
)
def test_what_is_off_at_the_provider_is_no_setting(text: str, value: str | None) -> None:
    found = explain_error(text)
    assert found is not None
    assert (found.cause, found.value) == ("auth-disabled-by-provider", value)
