from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0021_export_recipient'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='importfile',
            name='import_target_known',
        ),
        migrations.AlterField(
            model_name='importfile',
            name='target',
            field=models.CharField(choices=[('customers', 'Customers'), ('purchases', 'Purchases'), ('members', 'Members of a list'), ('consents', 'Decisions about consent')], max_length=10),
        ),
        migrations.AddConstraint(
            model_name='importfile',
            constraint=models.CheckConstraint(condition=models.Q(('target__in', ['customers', 'purchases', 'members', 'consents'])), name='import_target_known'),
        ),
    ]
