import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Discretion',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='push_discretion', serialize=False, to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Registration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('jid', models.CharField(max_length=2000, verbose_name='app server')),
                ('node', models.CharField(blank=True, max_length=2000)),
                ('options', models.JSONField(default=dict, help_text='Publish options: values by field.')),
                ('enabled_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('sent', models.BigIntegerField(help_text='Id of the last notification: its time.', null=True)),
                ('waiting', models.PositiveIntegerField(default=0, help_text='Since the device was last here, as the app server was told.', verbose_name='messages missed')),
                ('failures', models.PositiveIntegerField(default=0, help_text='In a row.')),
                ('failed', models.BigIntegerField(help_text='Id of the last failure: its time.', null=True)),
                ('error', models.CharField(blank=True, max_length=500, verbose_name='last error')),
                ('broken', models.BooleanField(default=False, help_text='Not used until it is enabled anew.')),
                ('device', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='push_registrations', to='accounts.device')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='push_registrations', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'push registration',
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(models.F('user'), models.F('jid'), models.F('node'), name='push_once')],
            },
        ),
    ]
