"""Every address of the product. A new one needs a row in the policy table."""

from allauth.account import views as account
from django.urls import include, path, re_path

from alliance_site import health, home

handler400 = "alliance_site.errors.bad_request"
handler403 = "alliance_site.errors.forbidden"
handler404 = "alliance_site.errors.not_found"
handler500 = "alliance_site.errors.server_error"

urlpatterns = [
    path("", home.home, name="home"),
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    # Only the account pages that are used; signing up is not one of them.
    path("account/login/", account.login, name="account_login"),
    path("account/logout/", account.logout, name="account_logout"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/reset/", account.password_reset, name="account_reset_password"),
    path("account/reset/sent/", account.password_reset_done, name="account_reset_password_done"),
    # The key holds dashes of its own, so the first one ends the user's part.
    re_path(
        r"^account/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "account/reset/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("", include("sessions.urls")),
    path("", include("measures.urls")),
]
