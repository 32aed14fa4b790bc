"""The files of applications are found in their usual places, and their neighbours are not."""

from __future__ import annotations

from pathlib import Path

from smtp_tui.survey.scan import scan_machine
from tests.interchange.inplace.files import FILES
from tests.interchange.samples_applications import APPLICATIONS
from tests.survey.box import write

# Where an admin has the first sample of each format; by their names, or as variables.
PLACES = {
    "authentik": "opt/authentik/.env",
    "paperless": "srv/paperless/docker-compose.env",
    "n8n": "root/n8n/.env",
    "outline": "opt/outline/.env",
    "supabase": "opt/supabase/docker/.env",
    "plausible": "opt/plausible/plausible-conf.env",
    "metabase": "etc/metabase.env",
    "ghost": "srv/blog/.env",
    "discourse": "var/discourse/containers/app.yml",
    "discourse-conf": "var/www/discourse/config/discourse.conf",
    "symfony": "var/www/shop/.env.local",
    "meteor": "etc/default/rocketchat",
    "gitlab": "etc/gitlab/gitlab.rb",
    "nextcloud-config": "var/www/nextcloud/config/config.php",
    "grafana": "opt/grafana/.env",
    "gitea": "opt/forgejo/stack.env",
}


def test_each_is_found_in_its_place(tmp_path: Path) -> None:
    hosts = {}
    for name, place in PLACES.items():
        sample = next(one for one in APPLICATIONS if one.format == name)
        write(tmp_path / place, sample.text)
        hosts[name] = sample.values["host"]
    found = {row.found.format: str(row.values["host"]) for row in scan_machine([tmp_path]).found}
    assert found == hosts


NEIGHBOURS = {
    "etc/gitlab/puma.rb": "# gitlab_rails['smtp_address'] = 'a.example'\nport ENV['SMTP_PORT']\n",
    "etc/gitlab/template/gitlab.rb": "# gitlab_rails['smtp_enable'] = true\n",
    "var/www/wp/config.php": "<?php\ndefine('SMTP_HOST', 'a.example');\n$CONFIG['mail'] = 1;\n",
    "var/www/cake/config/app.config.php": "<?php\nreturn ['mail_smtphost' => 'a.example'];\n",
    "etc/other/discourse.conf": "# smtp_address = a.example\nhostname = x\n",
    "etc/other/app.yml": "env:\n  # DISCOURSE_SMTP_ADDRESS: a.example\n  OTHER: smtp\n",
    "srv/other/.env": "MAILER_DSN_EXAMPLE=smtp://a.example\nMAIL_URLS=x\nGF_SERVER_HOST=smtp\n",
    "srv/worse/.env": "GITEA__database__HOST=mail.example\nN8N_HOST=smtp.example\n",
}


def test_neighbours_are_not_taken_for_them(tmp_path: Path) -> None:
    for place, text in NEIGHBOURS.items():
        write(tmp_path / place, text)
    assert scan_machine([tmp_path]).found == ()


def test_what_is_changed_in_place_is_what_scan_finds(tmp_path: Path) -> None:
    for name, text in FILES.items():
        write(tmp_path / name.replace(".", "-") / name, text)
    found = {Path(str(row.places[0])).name for row in scan_machine([tmp_path]).found}
    assert found == set(FILES)
