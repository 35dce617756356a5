"""The domain's errors: classes with a stable code and data. The domain knows no HTTP; `api/errors.py` translates."""

from typing import ClassVar


class MdmError(Exception):
    """Base of every error that a caller may meet; `code` is stable, `data` says about what, `remedy` what to do."""

    code: ClassVar[str] = "mdm_error"
    title: ClassVar[str] = "The request could not be carried out"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, remedy: str = "", **data: object) -> None:
        """Keep the message for people, the remedy, and the data for programs."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.data = data


class UnknownEntity(MdmError):
    """No entity type has this name."""

    code = "unknown_entity"
    title = "Unknown entity type"


class UnknownSource(MdmError):
    """No source system has this code."""

    code = "unknown_source"
    title = "Unknown source system"


class UnknownSourceRecord(MdmError):
    """The source has sent no record with this external id."""

    code = "unknown_source_record"
    title = "Unknown source record"


class UnknownGoldenRecord(MdmError):
    """No golden record ever had this canonical id."""

    code = "unknown_golden_record"
    title = "Unknown canonical id"


class Erased(MdmError):
    """It was there, and was erased for good at somebody's request."""

    code = "erased"
    title = "Erased"


class RejectedRecord(MdmError):
    """The record can't be taken as it is; `problems` names each field, value, reason and remedy."""

    code = "rejected_record"
    title = "The record was rejected"


class NoMapping(MdmError):
    """The source has no mapping for this entity type, so its own columns can't be read."""

    code = "no_mapping"
    title = "No mapping"


class UnreadableFile(MdmError):
    """A file can't be imported as a whole; the message says where it stopped and why."""

    code = "unreadable_file"
    title = "The file can't be read"


class StaleWrite(MdmError):
    """What the caller looked at has changed since."""

    code = "stale_write"
    title = "Changed in the meantime"


class Busy(MdmError):
    """A lock could not be had in time; the same request may be sent again."""

    code = "busy"
    title = "Busy, try again"
    retryable = True


class ForbiddenMerge(MdmError):
    """A steward's judgement keeps these golden records apart."""

    code = "forbidden_merge"
    title = "A judgement forbids this"


class NothingToUndo(MdmError):
    """The action was undone already, or later changes stand on it."""

    code = "nothing_to_undo"
    title = "Nothing to undo"
