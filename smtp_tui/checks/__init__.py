"""One check from settings to verdict, many of them, and the forms that report them."""
