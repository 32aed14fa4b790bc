"""Tests of the dialogue: pure parts by transcript, the whole against a server that misbehaves."""
