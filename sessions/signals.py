"""What happened to people and sessions, for whoever needs to know. Sent after the commit."""

from django.dispatch import Signal

episodes_closed = Signal()  # episodes, now
episode_paused = Signal()  # episode, now

# Sent inside the transaction, so that nothing is half done: clients go on with somebody else.
episodes_transferred = Signal()  # pairs (the former episode and the new one), now

# What else is open of these episodes? Whoever keeps it answers with a list of `leaving.OpenThings`.
open_things = Signal()  # viewer (who has them), episodes

# Sent inside the transaction in which somebody leaves the staff, so that nothing is half done.
member_left = Signal()  # member, to, supervisor, now: who has their clients and team, or None
