"""The Celery application: jobs of all apps, found by their tasks modules."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatops.settings")

app = Celery("chatops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
