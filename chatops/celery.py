"""The Celery application: jobs of all apps, found by their tasks modules."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatops.settings")

app = Celery("chatops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Jobs that come by themselves: sweeps that find what a lost job or message has left.
app.conf.beat_schedule = {
    "messages whose time is over, or has come again": {
        "task": "delivery.sweep",
        "schedule": 15.0,
    },
    "the ledger's chains": {"task": "delivery.look_after_ledger", "schedule": 600.0},
    "messages that are kept only until they arrive": {
        "task": "delivery.empty_passing",
        "schedule": 60.0,
    },
    "copies that nobody asks for any more": {
        "task": "delivery.forget_copies",
        "schedule": 3_600.0,
    },
    "figures of deliveries by the hour": {"task": "delivery.figures", "schedule": 60.0},
    "exports that are forgotten, or old": {"task": "delivery.sweep_exports", "schedule": 60.0},
    "failed logins that are old": {
        "task": "accounts.forget_failed_logins",
        "schedule": 3_600.0,
    },
    "notices that are being sent": {"task": "notices.sweep", "schedule": 20.0},
}
