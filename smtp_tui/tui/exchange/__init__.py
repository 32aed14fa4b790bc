"""Settings of other programs: taken into the form, and the form's as those programs keep them."""
