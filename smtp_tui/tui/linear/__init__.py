"""The form as questions and answers, line by line, for screen readers and plain terminals."""
