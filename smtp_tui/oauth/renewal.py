"""Get an access token for a check: from this process, or renewed under the sign-in's lock.

An access token is never written anywhere; each process asks once for each sign-in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from smtp_tui.config.errors import PasswordError, one_line
from smtp_tui.oauth.entry import AccessToken, Flow, SignIn
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.flows import end_grant, renew
from smtp_tui.oauth.providers import may_go_to
from smtp_tui.oauth.store import SignInPlace, locked, place_of, read
from smtp_tui.records import record
from smtp_tui.settings.password_sources import OAuthSource
from smtp_tui.smtp.addresses import THIS_MACHINE, Network

ENDS_SOON = timedelta(days=14)
# Renewed when less than this is left of an access token: seconds, and a share of its lifetime.
_LEAST_LEFT, _LEAST_SHARE = 300.0, 0.1


@record(kw_only=True)
class Renewed:
    """An access token, and the sign-in that it was granted to."""

    token: AccessToken
    sign_in: SignIn

    @property
    def is_fresh(self) -> bool:
        """Whether enough is left of the token for a check."""
        token = self.token
        least = min(_LEAST_LEFT, token.lifetime * _LEAST_SHARE)
        return token.expires_at - time.time() > least

    @property
    def ends_soon(self) -> bool:
        """Whether the last tenth of the sign-in's lifetime has begun, 14 days of it at most.

        A client secret ends soon if it has less than 14 days left.
        """
        ends_at = self.sign_in.ends_at
        if ends_at is None:
            return False
        left = ends_at - datetime.now(UTC)
        if self.sign_in.flow is Flow.CLIENT:
            return left < ENDS_SOON  # nobody says when the client secret was made
        lifetime = ends_at - self.sign_in.granted_at
        return left < min(ENDS_SOON, lifetime * _LEAST_SHARE)


_held: dict[SignInPlace, Renewed] = {}
_running: dict[SignInPlace, asyncio.Task[Renewed | PasswordError]] = {}


async def renewed(
    source: OAuthSource,
    *,
    username: str,
    host: str,
    base: Path,
    environ: Mapping[str, str],
    limit: float,
    network: Network = THIS_MACHINE,
) -> Renewed:
    """Return a token for logging in at `host`, and its sign-in; PasswordError.

    `limit` are the seconds for all of it. A token is used again until less than 5 minutes, or less
    than a tenth of its lifetime, is left of it.
    """
    place = place_of(source.name, username, base=base, environ=environ)
    found = _held.get(place)
    if found is None or not found.is_fresh:
        found = await _renewed_once(place, limit, network)
    if not may_go_to(found.sign_in.hosts, host):
        name, hosts = one_line(source.name, 80), one_line(", ".join(found.sign_in.hosts), 120)
        text = (
            f"the sign-in {name} is for {hosts}, so its token does not go to {one_line(host, 80)}; "
            "smtp-tui login --also-host adds a server"
        )
        raise OAuthError(text, "oauth-not-signed-in")
    return found


async def revoke(sign_in: SignIn, *, limit: float = 10.0, network: Network = THIS_MACHINE) -> bool:
    """End a sign-in at its provider; False if the provider has no way to do so. OAuthError."""
    forget_held()
    return await end_grant(sign_in, limit=limit, network=network)


def forget_held() -> None:
    """Forget the access tokens of this process, after a new sign-in or the end of one."""
    _held.clear()


async def _renewed_once(place: SignInPlace, limit: float, network: Network) -> Renewed:
    """Renew in a task that a cancelled check leaves alone: its answer may be a new token."""
    task = _running.get(place)
    if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
        task = asyncio.create_task(_renewed(place, limit, network))
        _running[place] = task
        task.add_done_callback(partial(_forget_task, place))
    answer = await asyncio.shield(task)
    if isinstance(answer, PasswordError):
        raise answer.with_traceback(None)
    return answer


def _forget_task(place: SignInPlace, _task: object) -> None:
    _running.pop(place, None)


async def _renewed(place: SignInPlace, limit: float, network: Network) -> Renewed | PasswordError:
    """Return a renewed token, or the error: the frames that raise it hold secrets."""
    deadline = time.monotonic() + limit
    try:
        sign_in = await read(place, limit)
        if sign_in is None:
            return _not_signed_in(place, sign_in)
        if sign_in.flow is Flow.CLIENT:
            # There is no refresh token to lose, so nothing to lock.
            found = await _ask(sign_in, deadline, network)
        elif sign_in.refresh_token and sign_in.rotates is False:
            found = await _renew_fixed(sign_in, place, deadline, network)
        else:
            found = await _renew_locked(place, deadline, network)
    except PasswordError as error:
        return error.with_traceback(None)
    _held[place] = found
    return found


async def _renew_locked(place: SignInPlace, deadline: float, network: Network) -> Renewed:
    async with locked(place, _left(deadline)) as entry:
        sign_in = entry.sign_in
        if sign_in is None or sign_in.refresh_token is None:
            raise _not_signed_in(place, sign_in)
        await entry.refuse_unwritable()
        found = await _ask(sign_in, deadline, network)
        if found.sign_in != sign_in:
            await entry.write(found.sign_in)
        return found


async def _renew_fixed(
    sign_in: SignIn, place: SignInPlace, deadline: float, network: Network
) -> Renewed:
    """Renew with a refresh token that stays the same, from a place that may be read-only."""
    found = await _ask(sign_in, deadline, network)
    if found.sign_in != sign_in:
        try:
            async with locked(place, _left(deadline)) as entry:
                await entry.write(found.sign_in)
        except OAuthError:
            # Only the day of its end is lost, unless the provider now replaces the token.
            if found.sign_in.refresh_token != sign_in.refresh_token:
                raise
    return found


async def _ask(sign_in: SignIn, deadline: float, network: Network) -> Renewed:
    granted = await renew(sign_in, limit=_left(deadline), network=network)
    return Renewed(token=granted.access, sign_in=sign_in.after(granted, datetime.now(UTC)))


def _left(deadline: float) -> float:
    return max(0.1, deadline - time.monotonic())


def _not_signed_in(place: SignInPlace, sign_in: SignIn | None) -> OAuthError:
    why = "holds no refresh token" if sign_in else "does not exist"
    return OAuthError(f"{place} {why}", "oauth-not-signed-in")
