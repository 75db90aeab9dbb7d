from django.urls import path

from chatops.push import pages

urlpatterns = [
    path("account/push/", pages.show, name="account-push"),
    path("account/push/<int:number>/remove/", pages.remove, name="account-push-remove"),
]
