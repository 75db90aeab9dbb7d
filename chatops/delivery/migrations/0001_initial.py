import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('archive', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('state', models.SmallIntegerField(choices=[(10, 'stored'), (20, 'queued'), (30, 'sent'), (40, 'confirmed'), (50, 'displayed'), (60, 'failed'), (70, 'expired'), (80, 'discarded')])),
                ('owed', models.BooleanField(default=True, help_text='It must be offered again.')),
                ('changed', models.BigIntegerField(help_text='Id of the last event, so also its time.')),
                ('device', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deliveries', to='accounts.device')),
                ('message', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='deliveries', to='archive.message')),
                ('recipient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'ordering': ['-id'],
                'indexes': [models.Index(models.F('message'), name='delivery_by_message'), models.Index(models.F('recipient'), models.F('message'), condition=models.Q(('owed', True)), name='delivery_owed'), models.Index(models.F('state'), models.F('id'), name='delivery_by_state')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigIntegerField(help_text='Time-ordered: also when it happened.', primary_key=True, serialize=False)),
                ('message_id', models.BigIntegerField()),
                ('kind', models.SmallIntegerField(choices=[(5, 'accepted'), (10, 'stored'), (20, 'queued offline'), (25, 'notified by push'), (30, 'sent'), (40, 'confirmed'), (50, 'displayed'), (55, 'back in the queue'), (57, 'retried'), (60, 'failed'), (70, 'expired'), (80, 'discarded')])),
                ('node', models.CharField(blank=True, max_length=64)),
                ('door', models.CharField(blank=True, max_length=20)),
                ('detail', models.CharField(blank=True, help_text='By what: an ack, a receipt, an error.', max_length=500)),
                ('device', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.device')),
                ('recipient', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(models.F('message_id'), models.F('id'), name='event_by_message')],
            },
        ),
    ]
