"""What blocking did in a run is kept with it."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the study of a run's blocking rules; runs of before have none."""

    dependencies: ClassVar = [("matching", "0001_initial")]

    operations: ClassVar = [
        migrations.AddField("matchrun", "blocking", models.JSONField(default=dict, verbose_name="blocking")),
    ]
