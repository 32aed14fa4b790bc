"""Sign in at a mail provider without a password, and keep and renew what it grants (OAuth 2)."""
