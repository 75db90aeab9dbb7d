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
                'constraints': [models.UniqueConstraint(models.F('user'), models.F('jid'), name='roster_item_once')],
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
                'constraints': [models.UniqueConstraint(models.F('user'), models.F('sender'), name='subscription_request_once')],
            },
        ),
    ]
