"""The page on which somebody who uses the console changes his own password."""

from django.contrib import admin
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse_lazy
from unfold.forms import AdminOwnPasswordChangeForm

from chatops.accounts import services
from chatops.audit.services import Actor
from chatops.xmpp.errors import Refused


class OwnPasswordView(PasswordChangeView):
    """The admin site's own page saves past the services: no trail, and old sessions stay."""

    form_class = AdminOwnPasswordChangeForm
    success_url = reverse_lazy("admin:password_change_done")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:  # type: ignore[type-arg,override,unused-ignore]
        password = form.cleaned_data["new_password1"]
        try:
            services.set_password(form.user, password=password, by=Actor.of(self.request))
        except Refused as refusal:
            form.add_error("new_password1", refusal.sentence)
            return self.form_invalid(form)
        update_session_auth_hash(self.request, form.user)
        return HttpResponseRedirect(self.get_success_url())


def change_own_password(request: HttpRequest) -> HttpResponseBase:
    return OwnPasswordView.as_view(extra_context=admin.site.each_context(request))(request)
