"""A provider's refusal comes with its reason and what to do."""

from __future__ import annotations

from smtp_tui.oauth.errors import refusal

LONG_AGO = (
    "AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks."
)


def test_a_known_code() -> None:
    error = refusal(
        "microsoft", "Microsoft", {"error": "invalid_grant", "error_description": LONG_AGO}, ()
    )
    assert error.code == "AADSTS70043"
    assert "sign-in frequency" in error.why
    assert "smtp-tui login" in error.to_do


def test_an_unknown_code_is_not_explained_by_the_word_of_the_rfc() -> None:
    described = {"error": "invalid_grant", "error_description": "AADSTS9999999: Unheard of."}
    error = refusal("microsoft", "Microsoft", described, ())
    assert error.why == "smtp-tui does not know AADSTS9999999."
    assert "https://login.microsoftonline.com/error?code=9999999" in error.to_do
    assert (
        refusal("https://id.example.org", "id.example.org", {"error": "no_such_word"}, ()).why == ""
    )
