"""The addresses of the API below /api/v1: those of every entity type come out of the registry."""

from typing import Any

from django.urls import URLPattern, path, re_path

from api.schema import DocsView, SchemaView
from api.v1.changes import ChangesView
from api.v1.confirmations import confirmation_routes
from api.v1.cross_references import ResolveView
from api.v1.erasures import erasure_view
from api.v1.golden_records import golden_record_view, golden_records_view
from api.v1.hierarchy import hierarchy_routes
from api.v1.jobs import JobView
from api.v1.match_explanations import MatchExplanationsView
from api.v1.overrides import OverrideEndView, OverridesView, OverrideView, golden_overrides_view
from api.v1.project_facts import ProjectFactsView
from api.v1.regroupings import routes as regrouping_routes
from api.v1.reports import ReportFileView, ReportJobsView, ReportJobView, ReportsView, ReportView
from api.v1.source_records import UnknownEntityView, source_record_view
from api.v1.source_stream import SourceRecordsView
from api.v1.webhook_subscriptions import (
    WebhookDeadLettersView,
    WebhookDeliveriesView,
    WebhookReplayView,
    WebhookSecretView,
    WebhooksView,
    WebhookTestView,
    WebhookView,
)
from api.views import UnknownAddress
from golden_records.entities import ENTITIES, EntityType


def _routes_of(entity: EntityType) -> list[URLPattern]:
    record: Any = source_record_view(entity)
    golden: Any = golden_record_view(entity)
    goldens: Any = golden_records_view(entity)
    erasure: Any = erasure_view(entity)
    overrides: Any = golden_overrides_view(entity)
    return [
        path(f"source-records/<str:source>/{entity.name}/<path:external_id>", record.as_view(), name=f"{entity.name}-record"),
        path(entity.plural, goldens.as_view(), name=entity.plural),
        path(f"{entity.plural}/<uuid:canonical_id>", golden.as_view(), name=entity.name),
        path(f"{entity.plural}/<uuid:canonical_id>/erasure", erasure.as_view(), name=f"{entity.name}-erasure"),
        path(f"{entity.plural}/<uuid:canonical_id>/overrides", overrides.as_view(), name=f"{entity.name}-overrides"),
        *confirmation_routes(entity),
        *hierarchy_routes(entity),
    ]


urlpatterns = [
    *(route for entity in ENTITIES.values() for route in _routes_of(entity)),
    path("source-records", SourceRecordsView.as_view(), name="source-records"),
    path("jobs/<uuid:job_id>", JobView.as_view(), name="job"),
    path("source-records/<str:source>/<str:entity>/<path:external_id>", UnknownEntityView.as_view(), name="unknown-entity"),
    path("projects/<uuid:canonical_id>/facts", ProjectFactsView.as_view(), name="project-facts"),
    path("cross-references/resolve", ResolveView.as_view(), name="resolve-cross-references"),
    path("overrides", OverridesView.as_view(), name="overrides"),
    path("overrides/<uuid:override_id>", OverrideView.as_view(), name="override"),
    path("overrides/<uuid:override_id>/end", OverrideEndView.as_view(), name="end-override"),
    *regrouping_routes(),
    path("reports", ReportsView.as_view(), name="reports"),
    path("reports/<str:name>", ReportView.as_view(), name="report"),
    path("report-jobs", ReportJobsView.as_view(), name="report-jobs"),
    path("report-jobs/<uuid:job_id>", ReportJobView.as_view(), name="report-job"),
    path("report-jobs/<uuid:job_id>/file", ReportFileView.as_view(), name="report-file"),
    path("changes", ChangesView.as_view(), name="changes"),
    path("match-explanations", MatchExplanationsView.as_view(), name="match-explanations"),
    path("webhook-subscriptions", WebhooksView.as_view(), name="webhooks"),
    path("webhook-subscriptions/<uuid:webhook_id>", WebhookView.as_view(), name="webhook"),
    path("webhook-subscriptions/<uuid:webhook_id>/rotate-secret", WebhookSecretView.as_view(), name="webhook-secret"),
    path("webhook-subscriptions/<uuid:webhook_id>/test", WebhookTestView.as_view(), name="webhook-test"),
    path("webhook-subscriptions/<uuid:webhook_id>/deliveries", WebhookDeliveriesView.as_view(), name="webhook-deliveries"),
    path("webhook-subscriptions/<uuid:webhook_id>/dead-letters", WebhookDeadLettersView.as_view(), name="webhook-dead-letters"),
    path("webhook-subscriptions/<uuid:webhook_id>/dead-letters/<int:letter_id>/replay", WebhookReplayView.as_view(), name="webhook-replay"),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view(url_name="schema"), name="docs"),
    re_path("", UnknownAddress.as_view(), name="unknown-address"),
]
