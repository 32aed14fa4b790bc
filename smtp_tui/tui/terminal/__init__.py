"""The terminal itself: what is asked of it, how it is left, keys in their order."""
