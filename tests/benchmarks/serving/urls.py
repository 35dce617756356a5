"""The project's addresses, and the floor of the look-up: a bare Django view that reads the same row."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from golden_records.models import CustomerRecord
from mdm.urls import urlpatterns as project


def bare(request: HttpRequest, source: str, external_id: str) -> JsonResponse:
    """Read the row of a source record and answer with its canonical id: no key, no scope, no schema, no ETag."""
    del request
    record = CustomerRecord.objects.get(source__code=source, external_id=external_id)
    return JsonResponse({"canonical_id": record.golden_id})


urlpatterns = [path("bare/<str:source>/customer/<path:external_id>", bare), *project]
