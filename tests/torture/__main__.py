"""`python -m tests.torture [--short] [--minutes N] [--check NAME ...] [--report FILE]`: what must not break, under what breaks things.

Starts a PostgreSQL and a broker of its own, whatever `DATABASE_URL` says: every check empties its database. Runs the checks of
`tests.torture.table` on them one after the other; after each, everything that must always hold is verified. Ends with 1 at the first
offence, and the report then says what was found so far.
"""

import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from mdm.embedded import postgres, processes, valkey


def main() -> int:
    """Run the checks in a process of their own, which finds the servers in its environment."""
    with tempfile.TemporaryDirectory(prefix="mdm-torture-") as name, postgres.running() as url:
        folder = Path(name)
        broker = valkey.configure(folder, port=processes.free_port())
        (folder / "static").mkdir()
        environment = os.environ | {
            "DATABASE_URL": url,
            "REDIS_URL": broker.url,
            "DJANGO_SETTINGS_MODULE": "mdm.settings",
            "MDM_DATA_DIR": name,
            "SECRET_KEY": secrets.token_hex(),
            "SWEEP_SECONDS": "1",
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
        }
        environment.pop("CELERY_EAGER", None)
        for command in (["-m", "django", "migrate", "--verbosity", "0"], ["-m", "tests.torture.run", *sys.argv[1:]]):
            code = subprocess.run([sys.executable, *command], env=environment, check=False).returncode
            if code:
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
