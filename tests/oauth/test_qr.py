"""QR codes in half blocks."""

from __future__ import annotations

import pytest

from smtp_tui.oauth.qr import BORDER, qr_lines

ADDRESS = "https://login.microsoft.com/device"


def modules(lines: tuple[str, ...], *, on_light: bool) -> list[list[bool]]:
    """Read the drawing back: which modules are dark."""
    rows = []
    for line in lines:
        rows.append([(sign in "█▀") == on_light for sign in line])
        rows.append([(sign in "█▄") == on_light for sign in line])
    return rows[: len(lines[0])]


@pytest.mark.parametrize("on_light", [False, True])
def test_the_drawing_is_the_code(on_light: bool) -> None:
    qrcode = pytest.importorskip("qrcode")
    code = qrcode.QRCode(border=BORDER, error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(ADDRESS)
    lines = qr_lines(ADDRESS, 80, 24, on_light=on_light)
    assert modules(lines, on_light=on_light) == code.get_matrix()
    assert len(lines) <= 17


def test_what_does_not_fit_is_left_out() -> None:
    assert qr_lines(ADDRESS, 80, 10) == ()
    assert qr_lines(ADDRESS, 20, 24) == ()
    assert qr_lines("x" * 10_000, 1000, 1000) == ()
