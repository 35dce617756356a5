"""Match configs of another release: what was decided under them is still told, and matching goes on."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from matching import active_config, selectors
from matching.active_config import UnreadableConfig, config_version
from matching.core.config import parse_config
from matching.core.declarations import MatchConfig
from matching.models import MatchConfigVersion, MatchRun, ReviewTask
from tests.e2e.workplace import doubtful_pairs
from tests.factories import a_steward
from tests.matching.conftest import ACME, CUSTOMER, Submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def outdated(monkeypatch: pytest.MonkeyPatch) -> Callable[[MatchConfigVersion], None]:
    """Rewrite a stored version as a release would have left it whose comparators this one does not have."""

    def rewrite(row: MatchConfigVersion) -> None:
        model = active_config.config_version(row.pk).model
        document: dict[str, Any] = model.config.to_document()
        document["comparisons"]["phone"]["kind"] = "telephone of old"
        with monkeypatch.context() as patch:
            patch.setattr(MatchConfig, "to_document", lambda _: document)
            packed = model.to_bytes()
        MatchConfigVersion.objects.filter(pk=row.pk).update(document=document, model=packed)
        active_config._load.cache_clear()  # noqa: SLF001 - as another process would find it

    return rewrite


def test_the_page_of_a_task_shows_what_was_stored(client: Client, outdated: Callable[[MatchConfigVersion], None]) -> None:
    steward: User = a_steward()
    task: ReviewTask = doubtful_pairs(1)[0]
    before = selectors.explanation_of(task.decision)
    outdated(task.decision.config)
    with pytest.raises(UnreadableConfig):
        config_version(task.decision.config_id)
    after = selectors.explanation_of(task.decision)
    assert after.config_version == before.config_version
    assert after.explanation[-1].bits == pytest.approx(before.explanation[-1].bits, abs=0.01)
    client.force_login(steward)
    page = client.get(reverse("admin:matching_reviewtask_change", args=(task.pk,)))
    assert page.status_code == 200
    strongest = max(before.explanation[1:-1], key=lambda step: step.bits)
    assert strongest.words.split(":")[0][1:] in page.content.decode()


def test_a_record_is_matched_although_the_config_in_force_can_not_be_read(
    submitted: Submit, outdated: Callable[[MatchConfigVersion], None]
) -> None:
    first = submitted("crm", "1", **ACME)
    old = MatchConfigVersion.objects.get(entity="customer", is_active=True)
    outdated(old)
    assert submitted("erp", "K100", **ACME).canonical_id == first.canonical_id
    now = MatchConfigVersion.objects.get(entity="customer", is_active=True)
    assert now.version == f"{old.version}.2"


def test_a_config_that_was_changed_without_a_new_number_gets_a_version_of_its_own(
    submitted: Submit, matched: Callable[[], MatchRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted("crm", "1", **ACME)
    changed = active_config.shipped_config(CUSTOMER).to_document() | {"pairs_per_record": 0.125}
    with monkeypatch.context() as patch:
        patch.setattr(active_config, "shipped_config", lambda _: parse_config(changed))
        active_config.activate(CUSTOMER, active_config.unlearned_model(CUSTOMER), label="shipped")
    assert active_config.active_config(CUSTOMER).config.pairs_per_record == 0.125
    matched()
    assert active_config.active_config(CUSTOMER).config.pairs_per_record != 0.125
    assert MatchConfigVersion.objects.count() == 2
