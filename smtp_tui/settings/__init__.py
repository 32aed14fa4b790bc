"""Define the SMTP settings: fields, parsers and validation, without I/O."""
