import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Archive',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('jid', models.CharField(max_length=2047, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigIntegerField(help_text='Time-ordered: the MAM id and stanza-id.', primary_key=True, serialize=False)),
                ('kind', models.SmallIntegerField(choices=[(0, 'Normal'), (1, 'Chat'), (2, 'Groupchat'), (3, 'Headline')])),
                ('sender', models.CharField(help_text='The full JID it came from.', max_length=3071)),
                ('recipient', models.CharField(help_text='Where it was sent: bare or full JID.', max_length=3071)),
                ('sender_bare', models.CharField(max_length=2047)),
                ('recipient_bare', models.CharField(max_length=2047)),
                ('stanza_id', models.CharField(blank=True, help_text="The client's own id.", max_length=1023)),
                ('thread', models.CharField(blank=True, max_length=1023)),
                ('body', models.TextField(blank=True)),
                ('wants_receipt', models.BooleanField(default=False)),
                ('xml', models.TextField(help_text='The stanza as it is delivered.')),
                ('retracted_at', models.DateTimeField(blank=True, help_text='Since then only a tombstone is left of it.', null=True)),
                ('retracted_by', models.CharField(blank=True, db_default='', help_text='Its sender, or a moderator of the room.', max_length=3071)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('peer', models.CharField(help_text="The other side's bare JID, for `with`.", max_length=2047)),
                ('archive', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='entries', to='archive.archive')),
            ],
            options={
                'verbose_name_plural': 'entries',
            },
        ),
        migrations.CreateModel(
            name='Passing',
            fields=[
                ('message', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, serialize=False, to='archive.message')),
            ],
            options={
                'verbose_name_plural': 'passing messages',
            },
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(models.F('stanza_id'), models.F('sender_bare'), name='message_by_stanza_id'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(models.F('sender_bare'), models.F('id'), name='message_by_sender'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(models.F('recipient_bare'), models.F('id'), name='message_by_recipient'),
        ),
        migrations.AddField(
            model_name='entry',
            name='message',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='entries', to='archive.message'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(models.F('archive'), models.F('peer'), models.F('message'), name='entry_by_peer'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.UniqueConstraint(models.F('archive'), models.F('message'), name='entry_once'),
        ),
    ]
