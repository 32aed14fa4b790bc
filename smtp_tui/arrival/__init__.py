"""Follow a sent message: the log of this machine's mail server, the mailbox, the message."""
