"""Giving the file of a report to a browser or a program."""

from collections.abc import Iterable
from typing import Final

from django.http import StreamingHttpResponse

from matching.models import ReportFormat, ReportJob
from matching.reports.writers import MEDIA_TYPES

_PRIVATE: Final = "private, no-store"


def file_answer(job: ReportJob, content: Iterable[bytes]) -> StreamingHttpResponse:
    """Answer with a file: to be kept, but for the page, which is to be looked at."""
    answer = StreamingHttpResponse(content, content_type=MEDIA_TYPES[job.format])
    name = f"mdm-{job.report}-{job.created_at:%Y%m%d-%H%M}.{job.format}"
    how = "inline" if job.format == ReportFormat.HTML else "attachment"
    answer.headers["Content-Disposition"] = f'{how}; filename="{name}"'
    answer.headers["Content-Length"] = str(job.size)
    answer.headers["Cache-Control"] = _PRIVATE
    return answer
