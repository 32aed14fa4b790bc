"""Compute the form changes of a found server, a provider preset or an import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace

from smtp_tui.discovery.steps import (
    DiscoveryFinding,
    DiscoveryResult,
    ProbeResult,
    ProbeStarted,
    Step,
    by_host,
    silent_ports,
)
from smtp_tui.interchange.spec import Imported
from smtp_tui.providers import Provider, ProviderPort, SecretKind, UsernameKind
from smtp_tui.records import record
from smtp_tui.safe_text import mask_secrets
from smtp_tui.settings.choices import AUTO_ENCRYPTED, AUTO_OPEN, Authentication, Encryption
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.settings.password_sources import LiteralSource, parse_source
from smtp_tui.settings.validate import defaults, parse_fields
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.draft import ACCOUNT, HOST, PASSWORD, SettingsDraft, same_meaning
from smtp_tui.tui.model.fixes import FINGERPRINT, format_changes, format_current, format_value
from smtp_tui.tui.model.password import PasswordDraft, PasswordLocation, location_of, typed_text

AUTHENTICATION, ENCRYPTION, PORT = "authentication", "encryption", "port"
FROM, SERVER_NAME = "from", "server_name"
_NO_MECHANISM = (Authentication.NONE, Authentication.AUTO, Authentication.EXTERNAL)

Change = dict[str, object]


@record(kw_only=True)
class DiscoveredServerRow:
    """A port where a mail server answered, or a host's silent ports with the same cause.

    `also` is the result for the same port at another address.
    """

    host: str
    ports: tuple[str, ...]
    cause: str | None = None
    probe: ProbeResult | None = None
    also: ProbeResult | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """The identity of the row, the same while the search continues."""
        return (self.host, self.ports) if self.probe else (self.host, self.cause)


class DiscoveredServers:
    """The steps of one search for `name`, and the rows made from them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.findings: list[DiscoveryFinding] = []
        self.probes: list[ProbeResult] = []
        self.ports: int | None = None
        self.result: DiscoveryResult | None = None

    def add(self, step: Step) -> None:
        """Add the next step."""
        match step:
            case DiscoveryFinding():
                self.findings.append(step)
            case ProbeStarted():
                self.ports = step.ports
            case ProbeResult():
                self.probes.append(step)
            case DiscoveryResult():
                self.result = step

    @property
    def rows(self) -> tuple[DiscoveredServerRow, ...]:
        """The ports that answered, best first, then the silent ones."""
        # A port may answer over IPv4 and IPv6: one row shows both.
        reached: dict[tuple[str, int], DiscoveredServerRow] = {}
        for probe in sorted((p for p in self.probes if p.is_reached), key=lambda p: p.worth):
            where = probe.host, probe.port
            others = [p for p in self.probes if (p.host, p.port) == where and p is not probe]
            row = DiscoveredServerRow(
                host=probe.host,
                ports=(str(probe.port),),
                cause=probe.cause,
                probe=probe,
                also=others[0] if others else None,
            )
            reached.setdefault(where, row)
        silent = [probe for probe in self.probes if (probe.host, probe.port) not in reached]
        unreached = [
            DiscoveredServerRow(host=host, ports=tuple(dict.fromkeys(ports)), cause=cause)
            for host, probes in by_host(silent)
            for cause, ports in silent_ports(probes)
        ]
        return (*reached.values(), *unreached)


def proposed_search(draft: SettingsDraft) -> str:
    """Return what to search for: the address in From or Username, else the host."""
    for key in (FROM, ACCOUNT):
        try:
            return parse_mailbox(draft.text(key)).address
        except ValueError:
            continue
    return draft.text(HOST)


def found_change(
    values: Mapping[str, object],
    offered: Sequence[str],
    draft: SettingsDraft,
    certificate: str = "",
) -> Change:
    """Return the change for a found server; `offered` are the mechanisms in its EHLO reply.

    `certificate` is the SHA-256 fingerprint of its certificate.
    """
    change = dict(values)
    username = str(change.get(ACCOUNT, ""))
    # An address as the username is a guess; the form's username is not.
    if "@" in username and draft.raw(ACCOUNT) is not None:
        del change[ACCOUNT]
    # A mechanism that the server does not offer would fail.
    mechanism = _mechanism(draft)
    is_named = mechanism is not None and mechanism not in _NO_MECHANISM
    if AUTHENTICATION not in change and is_named and offered:
        usable = [str(m) for m in Authentication if m not in _NO_MECHANISM and m.upper() in offered]
        is_open = change.get(ENCRYPTION) == Encryption.NONE
        # If auto would find a mechanism, prefer it.
        if set(AUTO_OPEN if is_open else AUTO_ENCRYPTED).intersection(offered):
            usable.insert(0, Authentication.AUTO.value)
        if mechanism not in usable and usable:
            change[AUTHENTICATION] = usable[0]
    return _differing(_without_pinned_trust(change, draft, certificate), draft)


def with_username(probe: ProbeResult, address: str | None) -> ProbeResult:
    """Return a probe whose username is the searched address, if nothing named another.

    A server without logins gets none.
    """
    if address is None or ACCOUNT in probe.values or not probe.mechanisms:
        return probe
    return replace(probe, values={**probe.values, ACCOUNT: address})


def server_change(probe: ProbeResult, draft: SettingsDraft) -> Change:
    """Return the change for a server that a probe reached."""
    certificate = probe.certificate.sha256 if probe.certificate else ""
    return found_change(probe.values, probe.mechanisms, draft, certificate)


def named_host(provider: Provider, typed: str) -> str:
    """Return the provider's host that a typed host or domain names, or ""."""
    names = [word.rpartition("@")[2] for word in typed.casefold().split() if "." in word]
    hosts = (host for host in provider.hosts if "*" not in host)
    return next(
        (host for host in hosts if any(f".{host}".endswith(f".{name}") for name in names)), ""
    )


def preset_change(
    provider: Provider, way: ProviderPort, draft: SettingsDraft, typed: str = ""
) -> Change:
    """Return the change for one of a provider's ports; `typed` may name one of its hosts."""
    change: Change = {}
    # Keep a host of this provider. If its customers have different hosts, the admin types one.
    if named := named_host(provider, typed):
        change[HOST] = named
    elif not provider.matches(draft.text(HOST)):
        change[HOST] = provider.host or ""
    change |= {PORT: way.port, ENCRYPTION: way.encryption.value}
    if provider.username is not None:
        change[ACCOUNT] = provider.username
    # Keep a mechanism that the provider accepts, and an absent one if the provider prefers auto.
    mechanism, preferred = _mechanism(draft), provider.authentication[0]
    is_auto = mechanism is None and preferred is Authentication.AUTO
    if not (is_auto or (mechanism and provider.takes_mechanism(mechanism))):
        change[AUTHENTICATION] = preferred.value
    return _differing(_without_pinned_trust(change, draft), draft)


def next_step(provider: Provider, draft: SettingsDraft, *, is_new: bool) -> tuple[str, str] | None:
    """Return the next field that only the admin can fill in, and a text about its value.

    `is_new`: the host has changed, so a password in the form belongs to the old host.
    """
    if draft.raw(HOST) is None:
        return HOST, text("presets", "next-host", text=", ".join(provider.hosts))
    if provider.user is UsernameKind.NONE:
        return None
    username = draft.text(ACCOUNT)
    if not username or not provider.takes_username(username):
        return ACCOUNT, text("presets", "next-user", text=provider.username_is)
    if provider.secret is not SecretKind.NONE and (is_new or draft.raw(PASSWORD) is None):
        return PASSWORD, text("presets", "next-password", text=provider.password_is)
    return None


def describe_change(change: Mapping[str, object], draft: SettingsDraft) -> str:
    """Return what Enter would change in the form, as text."""
    if not change:
        return text("discover", "same")
    rest = {key: raw for key, raw in change.items() if (key, raw) != (HOST, "")}
    counting = {key: format_value(key, raw) for key, raw in rest.items()}
    counting = {key: new for key, new in counting.items() if new == format_current(key, draft)}
    sentences = []
    if differing := {key: raw for key, raw in rest.items() if key not in counting}:
        sentences.append(text("discover", "takes", change=format_changes(differing, draft)))
    if counting:
        listed = ", ".join(f"{BY_KEY[key].label} {value}" for key, value in counting.items())
        sentences.append(text("discover", "outright", values=listed))
    if rest != change:
        sentences.append(text("presets", "own-host"))
    return " ".join(sentences)


def unsupported_fields(values: Mapping[str, object], draft: SettingsDraft) -> str:
    """Return a text that names the fields the file cannot express, or ""."""
    labels = [BY_KEY[key].label for key in values if key in draft.limits]
    return text("discover", "cannot", labels=", ".join(labels)) if labels else ""


def server_remarks(probe: ProbeResult, draft: SettingsDraft) -> str:
    """Return a warning to show before the change to a found server, or ""."""
    remarks = [unsupported_fields(probe.values, draft)]
    if _sends_old_password(change := server_change(probe, draft), draft):
        remarks.append(text("discover", "leaks", host=change[HOST]))
    return " ".join(filter(None, remarks))


def _sends_old_password(change: Mapping[str, object], draft: SettingsDraft) -> bool:
    """Whether the next test would send the password that the form has to another host."""
    return HOST in change and None not in (draft.raw(HOST), draft.raw(PASSWORD))


def _without_pinned_trust(
    change: Mapping[str, object], draft: SettingsDraft, certificate: str = ""
) -> dict[str, object]:
    """Add the removal of the old host's pinned server name and fingerprint, if the host changes.

    `certificate` is the new host's fingerprint; keys that `change` sets itself stay.
    """
    host, pin = BY_KEY[HOST], BY_KEY[FINGERPRINT]
    before, after = draft.raw(HOST), change.get(HOST, draft.raw(HOST))
    if same_meaning(host, after, before):
        return dict(change)
    trusted = ((SERVER_NAME, host, after), (FINGERPRINT, pin, certificate))
    dropped: dict[str, object] = {
        key: ""
        for key, field, new in trusted
        if draft.raw(key) is not None and not same_meaning(field, new, draft.raw(key))
    }
    return {**dropped, **change}


def _differing(change: Mapping[str, object], draft: SettingsDraft) -> Change:
    """Leave out values that the form already has and fields that the file cannot express."""
    return {
        key: raw
        for key, raw in change.items()
        if key not in draft.limits and not same_meaning(BY_KEY[key], raw, draft.counting(key))
    }


def _mechanism(draft: SettingsDraft) -> Authentication | None:
    """Return the authentication mechanism set in the form, or None."""
    field, raw = BY_KEY[AUTHENTICATION], draft.raw(AUTHENTICATION)
    if raw is None or field.problem_with(raw) is not None:
        return None
    return Authentication(str(field.parse(raw)))


@record
class ImportedPassword:
    """An imported password: its location and the text typed there; no repr shows it."""

    location: PasswordLocation
    typed: str = field(repr=False)

    def put_into(self, password: PasswordDraft) -> None:
        """Write it to the form's password."""
        password.move_to(self.location)
        password.type(self.typed)

    @property
    def description(self) -> str:
        """Where the password comes from, or where saving puts it."""
        shown = self.typed
        if self.location in (PasswordLocation.FILE, PasswordLocation.KEYRING):
            shown = ""
        elif self.location is PasswordLocation.COMMAND:
            shown = mask_secrets(self.typed)  # a command line may contain a secret
        return text("import-password", self.location.name.lower(), words=shown)


@record
class ImportPlan:
    """What an import would change in the form.

    `change` leaves out values that the form already has; `stays` are the set fields that the text
    does not mention; `leaks`: the form's old password would go to a new host.
    """

    imported: Imported
    change: Mapping[str, object]
    secret: ImportedPassword | None = None
    stays: tuple[str, ...] = ()
    unsayable: tuple[str, ...] = ()
    leaks: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether the import would change nothing."""
        return not self.change and self.secret is None

    @property
    def labels(self) -> str:
        """The labels of the changed fields, separated by commas."""
        keys = [key for key in BY_KEY if key in self.change or (key == PASSWORD and self.secret)]
        return ", ".join(BY_KEY[key].label for key in keys)


def import_plan(imported: Imported, draft: SettingsDraft) -> ImportPlan:
    """Compare what was imported with the form."""
    values = imported.values if imported.found else {}
    unsayable = tuple(key for key in values if key in draft.limits)
    change = _without_pinned_trust(dict(_changes(imported, draft)), draft) if values else {}
    raw = None if PASSWORD in draft.limits else values.get(PASSWORD)
    secret = _imported_password(raw, draft.password)
    named = {*values, *change}
    stays = tuple(key for key in BY_KEY if key not in named and draft.raw(key) is not None)
    return ImportPlan(
        imported,
        change,
        secret,
        stays if values else (),
        unsayable,
        leaks=PASSWORD in stays and _sends_old_password(change, draft),
    )


def _changes(imported: Imported, draft: SettingsDraft) -> Iterator[tuple[str, object]]:
    values = imported.values
    found = {key: values[key] for key in imported.found if key in values}
    without = defaults(parse_fields({**draft.values(), **found})[0])
    for key, described in BY_KEY.items():
        if key == PASSWORD or key not in values or key in draft.limits:
            continue
        raw, counting = values[key], draft.counting(key)
        if same_meaning(described, raw, counting):
            continue
        # A default that the text does not set, and that is the form's default too, is left out.
        is_found = key in imported.found or counting is not None
        if is_found or described.parse(raw) != without[key]:
            yield key, raw


def _imported_password(raw: object | None, password: PasswordDraft) -> ImportedPassword | None:
    """Return the imported password; None if there is none or the form already has it."""
    if raw is None:
        return None
    source = parse_source(raw)
    if isinstance(source, LiteralSource):
        location = password.location if password.is_masked else PasswordLocation.FILE
        is_same = password.is_masked and password.at_hand == source.value
        return None if is_same else ImportedPassword(location, source.value)
    location, typed = location_of(source), typed_text(source)
    is_same = password.location is location and password.text.strip() == typed
    return None if is_same else ImportedPassword(location, typed)
