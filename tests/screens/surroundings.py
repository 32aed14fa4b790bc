"""What else is around the form: a provider, this machine's settings and places, a mailbox."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

from smtp_tui.arrival.prove import Look, ProofRequest
from smtp_tui.checks import prove, run
from smtp_tui.checks.request import CheckRequest
from smtp_tui.diagnosis.comparison import Comparison, PlaceSummary, difference
from smtp_tui.diagnosis.delivery import ArrivalProof, AuthenticationResult, Hop
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.oauth import providers, token_endpoint
from smtp_tui.smtp.events import Event
from smtp_tui.survey import scan
from smtp_tui.tui.dialogs import scan as scan_page
from smtp_tui.tui.dialogs import test_from
from smtp_tui.tui.model import proof, test_place
from smtp_tui.tui.model.check_request import ChosenPlace
from smtp_tui.tui.model.test_place import FoundPlaces
from smtp_tui.web.https import HttpReply
from tests.screens.relay import HOST

Paced = Callable[..., AsyncGenerator[Event | Verdict, None]]

ISSUER = "https://login.example.org"
_METADATA = {
    "issuer": ISSUER,
    "token_endpoint": f"{ISSUER}/token",
    "authorization_endpoint": f"{ISSUER}/auth",
    "device_authorization_endpoint": f"{ISSUER}/device",
}
_CODE = {
    "device_code": "never-shown",
    "user_code": "WDJB-MJHT",
    "verification_uri": f"{ISSUER}/device",
    "verification_uri_complete": f"{ISSUER}/device?user_code=WDJB-MJHT",
    "expires_in": 900,
}

MACHINE = {
    "etc/gitea/app.ini": "[mailer]\nENABLED = true\nSMTP_ADDR = mail.example.net\n"
    "SMTP_PORT = 465\nPROTOCOL = smtps\nUSER = git@example.org\nPASSWD = `walnut`\n",
    "etc/grafana/grafana.ini": "[smtp]\nenabled = true\nhost = mail.example.net:587\n"
    "user = grafana@example.org\npassword = walnut\nstartTLS_policy = MandatoryStartTLS\n",
    "etc/postfix/main.cf": "relayhost = [mail.example.net]:587\n"
    "smtp_tls_security_level = encrypt\n",
    "etc/msmtprc": "account default\nhost mail.example.net\nport 587\ntls on\nauth on\n"
    "user cron@example.org\npasswordeval cat /etc/msmtp.secret\n",
    "home/mastodon/live/.env.production": "SMTP_SERVER=mail.example.net\nSMTP_PORT=587\n"
    "SMTP_LOGIN=social@example.org\nSMTP_PASSWORD=walnut\n"
    "SMTP_FROM_ADDRESS=social@example.org\n",
    "srv/vault/compose.yaml": "services:\n  vault:\n    image: vaultwarden/server\n"
    "    environment:\n      SMTP_HOST: mail.example.net\n      SMTP_PORT: '465'\n"
    "      SMTP_SECURITY: force_tls\n      SMTP_FROM: vault@example.org\n"
    "      SMTP_USERNAME: vault@example.org\n      SMTP_PASSWORD: walnut\n",
    "var/www/cloud/config/config.php": "<?php\n$CONFIG = array(\n  'mail_smtpmode' => 'smtp',\n"
    "  'mail_smtphost' => 'old-relay.example.net',\n  'mail_smtpport' => '25',\n);\n",
}  # fmt: skip

WEB = ChosenPlace("container", "podman:web", "podman, process 4711, python:3.13-slim")
_PLACES = FoundPlaces(
    (
        WEB,
        ChosenPlace("container", "podman:db", "podman, process 4730, postgres:16"),
        ChosenPlace("unit", "tickets.service", "process 812"),
        ChosenPlace("process", "1290", "ruby, user mastodon (991), with mail variables"),
    )
)
_NAMES = {"place": "container web", "host": "localhost", "here": "127.0.0.1", "there": "127.0.0.1"}


async def _provider(url: str, *, form: Mapping[str, str] | None = None, **_: Any) -> HttpReply:
    """Answer as a provider whose user never comes."""
    pending = {"error": "authorization_pending"}
    answer = _METADATA if form is None else _CODE if url.endswith("/device") else pending
    status = 400 if answer is pending else 200
    return HttpReply(status=status, headers={}, body=json.dumps(answer).encode())


def _scan_machine() -> scan.ScanResult:
    """Search the made-up machine, and show its paths as they would be there."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in MACHINE.items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        result = scan.scan_machine([Path(folder)])
    found = [
        replace(
            each,
            places=tuple(
                replace(place, name=place.name.removeprefix(folder)) for place in each.places
            ),
        )
        for each in result.found
    ]
    return replace(result, found=tuple(found))


def _runner_from(_place: ChosenPlace) -> Paced:
    """Return what checks in a container without a server, next to here, where the relay is."""

    async def compared(request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
        values = {**request.values, "authentication": "none"}
        async with aclosing(run.run(replace(request, values=values))) as updates:
            (here,) = [update async for update in updates if isinstance(update, Verdict)]
        with patch.object(asyncio.SelectorEventLoop, "sock_connect", _refused):
            async with aclosing(run.run(request)) as updates:
                async for update in updates:
                    is_last = isinstance(update, Verdict)
                    yield replace(update, **_next_to(here)) if is_last else update

    return compared


async def _refused(*_: Any) -> None:
    raise ConnectionRefusedError(111, "Connection refused")


def _next_to(here: Verdict) -> dict[str, Any]:
    place = PlaceSummary(
        kind="container",
        name="web",
        engine="podman",
        pid=4711,
        command="python",
        user=1000,
        runtime="Python",
        trusts=(),
        certificates=137,
        name_servers=(),
    )
    told = replace(difference("place-own-loopback", ("container",), _NAMES), explains=True)
    return {"comparison": Comparison(place=place, here=here, differences=(told,)), "fixes": ()}


async def _arrival(
    _mailbox: object, plan: ProofRequest, _token: str, **_: Any
) -> AsyncGenerator[Look | ArrivalProof, None]:
    yield Look(number=1, searched=("INBOX", "Junk"), folder="Junk")
    yield ArrivalProof(
        found=True,
        mailbox=str(plan.address),
        folder="Junk",
        place="junk",
        seconds=4.2,
        searched=("INBOX", "Junk"),
        hops=(
            Hop(by=HOST, from_="tickets.example.org", protocol="ESMTPSA"),
            Hop(by="mx.example.org", from_=HOST, protocol="ESMTPS", seconds=3.0),
        ),
        results=(AuthenticationResult(by="mx.example.org", method="spf", result="softfail"),),
        domain="example.org",
        aligned=False,
    )


def use_these_surroundings(paced: Callable[[Paced], Paced]) -> None:
    """Answer for all that is neither the relay nor DNS."""
    for module in (providers, token_endpoint):
        patch.object(module, "request", _provider).start()
    patch.object(scan_page, "scan_machine", _scan_machine).start()
    patch.object(test_from, "find_places", lambda: _PLACES).start()
    patch.object(test_place, "runner_from", _runner_from).start()
    patch.object(prove, "open_mailbox", _opened).start()
    patch.object(prove, "prove", _arrival).start()
    patch.object(proof, "run", paced(prove.run)).start()


async def _opened(*_: Any, **__: Any) -> MagicMock:
    return MagicMock()
