#!/usr/bin/env python3
"""A stand-in for systemctl: no systemd runs where these tests do.

It prints what $STAND_IN_SYSTEMCTL holds, as `systemctl show` prints the properties of services.
"""

import os
import sys

if sys.argv[1] != "show" or "--user" in sys.argv:
    sys.exit("Failed to connect to bus")
sys.stdout.write(os.environ["STAND_IN_SYSTEMCTL"])
