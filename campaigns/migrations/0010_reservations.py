
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0009_channels'),
        ('customers', '0015_member_exports'),
    ]

    operations = [
        migrations.CreateModel(
            name='Reservation',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.CharField(editable=False, max_length=40, unique=True)),
                ('order_id', models.CharField(max_length=100)),
                ('expires_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='promotion',
            name='combines',
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name='promotion',
            name='purpose',
            field=models.CharField(blank=True, db_default='', default='', max_length=40),
        ),
        migrations.AddIndex(
            model_name='redemption',
            index=models.Index(condition=models.Q(('order_id', ''), _negated=True), fields=['order_id'], name='redemption_of_order'),
        ),
        migrations.AddField(
            model_name='reservation',
            name='code',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reservations', to='campaigns.code'),
        ),
        migrations.AddField(
            model_name='reservation',
            name='customer',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='customers.customer'),
        ),
        migrations.AddField(
            model_name='reservation',
            name='promotion',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='campaigns.promotion'),
        ),
        migrations.AddIndex(
            model_name='reservation',
            index=models.Index(fields=['order_id'], name='reservation_of_order'),
        ),
        migrations.AddIndex(
            model_name='reservation',
            index=models.Index(fields=['expires_at'], name='reservation_by_end'),
        ),
        migrations.AddConstraint(
            model_name='reservation',
            constraint=models.UniqueConstraint(fields=('promotion', 'order_id'), name='reservation_once_an_order'),
        ),
    ]
