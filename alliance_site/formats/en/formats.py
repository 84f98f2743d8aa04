"""American English, without the dots of "a.m.", which collide with the end of a sentence."""

TIME_FORMAT = "g:i A"
DATETIME_FORMAT = "F j, Y, g:i A"
