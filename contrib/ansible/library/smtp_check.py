#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Ansible module: check SMTP settings on a host with smtp-tui."""

from __future__ import annotations

import json

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: smtp_check
short_description: Check SMTP settings with smtp-tui
description:
  - Checks from the managed host whether its SMTP settings work, and says why not and what to do.
  - Without O(message) and O(subject) it sends no message and changes nothing.
  - With one of them it sends a message. In check mode it only asks whether the server accepts the
    recipients.
  - The host needs smtp-tui, as a package or as the one file C(smtp-tui.pyz).
options:
  path:
    description: A file with the settings, on the managed host. Needed without O(settings).
    type: path
  table:
    description: The table of the file, such as C(accounts.main.smtp).
    type: str
  settings:
    description:
      - Settings by key, as C(smtp-tui explain) lists them; they override those of the file.
      - They appear in the process list, so the password has an option of its own.
    type: dict
    default: {}
  password:
    description:
      - The password, instead of what the file says.
      - It appears in no log and no process list.
    type: str
  recipients:
    description: Addresses that the server must accept.
    type: list
    elements: str
    default: []
  sender:
    description: The sender, instead of the one in the settings. Needs O(recipients).
    type: str
  subject:
    description: Subject of a message to the recipients.
    type: str
  message:
    description: Text of a message to the recipients.
    type: str
  allow_clear_password:
    description: Send the password even over an unencrypted connection.
    type: bool
    default: false
  extra_seconds:
    description: Seconds for extra probes after a failure, which never send a password.
    type: float
    default: 3
  fail:
    description: Whether a check that fails is a failure of the task. Otherwise look at RV(ok).
    type: bool
    default: true
  executable:
    description: The program smtp-tui, by name or path.
    type: str
    default: smtp-tui
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
"""

EXAMPLES = r"""
- name: Mail can leave this host
  smtp_check:
    path: /etc/tickets/mail.toml

- name: The relay accepts the login, and mail to the postmaster
  smtp_check:
    settings:
      host: mail.example.org
      port: 587
      encryption: tls
      username: tickets@example.org
    password: "{{ vault_mail_password }}"
    recipients: [postmaster@example.org]

- name: See what is wrong, and go on
  smtp_check:
    path: /etc/tickets/mail.toml
    fail: false
  register: mail

- name: Report it
  ansible.builtin.debug:
    msg: "{{ mail.summary }} {{ mail.to_do }}"
  when: not mail.ok
"""

RETURN = r"""
ok:
  description: Whether the check passed.
  type: bool
  returned: always
stage:
  description: The stage that failed, or the last one, such as V(tls) or V(auth).
  type: str
  returned: when the check ran
cause:
  description: The id of the cause, such as V(auth-rejected); null if the check passed.
  type: str
  returned: when the check ran
summary:
  description: What happened, in words.
  type: str
  returned: when the check ran
to_do:
  description: What to do, in words; null if the check passed.
  type: str
  returned: when the check ran
verdict:
  description: The whole verdict, as C(smtp-tui check --json) prints it.
  type: dict
  returned: when the check ran
"""

ARGUMENTS = {
    "path": {"type": "path"},
    "table": {"type": "str"},
    "settings": {"type": "dict", "default": {}},
    "password": {"type": "str", "no_log": True},
    "recipients": {"type": "list", "elements": "str", "default": []},
    "sender": {"type": "str"},
    "subject": {"type": "str"},
    "message": {"type": "str"},
    # Not passwords themselves, whatever their names make Ansible think.
    "allow_clear_password": {"type": "bool", "default": False, "no_log": False},
    "extra_seconds": {"type": "float", "default": 3.0},
    "fail": {"type": "bool", "default": True},
    "executable": {"type": "str", "default": "smtp-tui"},
}
# What the task returns besides the whole verdict.
RETURNED = ("ok", "stage", "cause", "summary", "to_do")


def main() -> None:
    """Run the check, and end the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_one_of=[("path", "settings")],
        required_by={"table": "path", "sender": "recipients"},
    )
    values = module.params
    sends = values["subject"] is not None or values["message"] is not None
    if sends and not values["recipients"]:
        module.fail_json(msg="subject and message need recipients", ok=False)
    if "password" in values["settings"]:
        # Other users could read it in the process list.
        module.fail_json(msg="set the option password, not settings.password", ok=False)
    program = module.get_bin_path(values["executable"])
    if program is None:
        message = f"{values['executable']} is not on this host: install smtp-tui, or set executable"
        module.fail_json(msg=message, ok=False)
    sends = sends and not module.check_mode
    command = [program, *words_of(values, sends=sends)]
    status, out, err = module.run_command(command, data=values["password"], binary_data=False)
    verdict = verdict_in(out)
    if verdict is None:
        module.fail_json(msg=err.strip() or f"smtp-tui ended with status {status}", ok=False)
    result = {name: verdict[name] for name in RETURNED}
    result |= {"verdict": verdict, "changed": sends and bool(verdict["ok"])}
    for warning in verdict["warnings"]:
        module.warn(f"smtp-tui: {warning}")
    if values["fail"] and not verdict["ok"]:
        text = " ".join(filter(None, (verdict["summary"], verdict["why"], verdict["to_do"])))
        module.fail_json(msg=text, **result)
    module.exit_json(**result)


def words_of(values: dict, *, sends: bool) -> list[str]:
    """Return the arguments of the program; `sends` whether it sends a message."""
    words = ["send" if sends else "check", "--json", "--quiet"]
    if values["path"] is not None:
        words.append(values["path"])
    if values["table"] is not None:
        words += ["--table", values["table"]]
    for key, value in values["settings"].items():
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        words += ["--set", f"{key}={shown}"]
    if values["password"] is not None:
        words.append("--password-stdin")
    if values["allow_clear_password"]:
        words.append("--allow-clear-password")
    words += ["--extra", f"{values['extra_seconds']:g}"]
    if values["sender"] is not None:
        words += ["--from", values["sender"]]
    if values["recipients"]:
        words += ["--to", *values["recipients"]]
    if sends:
        words += ["--subject", values["subject"]] if values["subject"] is not None else []
        words += ["--body", values["message"] or "A test message by Ansible."]
    return words


def verdict_in(out: str) -> dict | None:
    """Return the verdict, which is the last line that the program prints; None without one."""
    lines = out.splitlines()
    try:
        verdict = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    is_verdict = isinstance(verdict, dict) and verdict.get("event") == "verdict"
    return verdict if is_verdict else None


if __name__ == "__main__":
    main()
