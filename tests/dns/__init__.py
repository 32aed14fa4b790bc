"""A name server on loopback, so that no test asks any other."""
