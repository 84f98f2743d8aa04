from django.urls import path

from measures.capture import (
    call_views,
    code_views,
    correction_views,
    desk_views,
    group_views,
    handover_views,
    intake_views,
    kiosk_views,
    slip_views,
    staff_views,
    stop_views,
)
from measures.capture import views as capture
from measures.insight import (
    action_views,
    episode_views,
    help_views,
    note_views,
    settings_views,
    supervision_views,
    together_views,
)
from measures.insight import views as insight

urlpatterns = [
    path("sessions/<uuid:uuid>/answers/move/", correction_views.rating_move, name="rating_move"),
    path(
        "sessions/<uuid:uuid>/withdraw/", correction_views.request_withdraw, name="request_withdraw"
    ),
    path("settings/sensitivity/", settings_views.sensitivity, name="sensitivity"),
    path("today/", insight.today, name="today"),
    path("caseload/", insight.caseload, name="caseload"),
    path("episodes/<uuid:uuid>/", episode_views.episode, name="episode"),
    path("supervision/", supervision_views.supervision, name="supervision"),
    path("supervision/<uuid:uuid>/", supervision_views.agenda, name="agenda"),
    path("supervision/<uuid:uuid>/agree/", supervision_views.action_add, name="action_add"),
    path("agenda/", supervision_views.own_agenda, name="own_agenda"),
    path("sessions/<uuid:uuid>/", staff_views.session_log, name="session_log"),
    path("sessions/<uuid:uuid>/waive/", staff_views.session_waive, name="session_waive"),
    path("clients/<uuid:uuid>/edit/", intake_views.client_edit, name="client_edit"),
    path("notes/<uuid:uuid>/", note_views.note, name="note"),
    path("notes/<uuid:uuid>/read/", note_views.note_read, name="note_read"),
    path("actions/<uuid:uuid>/end/", action_views.action_end, name="action_end"),
    path("day/", desk_views.day, name="day"),
    path("messages/", desk_views.messages_list, name="messages"),
    path("messages/<uuid:uuid>/again/", desk_views.message_restart, name="message_restart"),
    path("sessions/<uuid:uuid>/send/", desk_views.rating_send, name="rating_send"),
    path("sessions/<uuid:uuid>/link/", staff_views.rating_link, name="rating_link"),
    path("calls/", call_views.calls, name="calls"),
    path("calls/<uuid:uuid>/done/", call_views.call_done, name="call_done"),
    path("rate/<str:token>", capture.rate, name="rate"),
    path("stop/<str:token>", stop_views.stop, name="stop"),
    path("rate/r/<uuid:uuid>/", capture.start, name="rate_start"),
    path("rate/r/<uuid:uuid>/questions/", capture.form, name="rate_form"),
    path("rate/r/<uuid:uuid>/fresh/", capture.fresh, name="rate_fresh"),
    path("rate/r/<uuid:uuid>/decline/", capture.decline, name="rate_decline"),
    path("rate/r/<uuid:uuid>/not-me/", capture.not_me, name="rate_not_me"),
    path("rate/r/<uuid:uuid>/thanks/", capture.thanks, name="rate_thanks"),
    path("sessions/<uuid:uuid>/link/keep/", code_views.code_keep, name="code_keep"),
    # Short, since they are typed on old phones.
    path("r/", code_views.code, name="code_letters"),
    path("r/<str:letters>", code_views.code, name="code"),
    path("sessions/<uuid:uuid>/hand-over/", handover_views.hand_over_page, name="hand_over"),
    path("sessions/<uuid:uuid>/answers/", insight.session_answers, name="session_answers"),
    path("handed/", handover_views.handed, name="handed"),
    path("waiting/", help_views.waiting, name="waiting"),
    path("help/", help_views.help_page, name="help"),
    path("kiosk/", kiosk_views.kiosk, name="kiosk"),
    path("rate/r/<uuid:uuid>/leave/", kiosk_views.leave, name="rate_leave"),
    path("episodes/<uuid:uuid>/together/", together_views.together, name="together"),
    # Groups.
    path("groups/plan/", group_views.group_plan, name="group_plan"),
    path("groups/<uuid:uuid>/", group_views.group, name="group"),
    path("groups/<uuid:uuid>/waive/", group_views.group_waive, name="group_waive"),
    path("groups/<uuid:uuid>/codes/", group_views.group_codes, name="group_codes"),
    # Paper slips.
    path("slips/", slip_views.slips, name="slips"),
    path("slips/sheet/", slip_views.slips_sheet, name="slips_sheet"),
    path("slips/enter/", slip_views.slip_code, name="slip_code"),
    path("sessions/<uuid:uuid>/slip/", slip_views.slip_entry, name="slip_entry"),
]
