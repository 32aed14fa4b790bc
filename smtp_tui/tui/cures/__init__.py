"""What cures a failed test, and whom one would trust by it."""
