"""Edit and test settings line by line, for screen readers and plain terminals."""
