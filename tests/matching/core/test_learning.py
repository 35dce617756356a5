"""Learning without labels: what many pairs have in common is not taken for what matches have in common."""

import numpy as np

from matching.core.autoconfig import config_for
from matching.core.config import MatchConfig
from matching.core.decide import Outcome
from matching.engines.local import match
from tests.matching.core.conftest import Record, table

GIVEN = ("Anna", "Bruno", "Claire", "David", "Emma", "Felix", "Greta", "Hugo", "Irene", "Jonas")
SYLLABLES = ("bar", "cor", "del", "fau", "gar", "lan", "mor", "nel", "per", "rou", "sal", "tor", "ver", "zan")


def households(number: int) -> list[Record]:
    """Make households of two people with one telephone, one of whom is there twice in every third."""
    chance = np.random.default_rng(5)
    found: list[Record] = []
    for house in range(number):
        one, other = chance.choice(GIVEN, 2, replace=False)
        shared = {
            "kind": "person", "family_name": "".join(chance.choice(SYLLABLES, 3)).title(), "phone": f"+336{10_000_000 + house * 17}",
            "address_lines": f"{house % 90 + 1} rue {''.join(chance.choice(SYLLABLES, 2)).title()}", "postcode": f"{10_000 + house % 70}",
            "city": "".join(chance.choice(SYLLABLES, 2)).title(),
        }  # fmt: skip
        found += [{**shared, "given_name": str(one)}, {**shared, "given_name": str(other)}]
        if house % 3 == 0:
            found.append({**shared, "given_name": str(one)})
    return found


def test_households_are_not_learnt_as_matches(customer: MatchConfig) -> None:
    people = households(400)
    result = match(table(people), customer)
    place = [comparison.name for comparison in customer.comparisons].index("person_name")
    family_only = customer.comparisons[place].level_number("family_only")
    assert result.model.probabilities[:, 0, place, family_only].max() < 0.031
    merged = result.pairs.outcome == Outcome.MATCH
    pairs = zip(result.pairs.left[merged].tolist(), result.pairs.right[merged].tolist(), strict=True)
    same = [people[left]["given_name"] == people[right]["given_name"] for left, right in pairs]
    assert len(same) > 130
    assert all(same)


def yearly_contracts(customers: int) -> list[Record]:
    """Make two contracts of each customer, for years and of kinds that others have too, and every third contract twice."""
    kinds = [f"{what} {of}" for what in ("Maintenance", "Support", "Hosting") for of in ("ERP", "CRM", "payroll", "website", "stock")]
    found: list[Record] = []
    for customer in range(customers):
        for number in range(2):
            kind, year = kinds[(customer + number * 7) % len(kinds)], 2021 + customer % 4
            code, budget = (customer * 7_919 + number * 104_729) % 100_000, 10_000 + (137 * customer + 7_001 * number) % 20_000
            contract = {
                "code": f"P{code:05d}", "title": f"{kind} {year}", "customer_canonical_id": f"golden {customer}",
                "start_date": f"{year}-01-01", "end_date": f"{year}-12-31", "budget": str(budget),
            }  # fmt: skip
            found.append(contract)
            if customer % 3 == 0:
                found.append(contract)
    return found


def test_contracts_of_many_customers_for_one_year_are_not_learnt_as_matches(project: MatchConfig) -> None:
    contracts = yearly_contracts(150)
    result = match(table(contracts), project)
    place = [comparison.name for comparison in project.comparisons].index("golden_customer")
    assert result.model.probabilities[0, 0, place, 1] < 0.101
    likely = result.pairs.probability >= 0.5
    pairs = zip(result.pairs.left[likely].tolist(), result.pairs.right[likely].tolist(), strict=True)
    same = [contracts[left] == contracts[right] for left, right in pairs]
    assert len(same) == 100
    assert all(same)


def test_a_person_and_a_firm_at_one_address_are_not_one_in_a_table_that_nobody_described() -> None:
    chance = np.random.default_rng(3)
    records: list[Record] = []
    for house in range(300):
        where = {
            "street": f"{house % 90 + 1} rue {''.join(chance.choice(SYLLABLES, 3)).title()}",
            "postcode": f"{10_000 + house}", "city": "".join(chance.choice(SYLLABLES, 2)).title(),
        }  # fmt: skip
        person = {**where, "kind": "P", "first_name": str(chance.choice(GIVEN)), "last_name": "".join(chance.choice(SYLLABLES, 3)).title()}
        firm = {**where, "kind": "O", "org_name": "".join(chance.choice(SYLLABLES, 4)).title() + " SARL"}
        records += [person, firm] + ([person] if house % 2 else [firm])
    found = table(records).drop_columns(["id"])
    result = match(found, config_for(found, {}, "customer"))
    merged = result.pairs.outcome == Outcome.MATCH
    pairs = zip(result.pairs.left[merged].tolist(), result.pairs.right[merged].tolist(), strict=True)
    kinds = [(records[left]["kind"], records[right]["kind"]) for left, right in pairs]
    assert len(kinds) > 250
    assert all(one == other for one, other in kinds)
