"""This app's rows of the policy table (see sessions/policy.py)."""

from sessions.policy import READ, WRITE, Actor, Data, Policy, row

C, S, F, LINK = Actor.COUNSELOR, Actor.SUPERVISOR, Actor.FRONT_DESK, Actor.LINK_HOLDER
KIOSK = Actor.KIOSK
RIGHTS = Actor.RIGHTS_CONTACT
CLINICAL = (Data.IDENTITY, Data.SCHEDULE, Data.ANSWERS, Data.NOTES)

ROWS = (
    row("rating_move", READ | WRITE, C, shows={Data.SCHEDULE}),
    row("request_withdraw", WRITE, C, F),
    row("sensitivity", READ | WRITE, Actor.ADMINISTRATOR),
    row("corrections", READ, C, Actor.ADMINISTRATOR, shows={Data.SCHEDULE}),
    row("waiting", READ, Actor.MEMBER),
    row("help", READ, C, S),
    row("today", READ, C, shows=CLINICAL),
    row("caseload", READ, C, shows=CLINICAL),
    row("episode", READ, C, S, shows=CLINICAL),
    row("supervision", READ, S, shows=CLINICAL),
    row("agenda", READ, C, S, shows=CLINICAL),
    row("own_agenda", READ, C),
    row("action_add", WRITE, C, S, shows=CLINICAL),
    row("flag", READ | WRITE, C, S, shows=CLINICAL),
    row("session_log", READ | WRITE, C, shows={Data.SCHEDULE}),
    row("session_waive", WRITE, C),
    row("client_edit", READ | WRITE, C, F, shows={Data.IDENTITY}),
    row("day", READ, F, shows={Data.IDENTITY, Data.SCHEDULE}),
    row("messages", READ, C, F, shows={Data.IDENTITY, Data.SCHEDULE}),
    row("message_restart", WRITE, C, F),
    row("rating_send", WRITE, C, F),
    row("rating_link", WRITE, C, F, shows={Data.SCHEDULE}),
    row("calls", READ, RIGHTS, shows={Data.IDENTITY}),
    row("call_done", WRITE, RIGHTS),
    row("rate", READ, LINK),
    row("stop", READ | WRITE, LINK),
    row("rate_start", READ, LINK, KIOSK),
    row("rate_form", READ | WRITE, LINK, KIOSK),
    row("rate_fresh", READ, LINK, KIOSK),
    row("rate_decline", READ | WRITE, LINK, KIOSK),
    row("rate_thanks", READ, LINK, KIOSK),
    row("rate_not_me", READ | WRITE, LINK, KIOSK),
    # Ways in: a code beside the QR code, the clinic's tablets, paper.
    row("code_keep", WRITE, C, F),
    row("code", READ | WRITE, LINK),
    row("code_letters", READ | WRITE, LINK),
    row("hand_over", READ | WRITE, C, shows={Data.IDENTITY, Data.SCHEDULE}),
    row("session_answers", READ, C, S, shows=CLINICAL),
    row("handed", READ | WRITE, LINK),
    row("kiosk", READ | WRITE, LINK, KIOSK),
    row("rate_leave", WRITE, LINK, KIOSK),
    # The screen that counselor and client look at together.
    row("together", READ, C, shows={Data.SCHEDULE, Data.ANSWERS}),
    # A counselor's groups: who came. Nobody's answers are on these pages.
    row("group_plan", READ | WRITE, C, shows={Data.IDENTITY, Data.SCHEDULE}),
    row("group", READ | WRITE, C, shows={Data.IDENTITY, Data.SCHEDULE}),
    row("group_waive", WRITE, C),
    row("group_codes", WRITE, C, shows={Data.SCHEDULE}),
    # Whoever types a slip in has read it; none of these pages shows an answer.
    row("slips", READ | WRITE, C, F, shows={Data.IDENTITY, Data.SCHEDULE}),
    row("slips_sheet", READ, C, F, shows={Data.IDENTITY, Data.SCHEDULE}),
    row("slip_code", READ | WRITE, C, F),
    row("slip_entry", READ | WRITE, C, F, shows={Data.IDENTITY, Data.SCHEDULE}),
    # Today: a client's note, for whom the client chose.
    row("note", READ, C, S, shows={Data.IDENTITY, Data.NOTES}),
    row("note_read", WRITE, C, S),
    row("action_end", WRITE, C, S),
    # One page on paper, without the client's own words.
    row("report", READ, C, S, shows=CLINICAL),
    row("report_file", READ, C, S, shows=CLINICAL),
)


def who_sees(data: Data) -> frozenset[Actor]:
    """Answers and notes leave through this app's pages only."""
    return Policy(ROWS).who_sees(data)
