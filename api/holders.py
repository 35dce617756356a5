"""Why the tables of this package hold nothing of a person."""

from api.models import ApiKey, IdempotencyKey
from golden_records.holders import with_history
from golden_records.privacy import register

register(
    without=dict.fromkeys(with_history([ApiKey]), "it is a program's key")
    | {IdempotencyKey: "what was asked is kept as a keyed digest, and the answers that are kept hold no values: a test looks at the schema"}
)
