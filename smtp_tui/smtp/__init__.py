"""The SMTP dialogue: sockets, replies, TLS, SASL, and the events that tell of them."""
