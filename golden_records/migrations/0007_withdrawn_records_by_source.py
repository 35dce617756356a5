"""An index of the records that are withdrawn: few among many, counted by source on the front page."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('golden_records', '0006_webhooks'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='customerrecord',
            index=models.Index(models.F('source'), condition=models.Q(('state', 'withdrawn')), name='customer_record_withdrawn'),
        ),
        migrations.AddIndex(
            model_name='projectrecord',
            index=models.Index(models.F('source'), condition=models.Q(('state', 'withdrawn')), name='project_record_withdrawn'),
        ),
    ]
