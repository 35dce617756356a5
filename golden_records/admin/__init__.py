"""The admin's pages of golden records and what they are made of; Django finds them here."""

from golden_records.admin import audit, changes, golden, imports, limiting, people, quarantine, sources, webhooks

__all__ = ["audit", "changes", "golden", "imports", "limiting", "people", "quarantine", "sources", "webhooks"]
