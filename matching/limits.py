"""How the tables of this package are narrowed for a limited person: added to those of `golden_records.limits`."""

from golden_records.limits import NARROWED, of_entity, on_pairs
from matching.models import Judgement, MatchConfigVersion, MatchRun, ReviewTask

NARROWED.update({ReviewTask: on_pairs, Judgement: on_pairs, MatchRun: of_entity, MatchConfigVersion: of_entity})
