"""What the keys do: the one list of commands, and the hints, help and menu made from it."""
