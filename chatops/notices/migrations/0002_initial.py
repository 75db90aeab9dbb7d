import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('notices', '0001_initial'),
        ('rooms', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='notice',
            name='room',
            field=models.ForeignKey(blank=True, help_text='For an audience of a room: its owners, admins and members.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='rooms.room'),
        ),
        migrations.AddField(
            model_name='recipient',
            name='notice',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recipients', to='notices.notice'),
        ),
        migrations.AddField(
            model_name='recipient',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='recipient',
            index=models.Index(models.F('notice'), condition=models.Q(('handed_over', False)), name='recipient_waiting'),
        ),
        migrations.AddConstraint(
            model_name='recipient',
            constraint=models.UniqueConstraint(models.F('notice'), models.F('user'), name='recipient_once'),
        ),
    ]
