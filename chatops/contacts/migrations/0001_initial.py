import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PrivacyList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=255)),
                ('is_default', models.BooleanField(default=False, help_text='It applies wherever a client has not chosen another one for itself.', verbose_name='default')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='privacy_lists', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'ordering': ['user', 'name'],
            },
        ),
        migrations.CreateModel(
            name='PrivacyRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.PositiveBigIntegerField(help_text='The lowest that fits decides.')),
                ('type', models.CharField(blank=True, choices=[('jid', 'address'), ('group', 'roster group'), ('subscription', 'subscription'), ('', 'everybody')], max_length=12)),
                ('value', models.CharField(blank=True, db_index=True, help_text="An address or a domain, a group's name, or both, to, from, none.", max_length=2047)),
                ('allows', models.BooleanField(default=False, help_text='Whoever fits is let through, instead of kept away.')),
                ('message', models.BooleanField(default=False, verbose_name='messages')),
                ('iq', models.BooleanField(default=False, verbose_name='requests')),
                ('presence_in', models.BooleanField(default=False, verbose_name='presence in')),
                ('presence_out', models.BooleanField(default=False, verbose_name='presence out')),
                ('list', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rules', to='contacts.privacylist')),
            ],
            options={
                'ordering': ['list', 'order'],
            },
        ),
        migrations.CreateModel(
            name='Blocked',
            fields=[
            ],
            options={
                'verbose_name': 'blocked address',
                'verbose_name_plural': 'blocked addresses',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('contacts.privacyrule',),
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('jid', models.CharField(db_index=True, max_length=3071, verbose_name='about')),
                ('reason', models.CharField(max_length=255)),
                ('text', models.TextField(blank=True)),
                ('stanza_ids', models.JSONField(blank=True, default=list, help_text='Messages that it is about.')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='when')),
                ('state', models.CharField(choices=[('new', 'new'), ('handled', 'handled')], db_index=True, default='new', max_length=8)),
                ('handled_by', models.CharField(blank=True, max_length=255)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reports', to=settings.AUTH_USER_MODEL, verbose_name='reported by')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Roster',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveBigIntegerField(default=1)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='roster', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='RosterItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('jid', models.CharField(db_index=True, help_text="The contact's bare JID.", max_length=2047, verbose_name='contact')),
                ('name', models.CharField(blank=True, max_length=1023)),
                ('groups', models.JSONField(blank=True, default=list)),
                ('subscription', models.CharField(choices=[('none', 'None'), ('to', 'To'), ('from', 'From'), ('both', 'Both')], default='none', max_length=4)),
                ('ask', models.BooleanField(default=False, help_text='Pending out: asked, not answered yet.')),
                ('approved', models.BooleanField(default=False, help_text='Pre-approved, RFC 6121 section 3.4.')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='roster_items', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'contact',
                'ordering': ['user', 'jid'],
            },
        ),
        migrations.CreateModel(
            name='SubscriptionRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sender', models.CharField(db_index=True, help_text='A bare JID.', max_length=2047, verbose_name='who asks')),
                ('stanza', models.TextField(help_text='The whole presence stanza, delivered at each login.')),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='requests', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'waiting request',
                'ordering': ['id'],
            },
        ),
        migrations.AddConstraint(
            model_name='privacylist',
            constraint=models.UniqueConstraint(models.F('user'), models.F('name'), name='privacy_list_once'),
        ),
        migrations.AddConstraint(
            model_name='privacylist',
            constraint=models.UniqueConstraint(models.F('user'), condition=models.Q(('is_default', True)), name='privacy_list_one_default'),
        ),
        migrations.AddConstraint(
            model_name='privacyrule',
            constraint=models.UniqueConstraint(models.F('list'), models.F('order'), name='privacy_rule_order_once'),
        ),
        migrations.AddConstraint(
            model_name='rosteritem',
            constraint=models.UniqueConstraint(models.F('user'), models.F('jid'), name='roster_item_once'),
        ),
        migrations.AddConstraint(
            model_name='subscriptionrequest',
            constraint=models.UniqueConstraint(models.F('user'), models.F('sender'), name='subscription_request_once'),
        ),
    ]
