import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('rooms', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(blank=True, max_length=200)),
                ('body', models.TextField()),
                ('audience', models.CharField(choices=[('all', 'everybody'), ('online', 'who is online now'), ('room', 'people of a room'), ('list', 'a list of addresses')], default='all', max_length=8)),
                ('addresses', models.TextField(blank=True, help_text='For an audience of a list: bare JIDs or usernames, one a line.')),
                ('wants_receipt', models.BooleanField(default=True)),
                ('lifetime_days', models.PositiveSmallIntegerField(blank=True, help_text='Who has not fetched it by then does not get it. 0: it waits for ever; empty: as all messages do.', null=True, validators=[django.core.validators.MaxValueValidator(3660)], verbose_name='lifetime in days')),
                ('attempts', models.PositiveSmallIntegerField(blank=True, help_text='So often it is sent to devices that do not confirm it. 0: without a limit; empty: as all messages are.', null=True, validators=[django.core.validators.MaxValueValidator(1000)])),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('sending', 'Sending'), ('sent', 'Sent'), ('cancelled', 'Cancelled')], default='draft', max_length=10)),
                ('message_id', models.BigIntegerField(blank=True, editable=False, null=True, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('finished_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('room', models.ForeignKey(blank=True, help_text='For an audience of a room: its owners, admins and members.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='rooms.room')),
            ],
            options={
                'ordering': ['-id'],
                'permissions': [('send_notice', 'Can send notices')],
            },
        ),
        migrations.CreateModel(
            name='Recipient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('handed_over', models.BooleanField(default=False, help_text='The delivery ledger has it.')),
                ('notice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recipients', to='notices.notice')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['notice', 'user'],
                'indexes': [models.Index(models.F('notice'), condition=models.Q(('handed_over', False)), name='recipient_waiting')],
                'constraints': [models.UniqueConstraint(models.F('notice'), models.F('user'), name='recipient_once')],
            },
        ),
    ]
