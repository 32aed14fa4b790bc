"""Several SMTP tables of one file."""
