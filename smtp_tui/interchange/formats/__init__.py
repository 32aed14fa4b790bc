"""One module a format: `read` takes a text into our values, `write` puts settings into a text."""
