"""Real mail clients, each sending one message through a port of this machine."""

from __future__ import annotations

import os
import smtplib
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.interchange.readers import need

SENDER, RECIPIENT = "app@example.test", "bob@example.test"
BODY = "first line\n.a dot begins this one\nlast line\n"
MESSAGE = f"From: {SENDER}\nTo: {RECIPIENT}\nSubject: through the tap\n\n{BODY}"

_RUBY = """
require 'net/smtp'
port, mode, ca, user, password, sender, recipient = ARGV
smtp = Net::SMTP.new('localhost', port.to_i, tls: false, starttls: false)
context = OpenSSL::SSL::SSLContext.new
context.set_params(ca_file: ca, verify_mode: OpenSSL::SSL::VERIFY_PEER)
case mode
when 'implicit' then smtp.enable_tls(context)
when 'starttls' then smtp.enable_starttls(context)
else smtp.disable_starttls
end
smtp.start('ruby.example.test', user, password, :plain) do |session|
  session.send_message(STDIN.read, sender, recipient)
end
"""
_NODE = """
const [port, mode, ca, user, pass, from, to] = process.argv.slice(1);
const raw = require('fs').readFileSync(0);
const transport = require('nodemailer').createTransport({
  host: 'localhost', port, secure: mode === 'implicit', requireTLS: mode === 'starttls',
  ignoreTLS: mode === 'none', name: 'node.example.test', auth: {user, pass, method: 'LOGIN'},
  tls: {ca: require('fs').readFileSync(ca)},
});
transport.sendMail({envelope: {from, to}, raw}).catch(error => {
  console.error(error); process.exit(1);
});
"""


@dataclass(frozen=True)
class Sending:
    """Where and how to send."""

    port: int
    mode: str
    ca_file: Path
    user: str
    password: str

    @property
    def words(self) -> tuple[str, ...]:
        """The same as arguments of a script."""
        login = self.user, self.password
        return (str(self.port), self.mode, str(self.ca_file), *login, SENDER, RECIPIENT)


def run(*command: str, text: str = MESSAGE, **environment: str) -> None:
    """Run a client to its end; it must succeed."""
    done = subprocess.run(
        command,
        input=text.replace("\n", "\r\n") if command[0].endswith("ruby") else text,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout


def by_swaks(to: Sending) -> None:
    tls = {"none": [], "starttls": ["--tls"], "implicit": ["--tls-on-connect"]}[to.mode]
    run(
        *(need("swaks"), "--server", "localhost", "--port", str(to.port), *tls),
        *("--helo", "swaks.example.test", "--from", SENDER, "--to", RECIPIENT),
        *("--auth", "CRAM-MD5", "--auth-user", to.user, "--auth-password", to.password),
        *("--data", "-", "--tls-ca-path", str(to.ca_file)),
    )


def by_msmtp(to: Sending) -> None:
    tls = {
        "none": ["--tls=off"],
        "starttls": ["--tls=on", "--tls-starttls=on"],
        "implicit": ["--tls=on", "--tls-starttls=off"],
    }[to.mode]
    run(
        *(need("msmtp"), "--file=/dev/null", "--host=localhost", f"--port={to.port}", *tls),
        *(f"--tls-trust-file={to.ca_file}", "--auth=plain", f"--user={to.user}"),
        *(f"--passwordeval=echo {to.password}", "--domain=msmtp.example.test"),
        *(f"--from={SENDER}", RECIPIENT),
    )


def by_smtplib(to: Sending) -> None:
    context = ssl.create_default_context(cafile=str(to.ca_file))
    name = "python.example.test"
    if to.mode == "implicit":
        client: smtplib.SMTP = smtplib.SMTP_SSL("localhost", to.port, name, context=context)
    else:
        client = smtplib.SMTP("localhost", to.port, name)
    with client:
        if to.mode == "starttls":
            client.starttls(context=context)
        client.login(to.user, to.password)
        client.sendmail(SENDER, RECIPIENT, MESSAGE)


def by_ruby(to: Sending) -> None:
    run(need("ruby"), "-e", _RUBY, *to.words)


def by_nodemailer(to: Sending) -> None:
    run(need("node"), "-e", _NODE, *to.words, NODE_PATH="/usr/share/nodejs")


CLIENTS: dict[str, Callable[[Sending], None]] = {
    "swaks": by_swaks,
    "msmtp": by_msmtp,
    "smtplib": by_smtplib,
    "ruby": by_ruby,
    "nodemailer": by_nodemailer,
}
