from django.urls import path

from sessions.views import (
    account,
    clients,
    contacts,
    devices,
    meetings,
    organization,
    pauses,
    staff,
    tablets,
)

urlpatterns = [
    path("about/", organization.about, name="about"),
    path("account/", account.account, name="account"),
    path("settings/", organization.settings, name="settings"),
    path("clients/<uuid:uuid>/", clients.client, name="client"),
    path("episodes/open/", clients.episode_open, name="episode_open"),
    path("episodes/<uuid:uuid>/close/", clients.episode_close, name="episode_close"),
    path("episodes/<uuid:uuid>/transfer/", clients.episode_transfer, name="episode_transfer"),
    path("settings/staff/", staff.staff, name="staff"),
    path("settings/staff/new/", staff.staff_add, name="staff_add"),
    path("settings/staff/<uuid:uuid>/", staff.staff_member, name="staff_member"),
    path(
        "settings/staff/<uuid:uuid>/supervised/", staff.staff_supervision, name="staff_supervision"
    ),
    path("settings/staff/<uuid:uuid>/cover/", staff.staff_cover, name="staff_cover"),
    path("settings/staff/<uuid:uuid>/leave/", staff.staff_leave, name="staff_leave"),
    path("settings/staff/<uuid:uuid>/transfer/", staff.staff_transfer, name="staff_transfer"),
    path("settings/supervisions/<uuid:uuid>/end/", staff.supervision_end, name="supervision_end"),
    path("settings/covers/<uuid:uuid>/end/", staff.cover_end, name="cover_end"),
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
