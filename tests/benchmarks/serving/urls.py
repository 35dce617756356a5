"""The project's addresses, and the floors of the benchmarks: bare Django views that read, and that write, one row."""

import json

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from golden_records.models import CustomerRecord, SourceSystem
from mdm.urls import urlpatterns as project


def bare(request: HttpRequest, source: str, external_id: str) -> JsonResponse:
    """Read the row of a source record and answer with its canonical id: no key, no scope, no schema, no ETag."""
    del request
    record = CustomerRecord.objects.get(source__code=source, external_id=external_id)
    return JsonResponse({"canonical_id": record.golden_id})


@csrf_exempt
@transaction.atomic
def bare_put(request: HttpRequest, source: str, external_id: str) -> JsonResponse:
    """Store one row with its history, as django-simple-history does it: nothing is checked, standardised or matched."""
    attributes, now = json.loads(request.body)["attributes"], timezone.now()
    stored = {"payload": attributes, "fingerprint": "", "received_at": now, "updated_at": now, **attributes}
    system = SourceSystem.objects.get(code=source)
    record, is_new = CustomerRecord.objects.update_or_create(source=system, external_id=external_id, defaults=stored)
    return JsonResponse({"id": record.pk}, status=201 if is_new else 200)


urlpatterns = [
    path("bare/put/<str:source>/customer/<path:external_id>", bare_put),
    path("bare/<str:source>/customer/<path:external_id>", bare),
    *project,
]
