"""Dates, times and numbers by language. Pages and sentences name a format, never spell one out.

Beside Django's own names (DATE_FORMAT, MONTH_DAY_FORMAT, SHORT_DATE_FORMAT, TIME_FORMAT ...):

WEEKDAY_FORMAT        a day close by: Monday, November 23
SHORT_WEEKDAY_FORMAT  the same where there is little room: Mon, Nov 23
SHORT_DAY_FORMAT      a day without its year, in a chart: Nov 23
CLOCK_FORMAT          the digits of a time set as a large figure; CLOCK_HALF_FORMAT says the rest
"""
