"""The audit log: what people and programs did besides changing golden records, chained so that nobody can rewrite it.

Changes of golden records are `ChangeEvent`s, which have a chain of their own.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditAction(models.TextChoices):
    """What was done. READ: personal data was given to a program. REFUSED: somebody was not let in."""

    CREATED = "created", _("created")
    CHANGED = "changed", _("changed")
    DELETED = "deleted", _("deleted")
    READ = "read", _("read")
    SIGNED_IN = "signed_in", _("signed in")
    SIGNED_OUT = "signed_out", _("signed out")
    REFUSED = "refused", _("refused")


class AuditEntry(models.Model):
    """One thing that somebody did, written by `golden_records.auditing` in the transaction of what was done, never changed after.

    `kind` is what it was done to: an entity type, or the name of a table as people read it; `subject` is its own id there, and
    `golden_ids` are the golden records that it concerns. `attributes` names what was read or is told in `content`.

    An erasure empties `subject`, `content`, `reason` and `salt`: the chain verifies without them.
    """

    at = models.DateTimeField(_("at"))
    actor = models.CharField(_("actor"), max_length=200)
    action = models.CharField(_("action"), max_length=10, choices=AuditAction.choices)
    kind = models.CharField(_("kind"), max_length=60)
    subject = models.CharField(_("subject"), max_length=250, null=True)
    golden_ids = models.JSONField(_("golden records"), null=True)
    attributes = models.JSONField(_("attributes"), null=True)
    content = models.JSONField(_("content"), null=True)
    reason = models.TextField(_("reason"), null=True)
    correlation_id = models.CharField(_("correlation id"), max_length=40)
    salt = models.CharField(max_length=32, null=True, editable=False)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("actor", "-id"), name="audit_of_an_actor"),
            models.Index(fields=("kind", "-id"), name="audit_of_a_kind"),
            models.Index(fields=("action", "-id"), name="audit_of_an_action"),
        )

    def __str__(self) -> str:
        """Say who did what to what."""
        return f"{self.actor} {self.get_action_display()} {self.kind} {self.subject or ''}".rstrip()


class UnsealedEntry(models.Model):
    """That an entry waits for its place in the chain: a row comes with the entry and goes when it is sealed."""

    # No constraint: what would be checked at each write is written in the same statement.
    entry = models.OneToOneField(AuditEntry, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="+")

    class Meta:
        verbose_name = _("entry to be sealed")
        verbose_name_plural = _("entries to be sealed")

    def __str__(self) -> str:
        """Name the entry."""
        return str(self.entry_id)


class AuditSeal(models.Model):
    """The place of an entry in the audit log, without gaps from 1 on, and its link in the chain. Only ever inserted, by one sealer."""

    seq = models.BigIntegerField(_("place"), primary_key=True)
    entry = models.OneToOneField(AuditEntry, models.PROTECT, related_name="seal", verbose_name=_("entry"))
    digest = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField(_("sealed"))

    class Meta:
        verbose_name = _("audit seal")
        verbose_name_plural = _("audit seals")
        ordering = ("seq",)

    def __str__(self) -> str:
        """Name the place."""
        return str(self.seq)
