"""The project's settings, with the bare view of the look-up benchmark beside its addresses."""

from mdm.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.serving.urls"
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
