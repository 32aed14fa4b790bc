"""From the form to the file: the diff before, the password's place, what went wrong between."""
