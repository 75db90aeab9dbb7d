"""What all admin pages of ours share: panels below a form, and deeds that are posted."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin

from chatops.audit.services import Actor, record
from chatops.xmpp.errors import Refused


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that can be done to an object: the permission it needs, and the method's name."""

    permission: str
    method: str


class AuditedModelAdmin(ModelAdmin):
    """An admin whose changes go through services, which write the audit trail.

    `deeds` are POSTed to ``<pk>/do/<name>/``; their methods take (request, object) and return a
    sentence for the administrator, or raise Refused with one.
    """

    deeds: ClassVar[Mapping[str, Deed]] = {}
    change_form_outer_after_template = "audit/panels.html"
    panel_template = ""
    has_buttons_alone = False  # its panels have buttons for what can be done; nothing is saved
    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = False

    def panel_context(self, request: HttpRequest, item: Any) -> dict[str, Any]:
        """What the panels below the form show."""
        return {}

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_do"
        view = self.admin_site.admin_view(self.do_view)
        return [path("<path:object_id>/do/<slug:deed>/", view, name=name), *super().get_urls()]

    def do_view(self, request: HttpRequest, object_id: str, deed: str) -> HttpResponse:
        """Do a deed, and come back with a sentence."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        item = self.get_object(request, object_id)
        found = self.deeds.get(deed)
        if item is None or found is None:
            raise Http404
        if not request.user.has_perm(found.permission):
            raise PermissionDenied
        self.answer(request, lambda: getattr(self, found.method)(request, item))
        return redirect(self.page_of(item))

    def answer(self, request: HttpRequest, work: Callable[[], str]) -> bool:
        """Run a service; tell its sentence, or that of its refusal. True if it was done."""
        try:
            sentence = work()
        except Refused as refusal:
            self.message_user(request, refusal.sentence, messages.ERROR)
            return False
        self.message_user(request, sentence, messages.SUCCESS)
        return True

    def page_of(self, item: Model) -> str:
        """Where one comes back to; the list, if the object is gone."""
        base = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        if item.pk is None or not type(item)._default_manager.filter(pk=item.pk).exists():
            return reverse(f"{base}_changelist")
        return reverse(f"{base}_change", args=[item.pk])

    # The audit trail is the one history: Django's own is neither written nor shown.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Not in Django's log."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Not in Django's log."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Not in Django's log."""

    def construct_change_message(self, request: HttpRequest, form: Any, *args: Any) -> list[Any]:
        """What Django's log would say; it would ask formsets that services save instead."""
        return []

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        raise Http404

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = dict(extra_context or {})
        if self.has_buttons_alone:
            context = {"show_save": False, "show_save_and_continue": False} | context
        return super().changeform_view(request, object_id, form_url, context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        item = self.get_object(request, object_id)
        context = {"panel_template": self.panel_template, **(extra_context or {})}
        if item is not None and self.panel_template and self.has_view_permission(request, item):
            context |= self.panel_context(request, item)
        return super().change_view(request, object_id, form_url, context)


class ReadOnlyAdmin(AuditedModelAdmin):
    """Pages to look at: nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PlainModelAdmin(AuditedModelAdmin):
    """Pages of models without services: what is saved or deleted here is noted here."""

    def save_related(
        self,
        request: HttpRequest,
        form: ModelForm[Any],
        formsets: Any,
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        """The last step of saving: now it is known what all the fields have become."""
        super().save_related(request, form, formsets, change)
        verb = "change" if change else "add"
        if details := changes_of(form):
            record(Actor.of(request), f"{self.opts.model_name}.{verb}", form.instance, **details)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        record(Actor.of(request), f"{self.opts.model_name}.delete", obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            for item in queryset:
                self.delete_model(request, item)


def changes_of(form: ModelForm[Any], names: Iterable[str] = ()) -> dict[str, dict[str, Any]]:
    """What a form has changed, before and after, fit for the trail; of `names` alone if given."""
    changed = [name for name in form.changed_data if not names or name in names]
    if not changed:
        return {}
    return {
        "before": {
            name: _plain(form.get_initial_for_field(form.fields[name], name)) for name in changed
        },
        "after": {name: _plain(form.cleaned_data.get(name)) for name in changed},
    }


def _plain(value: Any) -> Any:
    """As JSON can hold it, in words where it is something of ours."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple | set | QuerySet):
        return sorted(str(each) for each in value)
    return str(value)
