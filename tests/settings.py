"""The settings of a test run: the project's own, made fast and shut off from any installation on this machine."""

import os

from mdm.settings import *  # noqa: F403
from mdm.settings import DATABASES, MDM_DATA_DIR

DATABASE = DATABASES["default"]
if DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    # A file, as in real life: threads and worker processes see one database, and locks are real.
    DATABASE["TEST"] = {"NAME": str(MDM_DATA_DIR / "test.sqlite3")}
    DATABASE["OPTIONS"] = DATABASE["OPTIONS"] | {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# WhiteNoise finds static files where they are instead of where `collectstatic` would put them.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True

# A task runs in the caller, unless a test starts a real worker.
CELERY_TASK_ALWAYS_EAGER = os.environ.get("CELERY_EAGER", "1") == "1"
