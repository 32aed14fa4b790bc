"""A real OpenID provider (oidc-provider of npm) on loopback, and a user with a browser."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit
from urllib.request import (
    HTTPCookieProcessor,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    Request,
    build_opener,
)

from tests.servers.authority import Certificate, issue
from tests.servers.daemon import Daemon, running
from tests.servers.ports import reserved_ports
from tests.servers.requirements import SEARCH_PATH

MODULES = Path("/opt/smtp-tui-oidc/node_modules")
_SCRIPT = Path(__file__).with_name("oidc_provider") / "provider.mjs"
_MOST_PAGES = 12

PUBLIC, APPLICATION = "public", "application"
APPLICATION_SECRET = "the-secret-of-the-application"
_DOVECOT = ("dovecot", "the-secret-of-dovecot")


def oidc_obstacle() -> str | None:
    """Why the provider cannot run on this machine, or None if it can."""
    if shutil.which("node", path=SEARCH_PATH) is None:
        return "Node.js is not installed (node not found)"
    if not (MODULES / "oidc-provider").is_dir():
        return f"the OpenID provider is not installed: no oidc-provider in {MODULES}"
    return None


@dataclass(frozen=True)
class OidcServer:
    """A running provider."""

    issuer: str
    authority_file: Path
    introspection_url: str
    daemon: Daemon

    def sign_in(self, address: str, user: str = "alice@example.test") -> str:
        """Do what a user does in a browser; return the address or page at the end."""
        return _Browser(self.authority_file).walk(address, user, deny=False)

    def deny(self, address: str, user: str = "alice@example.test") -> str:
        """Leave at the first page that allows it."""
        return _Browser(self.authority_file).walk(address, user, deny=True)

    def introspect(self, token: str) -> Mapping[str, Any]:
        """Return what the provider says about a token."""
        client, secret = _DOVECOT
        context = ssl.create_default_context(cafile=self.authority_file)
        opener = build_opener(HTTPSHandler(context=context))
        request = Request(
            f"{self.issuer}/token/introspection", urlencode({"token": token}).encode()
        )
        request.add_header("Authorization", _basic(client, secret))
        with opener.open(request, timeout=10) as reply:
            found = json.loads(reply.read())
        assert isinstance(found, dict)
        return found


@contextlib.contextmanager
def running_oidc(folder: Path, **ttl: int) -> Iterator[OidcServer]:
    """Run the provider; `ttl` are lifetimes in seconds, such as DeviceCode=2."""
    folder.mkdir()
    authority = issue(folder)
    node = shutil.which("node", path=SEARCH_PATH)
    assert node
    with reserved_ports(("127.0.0.1",), 2) as (port, plain_port):
        issuer = f"https://127.0.0.1:{port}"
        pem = authority.certificate_files[Certificate.RIGHT]
        command = (node, str(_SCRIPT), str(MODULES), issuer, str(pem), str(plain_port))
        with running("oidc-provider", (*command, json.dumps(ttl)), "ready") as daemon:
            user, password = _DOVECOT
            url = f"http://{user}:{password}@127.0.0.1:{plain_port}/token/introspection"
            yield OidcServer(issuer, authority.authority_file, url, daemon)


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class _Forms(HTMLParser):
    """The forms of a page: their targets and fields; and the links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found.get("action", ""), {}))
        elif tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag in ("input", "button") and found.get("name") and self.forms:
            self.forms[-1][1][found["name"]] = found.get("value", "")


class _Loopback(HTTPRedirectHandler):
    """Stops at a redirect to http://, where nobody listens."""

    address = ""

    def redirect_request(self, *parts: Any) -> Request | None:
        *_, target = parts
        if target.startswith("http://"):
            self.address = target
            return None
        return super().redirect_request(*parts)


class _Browser:
    """Fills in the provider's pages."""

    def __init__(self, authority_file: Path) -> None:
        self._redirects = _Loopback()
        context = ssl.create_default_context(cafile=authority_file)
        self._opener: OpenerDirector = build_opener(
            HTTPCookieProcessor(CookieJar()), HTTPSHandler(context=context), self._redirects
        )

    def walk(self, address: str, user: str, *, deny: bool) -> str:
        """Return the address that is redirected to, or the last page's text."""
        where, page = self._open(address, None)
        for _ in range(_MOST_PAGES):
            found = _Forms(page)
            if end := self._end():
                return end
            if not found.forms:
                return page
            action, fields = found.forms[0]
            if deny and "abort" in fields:
                return self._open(urljoin(where, action), fields)[1]
            if deny and (abort := [link for link in found.links if "abort" in link]):
                page = self._open(urljoin(where, abort[0]), None)[1]
                return self._end() or page
            fields.pop("abort", None)
            answers = {"login": user, "password": "any"}
            fields |= {name: value for name, value in answers.items() if name in fields}
            where, page = self._open(urljoin(where, action), fields)
        raise AssertionError(f"the provider asks without end: {page[:500]}")

    def _end(self) -> str:
        return self._redirects.address

    def _open(self, address: str, fields: Mapping[str, str] | None) -> tuple[str, str]:
        data = None if fields is None else urlencode(fields).encode()
        try:
            with self._opener.open(address, data, timeout=10) as reply:
                return reply.geturl(), reply.read().decode()
        except HTTPError as error:
            with error:
                return error.geturl(), error.read().decode()


def code_in(address: str) -> str:
    """Return the code of a redirect."""
    return dict(parse_qsl(urlsplit(address).query))["code"]
