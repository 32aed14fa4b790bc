"""The SMTP client: sockets, replies, TLS, SASL, and the events that report them."""
