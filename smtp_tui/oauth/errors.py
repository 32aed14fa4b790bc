"""What goes wrong with a sign-in: the causes of a check, and a provider's own error codes."""

from __future__ import annotations

from smtp_tui.config.errors import PasswordCause, PasswordError


class OAuthError(PasswordError):
    """A sign-in failed; the message is one line without secrets.

    `error` is the provider's error code (RFC 6749, section 5.2), `code` its own finer one
    (`AADSTS70043`), `description` its text, escaped and without secrets.
    """

    def __init__(
        self,
        message: str,
        cause: PasswordCause,
        *,
        provider: str = "",
        error: str | None = None,
        code: str | None = None,
        description: str = "",
    ) -> None:
        super().__init__(message, cause)
        self.provider, self.error, self.code = provider, error, code
        self.description = description
