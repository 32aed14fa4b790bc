"""What a found server, a provider's preset or an import changes in the form, each as one step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from smtp_tui.discovery.steps import (
    Finding,
    ProbeResult,
    ProbeStarted,
    SearchResult,
    Step,
    by_host,
    silent_ports,
)
from smtp_tui.interchange.results import Imported
from smtp_tui.providers.provider import Provider, Secret, User, Way
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.masking import mask_secrets
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.settings.password_sources import Literal, parse_source
from smtp_tui.settings.validate import defaults, parse_fields
from smtp_tui.smtp.sasl import AUTO_ENCRYPTED, AUTO_OPEN
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.draft import ACCOUNT, HOST, PASSWORD, Draft, same_meaning
from smtp_tui.tui.model.fixes import FINGERPRINT, format_changes, format_current, format_value
from smtp_tui.tui.model.password import PasswordDraft, PasswordLocation, location_of, typed_text

AUTHENTICATION, ENCRYPTION, PORT = "authentication", "encryption", "port"
FROM, SERVER_NAME = "from", "server_name"
_NO_MECHANISM = (Authentication.NONE, Authentication.AUTO, Authentication.EXTERNAL)

Change = dict[str, object]


@record(kw_only=True)
class ServerRow:
    """A port at which a mail server answered, or those of a host that stay silent for one cause.

    `also` is the same port by the other kind of address.
    """

    host: str
    ports: tuple[str, ...]
    cause: str | None = None
    probe: ProbeResult | None = None
    also: ProbeResult | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What it is, whatever becomes of it while the search goes on."""
        return (self.host, self.ports) if self.probe else (self.host, self.cause)


class SearchResults:
    """The steps of one search, and the rows that they make."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.findings: list[Finding] = []
        self.probes: list[ProbeResult] = []
        self.ports: int | None = None
        self.result: SearchResult | None = None

    def add(self, step: Step) -> None:
        """Add the next step."""
        match step:
            case Finding():
                self.findings.append(step)
            case ProbeStarted():
                self.ports = step.ports
            case ProbeResult():
                self.probes.append(step)
            case SearchResult():
                self.result = step

    @property
    def rows(self) -> tuple[ServerRow, ...]:
        """What can be taken by its worth, then what stays silent."""
        # The same port may answer by IPv4 and by IPv6: one row has both.
        reached: dict[tuple[str, int], ServerRow] = {}
        for probe in sorted((p for p in self.probes if p.is_reached), key=lambda p: p.worth):
            where = probe.host, probe.port
            others = [p for p in self.probes if (p.host, p.port) == where and p is not probe]
            row = ServerRow(
                host=probe.host,
                ports=(str(probe.port),),
                cause=probe.cause,
                probe=probe,
                also=others[0] if others else None,
            )
            reached.setdefault(where, row)
        silent = [probe for probe in self.probes if (probe.host, probe.port) not in reached]
        unreached = [
            ServerRow(host=host, ports=tuple(dict.fromkeys(ports)), cause=cause)
            for host, probes in by_host(silent)
            for cause, ports in silent_ports(probes)
        ]
        return (*reached.values(), *unreached)


def proposed_search(draft: Draft) -> str:
    """Return what to search for, as far as the form knows: an address of ours, else the host."""
    for key in (FROM, ACCOUNT):
        try:
            return parse_mailbox(draft.text(key)).address
        except ValueError:
            continue
    return draft.text(HOST)


def found_change(
    values: Mapping[str, object], offered: Sequence[str], draft: Draft, certificate: str = ""
) -> Change:
    """Return what a found server changes; `offered` are the mechanisms that it named.

    `certificate` is the SHA-256 of the one that it showed.
    """
    change = dict(values)
    username = str(change.get(ACCOUNT, ""))
    # An address as username is a guess; what the form holds is not.
    if "@" in username and draft.raw(ACCOUNT) is not None:
        del change[ACCOUNT]
    # A mechanism that the server does not offer would fail.
    mechanism = _mechanism(draft)
    is_named = mechanism is not None and mechanism not in _NO_MECHANISM
    if AUTHENTICATION not in change and is_named and offered:
        usable = [str(m) for m in Authentication if m not in _NO_MECHANISM and m.upper() in offered]
        is_open = change.get(ENCRYPTION) == Encryption.NONE
        # Where auto would find a mechanism itself, it goes on finding one.
        if set(AUTO_OPEN if is_open else AUTO_ENCRYPTED).intersection(offered):
            usable.insert(0, Authentication.AUTO.value)
        if mechanism not in usable and usable:
            change[AUTHENTICATION] = usable[0]
    return _differing(_without_pinned_trust(change, draft, certificate), draft)


def server_change(probe: ProbeResult, draft: Draft) -> Change:
    """Return what taking the settings of a probe changes."""
    certificate = probe.certificate.sha256 if probe.certificate else ""
    return found_change(probe.values, probe.mechanisms, draft, certificate)


def preset_change(provider: Provider, way: Way, draft: Draft) -> Change:
    """Return what one of a provider's ports changes."""
    change: Change = {}
    # A host that is the provider's stays. One that has no host for everybody lets the admin choose.
    if not provider.matches(draft.text(HOST)):
        change[HOST] = provider.host or ""
    change |= {PORT: way.port, ENCRYPTION: way.encryption.value}
    if provider.username is not None:
        change[ACCOUNT] = provider.username
    # A mechanism that the provider accepts stays, and so does one that goes without saying.
    mechanism, preferred = _mechanism(draft), provider.authentication[0]
    is_auto = mechanism is None and preferred is Authentication.AUTO
    if not (is_auto or (mechanism and provider.takes_mechanism(mechanism))):
        change[AUTHENTICATION] = preferred.value
    return _differing(_without_pinned_trust(change, draft), draft)


def next_step(provider: Provider, draft: Draft, *, is_new: bool) -> tuple[str, str] | None:
    """Return the field that only the admin can fill in next, and in words what it wants.

    `is_new`: the host was another one before, and a password would be that one's.
    """
    if draft.raw(HOST) is None:
        return HOST, text("presets", "next-host", text=", ".join(provider.hosts))
    if provider.user is User.NONE:
        return None
    username = draft.text(ACCOUNT)
    if not username or not provider.takes_username(username):
        return ACCOUNT, text("presets", "next-user", text=provider.username_is)
    if provider.secret is not Secret.NONE and (is_new or draft.raw(PASSWORD) is None):
        return PASSWORD, text("presets", "next-password", text=provider.password_is)
    return None


def describe_change(change: Mapping[str, object], draft: Draft) -> str:
    """Return what Enter would do to the form."""
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


def unsupported_fields(values: Mapping[str, object], draft: Draft) -> str:
    """Return which fields the file cannot express; nothing where it can express all."""
    labels = [BY_KEY[key].label for key in values if key in draft.limits]
    return text("discover", "cannot", labels=", ".join(labels)) if labels else ""


def _without_pinned_trust(
    change: Mapping[str, object], draft: Draft, certificate: str = ""
) -> dict[str, object]:
    """Let go of the name and the certificate that were the server's before, if that changes.

    `certificate` is the fingerprint that the new one has shown; what `change` sets itself stays.
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


def _differing(change: Mapping[str, object], draft: Draft) -> Change:
    """Leave out what the form says already, and what the file cannot express."""
    return {
        key: raw
        for key, raw in change.items()
        if key not in draft.limits and not same_meaning(BY_KEY[key], raw, draft.counting(key))
    }


def _mechanism(draft: Draft) -> Authentication | None:
    """Return what the form itself names to log in with."""
    field, raw = BY_KEY[AUTHENTICATION], draft.raw(AUTHENTICATION)
    if raw is None or field.problem_with(raw) is not None:
        return None
    return Authentication(str(field.parse(raw)))


@record
class ImportedPassword:
    """What becomes of the password: where it is kept and what is typed there; no repr shows it."""

    location: PasswordLocation
    typed: str = field(repr=False)

    def put_into(self, password: PasswordDraft) -> None:
        """Set the form's password."""
        password.move_to(self.location)
        password.type(self.typed)

    @property
    def description(self) -> str:
        """Where it comes from, or goes when it is saved."""
        shown = self.typed
        if self.location in (PasswordLocation.FILE, PasswordLocation.KEYRING):
            shown = ""
        elif self.location is PasswordLocation.COMMAND:
            shown = mask_secrets(self.typed)  # a command may be called with a secret of its own
        return text("import-password", self.location.name.lower(), words=shown)


@record
class ImportPlan:
    """What an import would do to the form.

    `change` leaves out what the form says already; `stays` are the fields that the text says
    nothing of, `leaks` whether a password of before would go to another host.
    """

    imported: Imported
    change: Mapping[str, object]
    secret: ImportedPassword | None = None
    stays: tuple[str, ...] = ()
    unsayable: tuple[str, ...] = ()
    leaks: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether taking it over would change nothing."""
        return not self.change and self.secret is None

    @property
    def labels(self) -> str:
        """The labels of the fields that it changes."""
        keys = [key for key in BY_KEY if key in self.change or (key == PASSWORD and self.secret)]
        return ", ".join(BY_KEY[key].label for key in keys)


def import_plan(imported: Imported, draft: Draft) -> ImportPlan:
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
        leaks=PASSWORD in stays and HOST in change and draft.raw(HOST) is not None,
    )


def _changes(imported: Imported, draft: Draft) -> Iterator[tuple[str, object]]:
    values = imported.values
    found = {key: values[key] for key in imported.found if key in values}
    without = defaults(parse_fields({**draft.values(), **found})[0])
    for key, described in BY_KEY.items():
        if key == PASSWORD or key not in values or key in draft.limits:
            continue
        raw, counting = values[key], draft.counting(key)
        if same_meaning(described, raw, counting):
            continue
        # What the text does not say, and what goes without saying here too, need not be set.
        is_found = key in imported.found or counting is not None
        if is_found or described.parse(raw) != without[key]:
            yield key, raw


def _imported_password(raw: object | None, password: PasswordDraft) -> ImportedPassword | None:
    """Return what becomes of the password; None where it stays what it is."""
    if raw is None:
        return None
    source = parse_source(raw)
    if isinstance(source, Literal):
        location = password.location if password.is_masked else PasswordLocation.FILE
        is_same = password.is_masked and password.at_hand == source.value
        return None if is_same else ImportedPassword(location, source.value)
    location, typed = location_of(source), typed_text(source)
    is_same = password.location is location and password.text.strip() == typed
    return None if is_same else ImportedPassword(location, typed)
