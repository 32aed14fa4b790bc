"""Import (`read`) and export (`write`) settings in each program's format."""
