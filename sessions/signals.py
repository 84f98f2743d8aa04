"""What happened to people and sessions, for whoever needs to know. Sent after the commit."""

from django.dispatch import Signal

episode_closed = Signal()  # episode, now
episode_paused = Signal()  # episode, now
