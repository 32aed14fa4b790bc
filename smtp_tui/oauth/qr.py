"""Draw a QR code in half blocks: two modules in each character."""

from __future__ import annotations

try:
    import qrcode
except ImportError:  # the extra `qr` is not installed
    qrcode = None

BORDER = 2  # modules; half of what ISO/IEC 18004 asks for, and phones read it
_SIGNS = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}

MISSING = "" if qrcode else "With the extra smtp-tui[qr], the address is also shown as a QR code."


def qr_lines(text: str, columns: int, rows: int, *, on_light: bool = False) -> tuple[str, ...]:
    """Return the lines of a text's code; none if it does not fit, or nothing can draw it.

    The characters draw the light modules, for a dark background; with `on_light` the dark ones.
    """
    if qrcode is None:
        return ()
    code = qrcode.QRCode(border=BORDER, error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(text)
    try:
        matrix: list[list[bool]] = code.get_matrix()
    except ValueError:  # too long for any code
        return ()
    if len(matrix) > columns or (len(matrix) + 1) // 2 > rows:
        return ()
    drawn = [[is_dark == on_light for is_dark in row] for row in matrix]
    below = [*drawn[1::2], [not on_light] * len(matrix)]
    return tuple(
        "".join(_SIGNS[pair] for pair in zip(top, bottom, strict=True))
        for top, bottom in zip(drawn[::2], below, strict=False)
    )
