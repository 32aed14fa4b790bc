"""Applications from packages that log in with what is written for them."""
