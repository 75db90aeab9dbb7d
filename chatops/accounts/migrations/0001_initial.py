import chatops.accounts.models.people
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('password', models.CharField(max_length=300)),
                ('username', models.CharField(max_length=1023, unique=True, validators=[chatops.accounts.models.people.validate_localpart])),
                ('name', models.CharField(blank=True, help_text='As others see it.', max_length=200)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('is_staff', models.BooleanField(default=False, verbose_name='may use the console')),
                ('is_active', models.BooleanField(default=True, help_text='Suspended people cannot log in anywhere.')),
                ('suspended_reason', models.CharField(blank=True, max_length=500)),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_seen', models.DateTimeField(blank=True, help_text='End of the last XMPP session.', null=True)),
                ('last_status', models.CharField(blank=True, help_text='What was said on leaving (XEP-0012).', max_length=1000)),
                ('uses_crs', models.BooleanField(default=False, help_text='Senders hear when a message is stored or late; what a device has not confirmed is offered again at each login. Only for clients that speak this private extension.', verbose_name='server acknowledgements (CRS)')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'person',
                'verbose_name_plural': 'people',
                'ordering': ['username'],
                'permissions': [('end_sessions', 'Can log people out'), ('suspend_user', 'Can suspend people'), ('reset_password', "Can set people's passwords")],
            },
        ),
        migrations.CreateModel(
            name='Challenge',
            fields=[
                ('id', models.CharField(max_length=32, primary_key=True, serialize=False)),
                ('image', models.BinaryField()),
                ('question', models.CharField(blank=True, max_length=200)),
                ('image_answer', models.CharField(max_length=64)),
                ('question_answer', models.CharField(blank=True, max_length=64)),
                ('use_by', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='VCard',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='vcard', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('document', models.TextField(help_text='The vcard-temp element, without the photo.')),
                ('photo', models.BinaryField(default=bytes)),
                ('photo_type', models.CharField(blank=True, help_text='As the client has named it.', max_length=100)),
                ('photo_hash', models.CharField(blank=True, help_text='SHA-1, as in presence.', max_length=40)),
                ('image_type', models.CharField(blank=True, help_text='What the photo was found to be; empty: not shown.', max_length=20)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'vCard',
                'ordering': ['user'],
            },
        ),
        migrations.CreateModel(
            name='ClientSoftware',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hash_name', models.CharField(max_length=20, verbose_name='hash')),
                ('hash_value', models.CharField(max_length=200, verbose_name='value')),
                ('node', models.CharField(blank=True, help_text='Where the client comes from.', max_length=500)),
                ('name', models.CharField(blank=True, help_text='As it calls itself.', max_length=200)),
                ('identities', models.JSONField(default=list)),
                ('features', models.JSONField(default=list)),
                ('learnt_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'client software',
                'verbose_name_plural': 'client software',
                'ordering': ['-learnt_at'],
                'constraints': [models.UniqueConstraint(models.F('hash_name'), models.F('hash_value'), name='client_software_once')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seed', models.CharField(editable=False, max_length=64)),
                ('token_hash', models.CharField(editable=False, max_length=64, unique=True)),
                ('made_by_name', models.CharField(editable=False, max_length=1100, verbose_name='invited by')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('username', models.CharField(blank=True, help_text='Empty: whoever comes chooses it.', max_length=1023, validators=[chatops.accounts.models.people.validate_localpart], verbose_name='name of the account')),
                ('makes_account', models.BooleanField(default=True, help_text='Otherwise only to become a contact.', verbose_name='for a new account')),
                ('most_uses', models.PositiveIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)], verbose_name='how many may use it')),
                ('used', models.PositiveIntegerField(default=0, editable=False)),
                ('use_by', models.DateTimeField(db_index=True)),
                ('rooms', models.JSONField(blank=True, default=list, help_text='Addresses of rooms that newcomers become members of.')),
                ('note', models.CharField(blank=True, help_text='For you: whom it is for.', max_length=200)),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('contact', models.ForeignKey(blank=True, help_text='Newcomers and this person see each other in their contact lists.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='introductions', to=settings.AUTH_USER_MODEL)),
                ('groups', models.ManyToManyField(blank=True, help_text='Newcomers get the rights of these groups.', to='auth.group')),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='invitations', to=settings.AUTH_USER_MODEL, verbose_name='invited by')),
            ],
            options={
                'ordering': ['-made_at'],
            },
        ),
        migrations.CreateModel(
            name='InvitationUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('jid', models.CharField(help_text='Bare JID.', max_length=2047, verbose_name='who')),
                ('made_account', models.BooleanField(default=True)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('invitation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='uses', to='accounts.invitation')),
            ],
            options={
                'ordering': ['-at'],
            },
        ),
        migrations.CreateModel(
            name='Device',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('installation', models.CharField(blank=True, editable=False, help_text='A hash over the account and the id that the client gives; empty: it gives none.', max_length=64)),
                ('resource', models.CharField(help_text='Of its last login.', max_length=1023)),
                ('name', models.CharField(blank=True, help_text='As its client calls it.', max_length=200)),
                ('client', models.CharField(blank=True, help_text="The software's own name.", max_length=200)),
                ('door', models.CharField(blank=True, max_length=20)),
                ('first_seen', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_seen', models.DateTimeField(default=django.utils.timezone.now)),
                ('reads_archive', models.BooleanField(default=False, help_text='It fetches from the archive what it has missed.')),
                ('wants_copies', models.BooleanField(default=False, help_text='It wants copies of what is sent to other devices (carbons).')),
                ('forgotten_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='devices', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'ordering': ['user', 'resource'],
                'permissions': [('forget_device', "Can forget people's devices")],
                'constraints': [models.UniqueConstraint(models.F('user'), models.F('resource'), condition=models.Q(('forgotten_at', None), ('installation', '')), name='device_by_resource'), models.UniqueConstraint(models.F('user'), models.F('installation'), condition=models.Q(('forgotten_at', None), models.Q(('installation', ''), _negated=True)), name='device_by_installation')],
            },
        ),
        migrations.CreateModel(
            name='FailedLogin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(blank=True, max_length=50)),
                ('door', models.CharField(max_length=20)),
                ('mechanism', models.CharField(blank=True, help_text="Empty: a page's form.", max_length=30)),
                ('hour', models.DateTimeField()),
                ('count', models.PositiveIntegerField(default=0, verbose_name='failures')),
                ('first_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='first')),
                ('last_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='last')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='failed_logins', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'failed login',
                'ordering': ['-last_at'],
                'indexes': [models.Index(fields=['user', 'hour'], name='accounts_fa_user_id_322c32_idx')],
            },
        ),
        migrations.CreateModel(
            name='PrivateData',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('namespace', models.CharField(max_length=500)),
                ('tag', models.CharField(max_length=200, verbose_name='element')),
                ('document', models.TextField()),
                ('size_bytes', models.PositiveIntegerField(verbose_name='bytes')),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='private_data', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'private storage',
                'verbose_name_plural': 'private storage',
                'ordering': ['user', 'namespace', 'tag'],
                'permissions': [('read_privatedata', 'Can read what is in private storage')],
                'constraints': [models.UniqueConstraint(models.F('user'), models.F('namespace'), models.F('tag'), name='private_data_once')],
            },
        ),
    ]
