from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from chatops.accounts.views import change_own_password
from chatops.console.views import show_limits
from chatops.delivery.admin.figures import show_figures

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/password_change/", admin.site.admin_view(change_own_password, cacheable=True)),
    path("admin/limits/", admin.site.admin_view(show_limits), name="limits"),
    path("admin/figures/", admin.site.admin_view(show_figures), name="figures"),
    path("", include("chatops.accounts.urls")),
    path("", include("chatops.push.urls")),
    path("", include("chatops.bridge.urls")),
    path("admin/", admin.site.urls),
]
