"""What an SMTP configuration is: pure data."""
