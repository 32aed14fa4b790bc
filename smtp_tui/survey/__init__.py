"""Find SMTP settings on this machine: in running programs, and in files."""
