"""The admin's pages of golden records and what they are made of; Django finds them here."""

from django.contrib import admin

from golden_records.admin import audit, changes, golden, imports, limiting, people, quarantine, sources, webhooks

__all__ = ["audit", "changes", "golden", "imports", "limiting", "people", "quarantine", "sources", "webhooks"]

admin.site.login_template = "golden_records/admin/login.html"
