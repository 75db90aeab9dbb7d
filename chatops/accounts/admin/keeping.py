"""What people's clients keep on the service, in the browser: looked at, and removable."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display

from chatops.accounts.models import PrivateData
from chatops.accounts.services import may_act_on, private
from chatops.audit.base import AuditedModelAdmin
from chatops.audit.services import Actor, record

READ = "accounts.read_privatedata"


@admin.register(PrivateData)
class PrivateDataAdmin(AuditedModelAdmin):
    """Private XML storage (XEP-0049); whoever reads what is in it leaves a note of that."""

    list_display = ("person", "namespace", "tag", "size_bytes", "changed_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "namespace", "tag")
    search_help_text = "Person, namespace or element"

    def get_queryset(self, request: HttpRequest) -> QuerySet[PrivateData]:
        return super().get_queryset(request).defer("document")

    def get_fields(self, request: HttpRequest, obj: PrivateData | None = None) -> Any:
        shown = ("person", "namespace", "tag", "size_bytes", "changed_at")
        return (*shown, "document") if request.user.has_perm(READ) else shown

    def get_readonly_fields(self, request: HttpRequest, obj: PrivateData | None = None) -> Any:
        return self.get_fields(request, obj)

    @display(description="person", ordering="user__username")
    def person(self, found: PrivateData) -> str:
        return found.user.jid

    def has_add_permission(self, request: HttpRequest) -> bool:
        """It is written by clients."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: PrivateData | None = None) -> bool:
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        if found is not None:
            self._must_reach(request, found)
        may_look = found is not None and self.has_view_permission(request, found)
        if found is not None and may_look and request.user.has_perm(READ):
            record(Actor.of(request), "private.read", found.user, element=found.tag)
        return super().change_view(request, object_id, form_url, extra_context)

    def _must_reach(self, request: HttpRequest, found: PrivateData) -> None:
        """Who uses the console is out of reach of those who may not do everything."""
        if not may_act_on(found.user, user_id=request.user.pk):
            raise PermissionDenied

    def delete_model(self, request: HttpRequest, obj: PrivateData) -> None:
        self._must_reach(request, obj)
        private.remove_private(obj, by=Actor.of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PrivateData]) -> None:
        for found in queryset.select_related("user"):
            self.delete_model(request, found)
