"""What a page of something done by hand says where it takes two stewards, and who does it alone all the same."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from golden_records.entities import EntityType
from matching import four_eyes


def takes_two(request: HttpRequest, entity: EntityType, golden_ids: Collection[UUID]) -> dict[str, Any]:
    """Say which rule covers these golden records, if one does, and whether whoever asks may overrule it."""
    return {"rule": four_eyes.over(entity.name, golden_ids), "may_overrule": request.user.has_perm(four_eyes.MAY_OVERRULE)}


def overrules(request: HttpRequest) -> bool:
    """Whether whoever sent a form may do alone what takes two, and said so."""
    return request.POST.get("alone") == "yes" and bool(request.user.has_perm(four_eyes.MAY_OVERRULE))
