"""Counted answers are of several kinds: orders divided among channels, and what campaigns brought."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('engagement', '0012_counted_attribution'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='countedattribution', name='attribution_question'),
        migrations.RemoveConstraint(model_name='countedattribution', name='attribution_period'),
        migrations.RemoveConstraint(model_name='countedattribution', name='attribution_answer_is_dated'),
        migrations.RenameModel('CountedAttribution', 'CountedReport'),
        migrations.RenameIndex(model_name='countedreport', new_name='report_by_asking', old_name='attribution_by_asking'),
        migrations.AddField(
            model_name='countedreport',
            name='kind',
            field=models.CharField(default='attribution', max_length=12),
        ),
        migrations.AddConstraint(
            model_name='countedreport',
            constraint=models.UniqueConstraint(fields=('kind', 'begins', 'ends', 'currency'), name='report_question'),
        ),
        migrations.AddConstraint(
            model_name='countedreport',
            constraint=models.CheckConstraint(condition=models.Q(('begins__lt', models.F('ends'))), name='report_period'),
        ),
        migrations.AddConstraint(
            model_name='countedreport',
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(('answer__isnull', True), ('counted_at__isnull', True)),
                    models.Q(('answer__isnull', False), ('counted_at__isnull', False)),
                    _connector='OR',
                ),
                name='report_answer_is_dated',
            ),
        ),
    ]
