"""The OpenAPI schema: the key as a security scheme, problem documents as answers, and the pages that serve both."""

from collections.abc import Mapping
from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework import serializers

from api.dictionary import serializer
from api.problems import CONTENT_TYPE

Responses = dict[Any, Any]

WHEN: Final[Mapping[int, str]] = {
    400: "The request does not have the shape that this schema asks for; `errors` names each place.",
    401: "No key, or one that is unknown or revoked.",
    403: "The key lacks the scope, or is bound to another source system.",
    404: "Nothing has this name or id.",
    406: "The answer would be JSON, which the caller does not accept.",
    409: "Something else is there or under way already: `code` says what; with `Retry-After`, the same request may be sent again.",
    410: "It was erased, for good; or the feed does not have what the cursor stands for. `code` says which.",
    411: "The body comes without `Content-Length`, in chunks.",
    412: "What would be done is no longer what the preview showed; nothing is done. Look at the preview again.",
    413: "The body is larger than 1 MiB.",
    415: "The body is not JSON.",
    422: "The record can't be taken; it waits in quarantine, as `quarantined_row`, until it is mended.",
    500: "A bug; the logs have it under the id in `instance`.",
    503: "Busy, or the database is away; send the same request again as `Retry-After` says.",
}
ALWAYS: Final = (401, 403, 406, 500, 503)
UNCHANGED: Final = OpenApiResponse(description="The caller has it already.")
IF_NONE_MATCH: Final = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="The `ETag` of an answer that is held.")


PROBLEM_ERROR: Final = serializer(
    "ProblemError",
    "What is wrong at one place of the request.",
    pointer=serializers.CharField(help_text="A JSON Pointer into the body, or the name of a parameter."),
    code=serializers.CharField(help_text="Stable; for programs."),
    detail=serializers.CharField(help_text="For people."),
    value=serializers.CharField(allow_null=True, help_text="What was sent, as text, cut to 200 characters."),
    remedy=serializers.CharField(help_text="What to do."),
)

PROBLEM: Final = serializer(
    "Problem",
    "A problem document (RFC 9457).",
    type=serializers.CharField(help_text="A URI reference: `/problems/` and the code."),
    title=serializers.CharField(help_text="The kind of problem, for people."),
    status=serializers.IntegerField(help_text="The HTTP status."),
    detail=serializers.CharField(help_text="This very problem, for people."),
    code=serializers.CharField(help_text="Stable; for programs."),
    remedy=serializers.CharField(help_text="What to do."),
    instance=serializers.CharField(allow_null=True, help_text="`/requests/` and the id of this request, as in `X-Request-ID`."),
    errors=PROBLEM_ERROR(many=True, help_text="Each place of the request that is wrong."),
    quarantined_row=serializers.IntegerField(required=False, help_text="With `rejected_record`: where the record waits."),
    scope=serializers.CharField(required=False, help_text="With `insufficient_scope`: the scope that the key lacks."),
    loop=serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        help_text="With `hierarchy_loop`: the golden records on it, one first and last.",
    ),
)


def problems(*statuses: int) -> Responses:
    """Declare the problem documents that an operation may answer, beside those that every operation may."""
    declared = sorted({*statuses, *ALWAYS})
    return {(status, CONTENT_TYPE): OpenApiResponse(PROBLEM, description=WHEN[status]) for status in declared}


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular has no types
    """Tells the schema what `ApiKeyAuthentication` reads."""

    target_class = "api.auth.ApiKeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """Give the security scheme."""
        del auto_schema
        return {"type": "http", "scheme": "bearer", "description": "A key made by `manage.py create_api_key`."}


class SchemaView(SpectacularAPIView):
    """The schema of this version, open to all: it says how to ask, and nothing of what is known."""

    authentication_classes = ()


class DocsView(SpectacularSwaggerView):
    """The schema as a page to read and to try; all its files are served from here."""

    authentication_classes = ()
