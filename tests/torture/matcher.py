"""A worker in a process of its own, which matches the records that wait, one after the other, until none is left."""

import django

django.setup()

from golden_records.entities import entity_type  # noqa: E402  # Django must be set up first
from matching.waiting import match_all_waiting  # noqa: E402


def main() -> None:
    """Match until nobody waits."""
    customer = entity_type("customer")
    while match_all_waiting(customer, seconds=60):
        pass


if __name__ == "__main__":
    main()
