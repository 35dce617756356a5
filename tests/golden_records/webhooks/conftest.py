"""A receiver to which webhooks may be sent."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from tests.golden_records.webhooks.receiver import ALLOWED, Receiver, receiving


@pytest.fixture(autouse=True)
def _receiver_is_allowed() -> Iterator[None]:
    with override_settings(WEBHOOK_ALLOWED_NETWORKS=[f"{ALLOWED}/32"]):
        yield


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening
