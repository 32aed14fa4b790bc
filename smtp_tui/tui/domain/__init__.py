"""What DNS holds about the sender's domain, asked beside a test that passed."""
