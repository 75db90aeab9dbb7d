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
            name='HourFigures',
            fields=[
                ('hour', models.DateTimeField(primary_key=True, serialize=False)),
                ('delivered', models.PositiveIntegerField(default=0)),
                ('waiting', models.PositiveIntegerField(default=0)),
                ('failed', models.PositiveIntegerField(default=0)),
                ('latencies', models.JSONField(default=dict, help_text='How long until confirmation, by logarithmic bucket.')),
                ('counted_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'hour figures',
            },
        ),
        migrations.CreateModel(
            name='Verification',
            fields=[
                ('id', models.BigIntegerField(help_text='Time-ordered: also when it began.', primary_key=True, serialize=False)),
                ('finished', models.BigIntegerField(help_text='An id: when it ended.')),
                ('since', models.BigIntegerField(help_text='From that id on; 0 for everything.')),
                ('by', models.CharField(max_length=1100)),
                ('events', models.BigIntegerField()),
                ('seals', models.BigIntegerField()),
                ('anchors', models.BigIntegerField()),
                ('heads', models.JSONField(help_text="Each chain's last seal: its number and its hash.")),
                ('found', models.BigIntegerField(help_text='How much was wrong.')),
                ('findings', models.JSONField(help_text='The first of that.')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Anchor',
            fields=[
                ('id', models.BigIntegerField(help_text='Time-ordered: also when it was noted.', primary_key=True, serialize=False)),
                ('chain', models.SmallIntegerField()),
                ('number', models.BigIntegerField(help_text="Of the chain's last seal.")),
                ('hash', models.BinaryField(max_length=32)),
                ('key', models.BinaryField(help_text='The public one that it is signed with.', max_length=32)),
                ('signature', models.BinaryField(max_length=64)),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(models.F('chain'), models.F('number'), name='anchor_by_seal')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('state', models.SmallIntegerField(choices=[(10, 'stored'), (15, 'missed'), (20, 'queued'), (30, 'sent'), (40, 'confirmed'), (50, 'displayed'), (60, 'failed'), (70, 'expired'), (80, 'discarded')])),
                ('owed', models.BooleanField(default=True, help_text='It must be offered again.')),
                ('changed', models.BigIntegerField(help_text='Id of the last event, so also its time.')),
                ('attempts', models.PositiveSmallIntegerField(db_default=0, help_text='How often a device was sent it and did not confirm it.')),
                ('due', models.BigIntegerField(db_default=0, help_text='Not offered before that; 0: at once.')),
                ('expires', models.BigIntegerField(blank=True, help_text='Not offered after that; empty: for ever.', null=True)),
                ('most_attempts', models.PositiveSmallIntegerField(blank=True, help_text='0: without a limit; empty: as for all messages.', null=True)),
                ('device', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deliveries', to='accounts.device')),
                ('message', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='deliveries', to='archive.message')),
                ('recipient', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='DeadLetter',
            fields=[
            ],
            options={
                'verbose_name': 'dead letter',
                'permissions': [('decide_deadletter', 'Can offer dead letters again, or discard them')],
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('delivery.delivery',),
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigIntegerField(help_text='Time-ordered: also when it happened.', primary_key=True, serialize=False)),
                ('message_id', models.BigIntegerField()),
                ('kind', models.SmallIntegerField(choices=[(5, 'accepted'), (10, 'stored'), (20, 'queued offline'), (25, 'notified by push'), (27, 'offered while catching up'), (30, 'sent'), (40, 'confirmed'), (45, 'not confirmed in time'), (50, 'displayed'), (55, 'back in the queue'), (56, 'missed'), (57, 'retried'), (60, 'failed'), (70, 'expired'), (80, 'discarded')])),
                ('node', models.CharField(blank=True, max_length=64)),
                ('door', models.CharField(blank=True, max_length=20)),
                ('detail', models.CharField(blank=True, help_text='By what: an ack, a receipt, an error.', max_length=500)),
                ('sent', models.BigIntegerField(blank=True, help_text='Of a confirmation: an id, when it had been sent, if no line of its own says so.', null=True)),
                ('device', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.device')),
                ('recipient', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='ExportJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('format', models.CharField(max_length=20)),
                ('query', models.JSONField(default=dict)),
                ('before', models.BigIntegerField(help_text='What was accepted later is not in it.')),
                ('oldest', models.BigIntegerField(help_text='The first message of the log, for the progress.')),
                ('state', models.CharField(choices=[('open', 'being written'), ('done', 'done'), ('stopped', 'stopped')], default='open', max_length=10)),
                ('rows', models.PositiveBigIntegerField(default=0)),
                ('bytes', models.PositiveBigIntegerField(default=0, help_text='Of the file, that are certain.')),
                ('place', models.CharField(blank=True, help_text='The next row comes after that.', max_length=50)),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('touched_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'export',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('id', models.BigIntegerField(help_text='Time-ordered: also when it was made.', primary_key=True, serialize=False)),
                ('chain', models.SmallIntegerField()),
                ('number', models.BigIntegerField(help_text='Its place in the chain, from 1.')),
                ('events', models.BinaryField(help_text="For each: its id, its message's id, its digest.")),
                ('previous', models.BinaryField(max_length=32)),
                ('hash', models.BinaryField(max_length=32)),
                ('mark', models.BinaryField(help_text="Of the hash, with the service's secret.", max_length=32)),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('chain', 'number'), name='seal_place')],
            },
        ),
        migrations.CreateModel(
            name='CopiesGot',
            fields=[
                ('id', models.BigIntegerField(help_text='Time-ordered: also when it was noted.', primary_key=True, serialize=False)),
                ('messages', models.BinaryField(help_text='Their ids, 64 bits each.')),
                ('device', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.device')),
            ],
            options={
                'verbose_name_plural': 'copies got',
                'ordering': ['id'],
                'indexes': [models.Index(models.F('device'), models.F('id'), name='copies_by_device')],
            },
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(models.F('message'), models.F('id'), name='delivery_by_message'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(models.F('recipient'), models.F('message'), name='delivery_by_recipient'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(models.F('state'), models.F('message'), condition=models.Q(('state__in', (10, 40, 50)), _negated=True), name='delivery_by_state'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(models.F('recipient'), models.F('message'), condition=models.Q(('owed', True)), name='delivery_owed'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(models.F('device'), models.F('message'), condition=models.Q(('device__isnull', False), ('owed', True)), name='delivery_underway'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(models.F('expires'), condition=models.Q(('expires__isnull', False), ('owed', True), ('state', 20)), name='delivery_expiring'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(models.F('due'), condition=models.Q(('due__gt', 0), ('owed', True)), name='delivery_due'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(models.F('message_id'), models.F('id'), name='event_by_message'),
        ),
    ]
