"""A device that is forgotten is not told of what it misses any more."""

from chatops.accounts.models import Device
from chatops.accounts.services import on_device_forgotten
from chatops.audit.services import Actor
from chatops.push import services
from chatops.push.models import Registration


@on_device_forgotten
def remove_registrations(device: Device, by: Actor) -> None:
    """In the same transaction; each with its line in the audit trail."""
    for registration in Registration.objects.filter(device=device).select_related("user", "device"):
        services.remove(registration, by=by)
