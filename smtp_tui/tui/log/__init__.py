"""The log: the dialogue line by line, to read, search, filter and copy by keyboard."""
