import chatops.rooms.models.rooms
import django.core.validators
import django.db.models.deletion
import secrets
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Room',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(blank=True, max_length=200)),
                ('description', models.TextField(blank=True)),
                ('language', models.CharField(blank=True, max_length=35)),
                ('is_persistent', models.BooleanField(default=True, verbose_name='persistent')),
                ('is_public', models.BooleanField(default=True, verbose_name='listed in the directory')),
                ('is_members_only', models.BooleanField(default=False, verbose_name='members only')),
                ('is_moderated', models.BooleanField(default=False, verbose_name='moderated')),
                ('password', models.CharField(blank=True, max_length=200)),
                ('who_sees_jids', models.CharField(choices=[('moderators', 'moderators only'), ('anyone', 'everybody in the room')], default='moderators', max_length=10)),
                ('private_messages', models.CharField(choices=[('anyone', 'everybody'), ('participants', 'those who have voice'), ('moderators', 'moderators'), ('none', 'nobody')], default='anyone', max_length=12)),
                ('max_occupants', models.PositiveIntegerField(default=0, help_text='0 means no limit.')),
                ('occupants_may_change_subject', models.BooleanField(default=False)),
                ('members_may_invite', models.BooleanField(default=False)),
                ('newcomers_have_voice', models.BooleanField(default=False)),
                ('moderators_take_private_messages', models.BooleanField(default=False)),
                ('visitors_private_messages', models.CharField(choices=[('anyone', 'to everybody'), ('moderators', 'to moderators'), ('nobody', 'to nobody')], default='anyone', max_length=10)),
                ('occupants_may_ask_each_other', models.BooleanField(default=True)),
                ('may_change_nickname', models.BooleanField(default=True)),
                ('visitors_may_change_nickname', models.BooleanField(default=True)),
                ('visitors_may_set_status', models.BooleanField(default=True)),
                ('visitors_may_ask_for_voice', models.BooleanField(default=True)),
                ('voice_request_seconds', models.PositiveIntegerField(default=1800, validators=[django.core.validators.MaxValueValidator(86400)])),
                ('may_register', models.BooleanField(default=True)),
                ('needs_registered_nickname', models.BooleanField(default=False)),
                ('occupants_are_listed', models.BooleanField(default=True)),
                ('pubsub_node', models.CharField(blank=True, max_length=1023)),
                ('is_logged', models.BooleanField(default=True, verbose_name='archived')),
                ('tracks_delivery', models.BooleanField(default=False, help_text='The delivery log has each message for each device inside.')),
                ('history_length', models.PositiveIntegerField(default=20, help_text='Messages kept for newcomers.', validators=[django.core.validators.MaxValueValidator(1000)])),
                ('default_history', models.PositiveIntegerField(default=20, validators=[django.core.validators.MaxValueValidator(1000)])),
                ('retires_when_destroyed', models.BooleanField(default=False)),
                ('presence_broadcast', models.JSONField(blank=True, default=list, help_text='Roles whose presence is broadcast; empty means all.')),
                ('member_list_visible_to', models.JSONField(blank=True, default=list, help_text='Roles that may fetch the member list; empty means all.')),
                ('localpart', models.CharField(max_length=1023, unique=True, validators=[chatops.rooms.models.rooms.validate_room_name], verbose_name='address')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('locked', models.BooleanField(default=False, help_text='New, and not yet configured by its owner.')),
                ('archived_at', models.DateTimeField(blank=True, editable=False, help_text='Closed since: nobody enters any more.', null=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False, help_text='Counts the changes of the options.')),
                ('history_from', models.DateTimeField(blank=True, editable=False, help_text="What was said under this address before is another room's, and stays hidden.", null=True)),
                ('subject', models.TextField(blank=True)),
                ('subject_set_by', models.CharField(blank=True, help_text='Occupant JID.', max_length=3071)),
                ('subject_occupant_id', models.CharField(blank=True, editable=False, max_length=128)),
                ('subject_set_at', models.DateTimeField(blank=True, null=True)),
                ('occupant_key', models.CharField(default=secrets.token_hex, editable=False, help_text="Secret: people's ids in this room are made with it (XEP-0421).", max_length=64)),
            ],
            options={
                'ordering': ['localpart'],
                'permissions': [('moderate_room', 'Can moderate rooms')],
            },
        ),
        migrations.CreateModel(
            name='Affiliation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('jid', models.CharField(help_text='Bare JID.', max_length=2047)),
                ('rank', models.CharField(choices=[('owner', 'Owner'), ('admin', 'Admin'), ('member', 'Member'), ('outcast', 'Outcast')], max_length=7, verbose_name='affiliation')),
                ('nickname', models.CharField(blank=True, help_text='Reserved with the room.', max_length=1023)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('by_group', models.BooleanField(default=False, help_text='It comes from a group, and goes with it.')),
                ('room', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='affiliations', to='rooms.room')),
            ],
            options={
                'ordering': ['room', 'jid'],
                'constraints': [models.UniqueConstraint(models.F('room'), models.F('jid'), name='affiliation_once')],
            },
        ),
    ]
