"""Restrictions that cover sensitive data alone (Cal. Civ. Code 1798.121, 11 CCR 7027)."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('consent', '0012_redactions'),
        ('customers', '0020_sensitive_limited'),
    ]

    operations = [
        migrations.AddField(
            model_name='restriction',
            name='covers',
            field=models.CharField(choices=[('everything', 'Everything (GDPR Art. 18)'), ('sensitive', 'Sensitive data (Cal. Civ. Code 1798.121)')], db_default='everything', default='everything', max_length=10),
        ),
        migrations.AddConstraint(
            model_name='restriction',
            constraint=models.CheckConstraint(condition=models.Q(('covers__in', ['everything', 'sensitive'])), name='restriction_covers_known'),
        ),
    ]
