"""What providers answer to a sign-in: the texts are as public threads and pages have them."""

from __future__ import annotations

from smtp_tui.diagnosis.oauth_errors import (
    GOOGLE,
    MICROSOFT,
    explain_oauth_error,
    oauth_error_in,
    oauth_error_texts,
    provenances,
)
from tests.table import table

# The texts as RFC 6749 carries them: error, description, and the entry to be found.
GOOGLE_LINES = [
    ("invalid_grant", "Token has been expired or revoked.", "google-revoked"),
    ("invalid_grant", "reauth related error (invalid_rapt)", "google-rapt"),
    ("invalid_grant", "The account has been deleted", "google-account-deleted"),
    ("invalid_grant", "Robot is disabled.", "google-robot"),
    ("invalid_grant", "Malformed auth code.", "google-code-malformed"),
    ("invalid_grant", "Invalid code verifier.", "google-verifier"),
    ("invalid_grant", "code_verifier or verifier is not needed", "google-verifier"),
    ("invalid_grant", "Bad Request", "google-bad-request"),
    ("invalid_client", "The OAuth client was not found.", "google-client-unknown"),
    ("invalid_client", "Unauthorized", "google-client-secret"),
    (
        "unauthorized_client",
        "Client is unauthorized to retrieve access tokens using this method.",
        "google-service-account",
    ),
    ("unauthorized_client", "Unauthorized", "google-other-client"),
    ("redirect_uri_mismatch", "The redirect URI in the request", "google-redirect"),
    (
        "access_denied",
        "gws has not completed the Google verification process. The app is currently being tested",
        "google-not-tester",
    ),
    ("admin_policy_enforced", "Access to your account data is restricted", "google-policy"),
    ("org_internal", "", "google-org-internal"),
    ("disallowed_useragent", "This user-agent is not permitted", "google-useragent"),
    ("deleted_client", "The OAuth client was deleted", "google-client-deleted"),
    ("disabled_client", "The OAuth client was disabled.", "google-client-disabled"),
    ("invalid_scope", "Invalid device flow scope: https://mail.google.com/", "google-device-scope"),
    ("invalid_scope", "Some requested scopes were invalid.", "google-scope"),
    ("invalid_request", "client_secret is missing.", "google-secret-missing"),
    ("invalid_request", "Could not determine client ID from request.", "google-no-client"),
    ("invalid_request", "Account restricted", "google-restricted"),
]
MICROSOFT_CODES = [entry.id for entry in oauth_error_texts() if entry.provider == MICROSOFT]


def test_there_are_twenty_of_each_and_all_have_a_source() -> None:
    assert len(MICROSOFT_CODES) >= 20
    assert len({entry for _, _, entry in GOOGLE_LINES}) >= 20
    assert all(entry.taken for entry in provenances())
    assert len({entry.id for entry in oauth_error_texts()}) == len(oauth_error_texts())
    assert {entry.who for entry in oauth_error_texts()} == {"admin", "user", "provider"}


@table(("error", "description", "entry"), GOOGLE_LINES)
def test_google(error: str, description: str, entry: str) -> None:
    found = explain_oauth_error(GOOGLE, error, description)
    assert found is not None
    assert found.id == entry


@table("code", MICROSOFT_CODES)
def test_microsoft(code: str) -> None:
    found = explain_oauth_error(MICROSOFT, "invalid_grant", f"{code}: The text that follows.")
    assert found is not None
    assert found.id == code


@table(
    ("line", "entry"),
    [
        # domainaware/parsedmarc#330
        (
            "AADSTS7000218: The request body must contain the following parameter: "
            "'client_assertion' or 'client_secret'.",
            "AADSTS7000218",
        ),
        # openclaw/gogcli#338
        (
            'Get "https://tasks.googleapis.com/…": oauth2: "invalid_grant" "reauth related error '
            '(invalid_rapt)" "https://support.google.com/a/answer/9368756"',
            "google-rapt",
        ),
        # simonrob/email-oauth2-proxy#362
        (
            "imap.googlemail.com: RefreshError('invalid_client: The OAuth client was not found.', "
            "{'error': 'invalid_client'})",
            "google-client-unknown",
        ),
        # The titles of Google's own pages.
        ("Error 400: redirect_uri_mismatch", "google-redirect"),
        ("Error 403: access_denied The app is currently being tested", "google-not-tester"),
        ("disallowed_useragent", "google-useragent"),
    ],
)
def test_a_line_of_a_log(line: str, entry: str) -> None:
    found = oauth_error_in(line)
    assert found is not None
    assert found[0].id == entry


@table(
    "line",
    [
        "AADSTS9999999: unheard of",
        "keycloak: invalid_client",
        "google: no error here",
        "",
    ],
)
def test_what_is_not_known_gets_no_answer(line: str) -> None:
    assert oauth_error_in(line) is None


def test_the_words_of_the_rfc_hold_for_any_provider() -> None:
    found = explain_oauth_error("https://id.example.org", "invalid_client", "AADSTS is not here")
    assert found is not None
    assert found.id == "invalid-client"
    assert explain_oauth_error("https://id.example.org", "no_such_error", "") is None
