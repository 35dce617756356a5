"""A job may be a call with many records, of any source, and has a name outside."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

import golden_records.models.golden


def name_jobs(apps: Any, schema_editor: Any) -> None:
    """Give each job that is there its own name."""
    jobs = apps.get_model("golden_records", "ImportJob")
    for job in jobs.objects.using(schema_editor.connection.alias).filter(public_id=None).only("pk").iterator():
        job.public_id = golden_records.models.golden.new_canonical_id()
        job.save(update_fields=["public_id"])


class Migration(migrations.Migration):
    """Three steps for the name: none, one each, unique."""

    dependencies: ClassVar = [("golden_records", "0003_change_events")]

    operations: ClassVar = [
        migrations.AddField("importjob", "refused", models.PositiveBigIntegerField(default=0, verbose_name="refused")),
        migrations.AddField("importjob", "public_id", models.UUIDField(null=True, editable=False, verbose_name="id")),
        migrations.RunPython(name_jobs, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            "importjob",
            "public_id",
            models.UUIDField(default=golden_records.models.golden.new_canonical_id, editable=False, unique=True, verbose_name="id"),
        ),
        migrations.AlterField("importjob", "entity", models.CharField(blank=True, max_length=30, verbose_name="entity type")),
        migrations.AlterField("importjob", "file_digest", models.CharField(blank=True, max_length=64, verbose_name="file digest")),
        migrations.AlterField(
            "importjob",
            "source",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="imports",
                to="golden_records.sourcesystem",
            ),
        ),
    ]
