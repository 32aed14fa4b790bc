"""Run a mail server in the program itself, with a sample file for the form."""
