"""Seconds since 1970 and calendar text. Own arithmetic, because MicroPython's epoch differs from port to port.

Days are counted in 400-year cycles from 1 March of year 0, so that the leap day comes last (proleptic Gregorian
calendar, as ISO 8601 has it).
"""

from dermis.core.errors import BadInput

DAY_S = 86400
CYCLE_DAYS = 146097  # 400 years
EPOCH_DAYS = 719468  # from 0000-03-01 to 1970-01-01
FORM = "0000-00-00T00:00:00"
LENGTH = len(FORM)
FIRST_YEAR, LAST_YEAR = 1970, 9999
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def text(seconds):
    """yyyy-MM-ddTHH:mm:ss of a time in seconds since 1970-01-01 UTC."""
    days, second = divmod(seconds, DAY_S)
    cycle, day = divmod(days + EPOCH_DAYS, CYCLE_DAYS)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day_of_year = day - (365 * year + year // 4 - year // 100)
    month = (5 * day_of_year + 2) // 153
    day_of_month = day_of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year += 400 * cycle + (1 if month <= 2 else 0)
    return "%04d-%02d-%02dT%02d:%02d:%02d" % (
        year,
        month,
        day_of_month,
        second // 3600,
        second // 60 % 60,
        second % 60,
    )


def seconds(text):
    """The opposite of `text`; what follows the seconds is ignored. Raises BadInput."""
    head = text[:LENGTH]
    # `int` takes signs, spaces and other scripts' digits.
    form = ["0" if "0" <= char <= "9" else char for char in head]
    if "".join(form) != FORM:
        raise BadInput("%r is no time; write it as 2026-01-31T12:00:00 (UTC)" % head)
    parts = [int(head[at : at + size]) for at, size in ((0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2))]
    year, month, day, hour, minute, second = parts
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    sound = FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12 and hour < 24 and minute < 60 and second < 60
    if not sound or not 1 <= day <= _MONTH_DAYS[month - 1] + (1 if leap and month == 2 else 0):
        raise BadInput("%r is no time that there is; write it as 2026-01-31T12:00:00 (UTC)" % head)
    if month <= 2:
        year -= 1
        month += 12
    cycle, year = divmod(year, 400)
    day_of_year = (153 * (month - 3) + 2) // 5 + day - 1
    days = cycle * CYCLE_DAYS + 365 * year + year // 4 - year // 100 + day_of_year - EPOCH_DAYS
    return days * DAY_S + hour * 3600 + minute * 60 + second


def days_since(date, now):
    """Whole days from a date (yyyy-MM-dd, UTC) to `now` (seconds since 1970); -1 when the clock was never set (0) or
    stands before that date. Raises BadInput for no date."""
    since = seconds(date + "T00:00:00")
    return (now - since) // DAY_S if now >= since else -1
