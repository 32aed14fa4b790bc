"""Change another program's file in place, with every other byte kept."""
