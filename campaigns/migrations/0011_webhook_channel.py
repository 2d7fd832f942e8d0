from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0010_reservations'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='campaign',
            name='campaign_channel_known',
        ),
        migrations.AlterField(
            model_name='campaign',
            name='channel',
            field=models.CharField(choices=[('email', 'E-mail'), ('in_app', 'In the app: your pages and apps ask for it'), ('webhook', 'Webhook: a system of yours delivers it')], default='email', max_length=10),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('channel__in', ['email', 'in_app', 'webhook'])), name='campaign_channel_known'),
        ),
    ]
