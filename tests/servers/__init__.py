"""Real mail servers for the tests: Postfix with Dovecot's SASL, on loopback ports of their own."""
