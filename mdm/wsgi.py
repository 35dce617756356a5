"""The WSGI callable that the web server runs."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mdm.settings")

application = get_wsgi_application()

# What is loaded by now is there for good: looking through it for garbage every few hundred objects took a tenth of the time of a
# request. What requests make is mostly freed at once, without the collector.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 10, 10)
