"""The form: a row a field, over the values being edited."""
