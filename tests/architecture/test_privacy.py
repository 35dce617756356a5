"""Every table that can hold a value of a person is known to `golden_records.privacy`, which hands over and erases what is in it."""

from typing import Final

from django.apps import apps
from django.db import models

from golden_records import privacy
from golden_records.entities import ENTITIES
from golden_records.holders import history_of

OURS: Final = ("golden_records", "matching", "api", "mdm")
HOLDS_VALUES: Final = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.FileField)
# Tables of others, and why nothing of a customer comes into them. One that a new dependency brings fails until somebody has looked.
OTHERS: Final = {
    "account": "addresses of people who log in; none is ever kept",
    "admin": "Django's log of forms; what is written here about customers goes through functions of the domain, and no form",
    "auth": "people who log in, and their rights",
    "axes": "who tried to log in",
    "contenttypes": "the names of tables",
    "django_celery_beat": "when tasks run",
    "mfa": "second factors of people who log in, encrypted",
    "oauth2_provider": "programs that log in",
    "socialaccount": "what the provider says of people who sign in by it",
    "sessions": "who is logged in, and which question was answered last",
}


def _holding_values() -> set[type[models.Model]]:
    return {model for model in apps.get_models() if any(isinstance(field, HOLDS_VALUES) for field in model._meta.concrete_fields)}


def _held() -> set[type[models.Model]]:
    return {model for holder in privacy.holders() for model in holder.models}


def test_every_table_that_can_hold_a_value_has_a_holder_or_a_reason_why_it_holds_none() -> None:
    ours = {model for model in _holding_values() if model._meta.app_label in OURS}
    assert {model.__name__ for model in ours - _held() - privacy.holding_none().keys()} == set()


def test_no_table_is_said_both_to_hold_values_and_to_hold_none() -> None:
    assert {model.__name__ for model in _held() & privacy.holding_none().keys()} == set()
    assert all(privacy.holding_none().values())


def test_the_tables_of_others_were_looked_at() -> None:
    others = {model._meta.app_label for model in _holding_values()} - set(OURS)
    assert others - OTHERS.keys() == set()


def test_a_history_is_held_with_its_table() -> None:
    with_history = {model for model in apps.get_models() if hasattr(model, "history") and model._meta.app_label in OURS}
    told = _held() | privacy.holding_none().keys()
    assert {model.__name__ for model in with_history if (model in told) != (history_of(model) in told)} == set()


def test_golden_and_source_records_of_every_entity_type_are_held() -> None:
    tables = {model for entity in ENTITIES.values() for model in (entity.golden, entity.record)}
    assert tables <= _held()
