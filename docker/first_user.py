"""Make the deployment's first user (entrypoint.sh prepare).

By Airflow's own command, within this process: among the arguments of one, everybody on the machine
could read the password. A user that is there already stays as it is, with the password that it has.
"""

import os
import sys
from pathlib import Path

from airflow.__main__ import main

secrets = Path(os.environ.get("SECRETS") or "/run/secrets")
user = {
    "role": "Admin",
    "username": os.environ.get("ADMIN_USER") or "admin",
    "password": (secrets / "admin_password").read_text(encoding="utf-8").strip(),
    "firstname": "Shouwang",
    "lastname": "Admin",
    "email": os.environ.get("ADMIN_EMAIL") or "admin@localhost",
}
sys.argv = [
    "airflow",
    "users",
    "create",
    *(word for name, said in user.items() for word in (f"--{name}", said)),
]
main()
