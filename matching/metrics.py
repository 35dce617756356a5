"""What the service counts while it matches, for Prometheus. Labels are names of the project's own: never a value of a record."""

from typing import Final

from prometheus_client import Counter, Histogram

RECORDS: Final = Counter("mdm_records", "Source records that were taken in and matched one by one.", ("entity", "outcome"))
MATCH_SECONDS: Final = Histogram(
    "mdm_match_seconds",
    "Seconds from a record's arrival in the request to its canonical id.",
    ("entity",),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
RETRIES: Final = Counter("mdm_transaction_retries", "Transactions that were begun again.", ("reason",))
REFUSED: Final = Counter("mdm_transactions_refused", "Transactions that could not be had in time: the caller was told to come again.")
COMMON_KEYS: Final = Counter("mdm_common_keys", "Blocking keys that became too common to bring candidates.", ("entity", "rule"))
