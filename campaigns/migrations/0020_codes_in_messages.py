import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0019_what_was_spared'),
        ('customers', '0021_export_recipient'),
    ]

    operations = [
        migrations.AddField(
            model_name='campaign',
            name='promotion',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='campaigns.promotion'),
        ),
        migrations.CreateModel(
            name='GivenCode',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('given_at', models.DateTimeField()),
                ('campaign', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='given_codes', to='campaigns.campaign')),
                ('code', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='given', to='campaigns.code')),
                ('customer', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='customers.customer')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('customer__isnull', False)), fields=['customer'], name='code_given_to'), models.Index(condition=models.Q(('customer__isnull', False)), fields=['given_at'], name='code_given_by_age')],
                'constraints': [models.UniqueConstraint(fields=('campaign', 'customer'), name='code_given_once')],
            },
        ),
    ]
