"""The whole policy table: both apps' rows and the shell's own."""

import measures.policy
import sessions.policy
from sessions.policy import READ, WRITE, Actor, Policy, row

SITE_ROWS = (
    row("health_live", READ, Actor.ANYONE),
    row("health_ready", READ, Actor.ANYONE),
    row("account_login", READ | WRITE, Actor.ANYONE),
    row("account_logout", READ | WRITE, Actor.ANYONE),
    row("account_reset_password", READ | WRITE, Actor.ANYONE),
    row("account_reset_password_done", READ, Actor.ANYONE),
    row("account_reset_password_from_key", READ | WRITE, Actor.ANYONE),
    row("account_reset_password_from_key_done", READ, Actor.ANYONE),
    row("account_change_password", READ | WRITE, Actor.MEMBER),
    row("account_inactive", READ, Actor.ANYONE),
)

POLICY = Policy(sessions.policy.ROWS + measures.policy.ROWS + SITE_ROWS)
