from django.urls import path

from chatops.accounts.pages import cards, devices, inviting, joining, own

urlpatterns = [
    path("register/", joining.register, name="register"),
    path("register/image/<slug:challenge>.png", joining.image, name="register-image"),
    path("invite/<slug:token>/", joining.invited, name="invitation"),
    path("account/", own.show, name="account"),
    path("account/login/", own.Login.as_view(), name="account-login"),
    path("account/logout/", own.Logout.as_view(), name="account-logout"),
    path("account/welcome/", own.welcome, name="account-welcome"),
    path("account/changed/", own.changed, name="account-changed"),
    path("account/invite/", inviting.invite, name="account-invite"),
    path("account/invite/<int:number>/", inviting.withdraw, name="account-withdraw"),
    path("account/device/<int:number>/", devices.show, name="account-device"),
    path("account/card/", cards.show, name="account-card"),
    path("photo/<int:user_id>/<slug:photo_hash>/", cards.photo, name="photo"),
    path("account/remove/", own.remove, name="account-remove"),
]
