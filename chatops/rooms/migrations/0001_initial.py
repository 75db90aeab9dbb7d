import chatops.rooms.models.rooms
import django.core.validators
import django.db.models.deletion
import secrets
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
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
                ('message_attempts', models.PositiveIntegerField(default=0, help_text="Of messages to members, about their membership; 0: the service's.")),
                ('message_lifetime_days', models.PositiveIntegerField(default=0, help_text="Of the same messages; 0: the service's.")),
                ('tracks_delivery', models.BooleanField(default=False, help_text='The delivery log has each message for each device inside.')),
                ('history_length', models.PositiveIntegerField(default=20, help_text='Messages kept for newcomers.', validators=[django.core.validators.MaxValueValidator(1000)])),
                ('default_history', models.PositiveIntegerField(default=1000, validators=[django.core.validators.MaxValueValidator(1000)])),
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
            name='Tombstone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('localpart', models.CharField(max_length=1023, unique=True, verbose_name='address')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='destroyed at')),
                ('by', models.CharField(max_length=1100)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('alternate', models.CharField(blank=True, max_length=2047, verbose_name='room to go to instead')),
            ],
            options={
                'verbose_name': 'retired address',
                'verbose_name_plural': 'retired addresses',
                'ordering': ['localpart'],
            },
        ),
        migrations.CreateModel(
            name='RoomCard',
            fields=[
                ('room', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='card', serialize=False, to='rooms.room')),
                ('document', models.TextField(help_text='The vcard-temp element, without the picture.')),
                ('photo', models.BinaryField(default=bytes)),
                ('photo_type', models.CharField(blank=True, help_text='As the client has named it.', max_length=100)),
                ('photo_hash', models.CharField(blank=True, help_text='SHA-1, as disco tells.', max_length=40)),
                ('image_type', models.CharField(blank=True, help_text='What it was found to be; empty: not shown.', max_length=20)),
            ],
            options={
                'verbose_name': 'room picture',
                'ordering': ['room'],
            },
        ),
        migrations.CreateModel(
            name='Hat',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uri', models.CharField(max_length=1000, verbose_name='URI')),
                ('title', models.CharField(max_length=200)),
                ('hue', models.CharField(blank=True, help_text='Of its colour: 0 to 360.', max_length=20)),
                ('room', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hats', to='rooms.room')),
            ],
            options={
                'ordering': ['room', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='GroupLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rank', models.CharField(choices=[('owner', 'Owner'), ('admin', 'Admin'), ('member', 'Member')], default='member', max_length=7, verbose_name='affiliation')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rooms', to='auth.group')),
                ('room', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='groups', to='rooms.room')),
            ],
            options={
                'ordering': ['room', 'group'],
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
            },
        ),
        migrations.CreateModel(
            name='RoomPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('who_creates', models.CharField(choices=[('everybody', 'everybody with an account'), ('group', 'the people of a group, and staff'), ('staff', 'staff'), ('nobody', 'nobody, with a client')], default='everybody', max_length=9, verbose_name='who may make rooms')),
                ('message_format', models.CharField(choices=[('none', 'none'), ('text', 'text, for people'), ('json', 'JSON, for programs')], default='text', max_length=4, verbose_name='messages to members')),
                ('subject', models.CharField(blank=True, default='{name}', max_length=200)),
                ('added', models.TextField(blank=True, default='{by} has made you {affiliation} of the room {name}: {link}', verbose_name='who is added is told')),
                ('changed', models.TextField(blank=True, default='You are {affiliation} of the room {name} now: {link}', verbose_name='whose affiliation changes is told')),
                ('removed', models.TextField(blank=True, default='You are no longer {before} of the room {name}. {reason}', verbose_name='who is taken out is told')),
                ('json', models.TextField(blank=True, default='{"event": "{event}", "room": "{address}", "name": "{name}", "affiliation": "{affiliation}", "before": "{before}", "by": "{by}", "reason": "{reason}", "time": "{time}"}', verbose_name='JSON')),
                ('group', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='auth.group')),
            ],
            options={
                'verbose_name': 'rules for rooms',
                'verbose_name_plural': 'rules for rooms',
            },
        ),
        migrations.CreateModel(
            name='Template',
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
                ('message_attempts', models.PositiveIntegerField(default=0, help_text="Of messages to members, about their membership; 0: the service's.")),
                ('message_lifetime_days', models.PositiveIntegerField(default=0, help_text="Of the same messages; 0: the service's.")),
                ('tracks_delivery', models.BooleanField(default=False, help_text='The delivery log has each message for each device inside.')),
                ('history_length', models.PositiveIntegerField(default=20, help_text='Messages kept for newcomers.', validators=[django.core.validators.MaxValueValidator(1000)])),
                ('default_history', models.PositiveIntegerField(default=1000, validators=[django.core.validators.MaxValueValidator(1000)])),
                ('retires_when_destroyed', models.BooleanField(default=False)),
                ('presence_broadcast', models.JSONField(blank=True, default=list, help_text='Roles whose presence is broadcast; empty means all.')),
                ('member_list_visible_to', models.JSONField(blank=True, default=list, help_text='Roles that may fetch the member list; empty means all.')),
                ('title', models.CharField(max_length=100, unique=True)),
                ('about', models.CharField(blank=True, max_length=300, verbose_name='what it is for')),
                ('is_default', models.BooleanField(default=False, editable=False, help_text='Rooms that clients make get these.', verbose_name='defaults')),
            ],
            options={
                'verbose_name': 'room template',
                'ordering': ['-is_default', 'title'],
                'constraints': [models.UniqueConstraint(models.F('is_default'), condition=models.Q(('is_default', True)), name='one_default_template')],
            },
        ),
        migrations.CreateModel(
            name='WornHat',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('jid', models.CharField(max_length=2047)),
                ('hat', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='worn', to='rooms.hat')),
            ],
            options={
                'ordering': ['hat', 'jid'],
            },
        ),
        migrations.AddConstraint(
            model_name='hat',
            constraint=models.UniqueConstraint(models.F('room'), models.F('uri'), name='hat_once'),
        ),
        migrations.AddConstraint(
            model_name='grouplink',
            constraint=models.UniqueConstraint(models.F('room'), models.F('group'), name='group_once'),
        ),
        migrations.AddConstraint(
            model_name='affiliation',
            constraint=models.UniqueConstraint(models.F('room'), models.F('jid'), name='affiliation_once'),
        ),
        migrations.AddConstraint(
            model_name='wornhat',
            constraint=models.UniqueConstraint(models.F('hat'), models.F('jid'), name='hat_worn_once'),
        ),
    ]
