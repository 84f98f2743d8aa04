"""Spanish as it is read in the United States and Mexico, not Django's, which is Spain's.

A decimal point; twelve hours, as the phones around here show them; months in words, since 3/4
is March to some and April to others.
"""

DATE_FORMAT = r"j \d\e F \d\e Y"
MONTH_DAY_FORMAT = r"j \d\e F"
YEAR_MONTH_FORMAT = r"F \d\e Y"
SHORT_DATE_FORMAT = "j b Y"
TIME_FORMAT = "g:i A"
DATETIME_FORMAT = r"j \d\e F \d\e Y, g:i A"
SHORT_DATETIME_FORMAT = "j b Y, g:i A"
WEEKDAY_FORMAT = r"l j \d\e F"
SHORT_WEEKDAY_FORMAT = "l j b"
SHORT_DAY_FORMAT = "j b"
CLOCK_FORMAT = "g:i"
CLOCK_HALF_FORMAT = "A"
FIRST_DAY_OF_WEEK = 0
DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
