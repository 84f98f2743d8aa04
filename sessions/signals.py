"""What happened to people and sessions, for whoever needs to know. Sent after the commit."""

from django.dispatch import Signal

episode_closed = Signal()  # episode, now
episode_paused = Signal()  # episode, now

# Sent inside the transaction in which somebody leaves the staff, so that nothing is half done.
member_left = Signal()  # member, to, supervisor, now: who has their clients and team, or None
