"""How the tables of this package are narrowed for a limited person: added to those of `golden_records.limits`."""

from golden_records.limits import NARROWED, of_entity, on_pairs
from matching.models import CheckSample, Judgement, MatchConfigVersion, MatchRun, Proposal, QualityReport, ReviewTask

NARROWED.update(
    dict.fromkeys((ReviewTask, Judgement, Proposal), on_pairs)
    | dict.fromkeys((MatchRun, MatchConfigVersion, CheckSample, QualityReport), of_entity)
)
