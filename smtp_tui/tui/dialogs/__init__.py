"""The screens that open over the form."""
