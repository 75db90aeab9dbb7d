"""Jobs: thin doors to the services."""

from celery import shared_task

from chatops.delivery import export_jobs, figures, missing, retries, services, watching


@shared_task(name="delivery.empty_passing")
def empty_passing() -> None:
    services.empty_passing()


@shared_task(name="delivery.forget_copies")
def forget_copies() -> None:
    missing.forget_copies()


@shared_task(name="delivery.sweep")
def sweep() -> None:
    retries.sweep()


@shared_task(name="delivery.look_after_ledger")
def look_after_ledger() -> None:
    watching.look_after()


@shared_task(name="delivery.verify_ledger")
def verify_ledger() -> None:
    watching.verify_everything()


@shared_task(name="delivery.figures")
def roll_up_figures() -> None:
    figures.roll_up()


@shared_task(name="delivery.export")
def export(export_id: int) -> None:
    export_jobs.work(export_id)


@shared_task(name="delivery.sweep_exports")
def sweep_exports() -> None:
    export_jobs.sweep()
