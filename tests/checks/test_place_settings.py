"""Settings in the variables of a place: what is said when they name no server."""

from __future__ import annotations

import pytest

from smtp_tui.checks.place_settings import NoSettingsError, settings_of
from smtp_tui.places.place import PlaceKind, open_place
from tests.places.spaces import resident

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("mail.example:587", "MAIL_HOST: 'mail.example:587' contains a port"),
        ("tls://mail.example", "MAIL_HOST: is a URL; write only the hostname"),
        ("smtp://u:pass-5ecret@mail.example", "MAIL_HOST: is a URL"),
    ],
)
def test_a_host_that_is_none_is_said_to_be(host: str, said: str) -> None:
    variables = {"MAIL_MAILER": "smtp", "MAIL_HOST": host, "MAIL_PASSWORD": "pass-5ecret"}
    with (
        resident(variables=variables) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
        pytest.raises(NoSettingsError) as caught,
    ):
        settings_of(place, "laravel")
    text = str(caught.value)
    assert text.startswith(f"the variables of process {pid} name no usable SMTP server: {said}")
    assert "pass-5ecret" not in text
