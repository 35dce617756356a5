"""The data dictionary: what is known of a customer and of a project, as typed columns.

Source records and golden records share these columns, so that survivorship goes from column to column.
"""

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from golden_records import attributes
from golden_records.attributes import PERSONAL, Traits

ADDRESS = Traits(personal=True, group="address")
SATISFACTION = Traits(bounds=(Decimal(0), Decimal(10)))
AMOUNT = Traits(bounds=(Decimal(0), None))


class CustomerKind(models.TextChoices):
    """Whether a customer is a firm or a human being."""

    ORGANISATION = "organisation", _("organisation")
    PERSON = "person", _("person")


class CustomerAttributes(models.Model):
    """What is known of a customer, organisation or person."""

    entity_name: ClassVar = "customer"

    kind = attributes.choice(_("kind"), choices=CustomerKind.choices, standardiser="kind")
    legal_name = attributes.text(_("legal name"), standardiser="organisation_name")
    trade_name = attributes.text(_("trade name"), standardiser="organisation_name")
    legal_form = attributes.text(_("legal form"), standardiser="legal_form", max_length=60)
    given_name = attributes.text(_("given name"), standardiser="given_name", max_length=120, traits=PERSONAL)
    family_name = attributes.text(_("family name"), standardiser="family_name", max_length=120, traits=PERSONAL)
    birth_date = attributes.date(_("birth date"), traits=PERSONAL)
    registration_id = attributes.text(_("registration id"), standardiser="registration_id", max_length=40)
    vat_id = attributes.text(_("VAT id"), standardiser="vat_id", max_length=20)
    lei = attributes.text(_("LEI"), standardiser="lei", max_length=20)
    email = attributes.text(_("e-mail"), standardiser="email", max_length=254, traits=PERSONAL)
    phone = attributes.text(_("phone"), standardiser="phone", max_length=40, traits=PERSONAL)
    website = attributes.text(_("website"), standardiser="website")
    address_lines = attributes.text(_("address"), standardiser="address_lines", max_length=500, traits=ADDRESS)
    postcode = attributes.text(_("postcode"), standardiser="postcode", max_length=20, traits=ADDRESS)
    city = attributes.text(_("city"), standardiser="city", max_length=120, traits=ADDRESS)
    country = attributes.text(_("country"), standardiser="country", max_length=2, traits=ADDRESS)
    industry = attributes.text(_("industry"), max_length=120)
    segment = attributes.text(_("segment"), max_length=60)
    parent = attributes.text(_("parent"), standardiser="source_id", max_length=200, traits=Traits(refers_to="customer"))
    status = attributes.text(_("status"), standardiser="status", max_length=40)
    satisfaction = attributes.number(_("satisfaction"), digits=4, traits=SATISFACTION)

    class Meta:
        abstract = True


class ProjectAttributes(models.Model):
    """What is known of a project."""

    entity_name: ClassVar = "project"

    code = attributes.text(_("code"), standardiser="code", max_length=80)
    title = attributes.text(_("title"), traits=Traits(required=True))
    customer = attributes.text(
        _("customer"),
        standardiser="source_id",
        max_length=200,
        traits=Traits(refers_to="customer"),
    )
    status = attributes.text(_("status"), standardiser="status", max_length=40)
    start_date = attributes.date(_("start date"))
    end_date = attributes.date(_("end date"))
    manager = attributes.text(_("manager"), standardiser="person_name", max_length=200, traits=PERSONAL)
    currency = attributes.text(_("currency"), standardiser="currency", max_length=3)
    budget = attributes.number(_("budget"), traits=AMOUNT)

    class Meta:
        abstract = True


class ProjectFactAttributes(models.Model):
    """The figures of one project in one month; amounts in the project's currency, `period` the first of the month."""

    period = attributes.date(_("period"), traits=Traits(required=True))
    revenue = attributes.number(_("revenue"))
    invoiced = attributes.number(_("invoiced"))
    cost = attributes.number(_("cost"))
    hours_worked = attributes.number(_("hours worked"), digits=10, traits=AMOUNT)
    hours_billable = attributes.number(_("hours billable"), digits=10, traits=AMOUNT)
    hours_billed = attributes.number(_("hours billed"), digits=10, traits=AMOUNT)
    hours_available = attributes.number(_("hours available"), digits=10, traits=AMOUNT)

    class Meta:
        abstract = True
