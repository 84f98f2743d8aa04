from django.urls import path

from sessions.views import (
    account,
    clients,
    contacts,
    devices,
    meetings,
    organization,
    pauses,
    tablets,
)

urlpatterns = [
    path("about/", organization.about, name="about"),
    path("account/", account.account, name="account"),
    path("settings/", organization.settings, name="settings"),
    path("clients/<uuid:uuid>/", clients.client, name="client"),
    path("episodes/open/", clients.episode_open, name="episode_open"),
    path("episodes/<uuid:uuid>/close/", clients.episode_close, name="episode_close"),
    path("episodes/<uuid:uuid>/hold/", pauses.episode_pause, name="episode_pause"),
    path("episodes/<uuid:uuid>/back/", pauses.episode_resume, name="episode_resume"),
    path("episodes/<uuid:uuid>/reopen/", clients.episode_reopen, name="episode_reopen"),
    path("clients/<uuid:uuid>/schedule/", meetings.session_schedule, name="session_schedule"),
    path("episodes/<uuid:uuid>/start/", meetings.session_start, name="session_start"),
    path("episodes/<uuid:uuid>/contacts/", contacts.contact_add, name="contact_add"),
    path("contacts/<uuid:uuid>/undo/", contacts.contact_undo, name="contact_undo"),
    path("sessions/log/", meetings.session_pick, name="session_pick"),
    path("account/pin/", account.pin, name="account_pin"),
    path("tablet/", tablets.tablet, name="tablet"),
    path("settings/tablets/", devices.devices, name="devices"),
    path("settings/tablets/<uuid:uuid>/revoke/", devices.device_revoke, name="device_revoke"),
    path("kiosk/pair/<str:token>", devices.kiosk_pair, name="kiosk_pair"),
]
