"""A mail server in the program itself, and a sample file to try the form on."""
