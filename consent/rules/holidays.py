"""Public holidays as data: which days are no working days where the law counts working days or rolls a period.

A set is a list of words: `MM-DD` a fixed day; `e+39` days from Easter Sunday (Gregorian), `o+1` from Orthodox Easter;
`1mon05` the first Monday of May, `-1mon05` the last; `mon<=05-24` the last such weekday on or before a day,
`sat>=06-20` the first on or after it. A suffix says what follows when the day is a weekend: `~` the nearest weekday
(Saturday back, Sunday on; 5 U.S.C. 6103(b)), `>` the next day that is no weekend and no holiday (Banking and Financial
Dealings Act 1971 s.1(2)), `s` Sunday on only. Only nation-wide days stand under a country; `DE-BY` adds to `DE`.
In doubt a day is a working day: that makes a date earlier, never later.

Sources: the statutes of each country as consolidated at the version date; California: Gov. Code 6700 and 19853, less
days on which public offices work (Lincoln Day, Admission Day, Columbus Day), plus the day after Thanksgiving.
"""

from typing import Final

HOLIDAY_SET: Final = "holidays-2026-11"

_EASTER_MONDAY_ON = "e+1 e+39 e+50"
_UK_COMMON = "01-01> e-2 1mon05 -1mon05 12-25> 12-26> "
_US_COMMON = "01-01~ 3mon01 3mon02 -1mon05 06-19~ 07-04~ 1mon09 11-11~ 4thu11 12-25~ "

HOLIDAYS: Final[dict[str, str]] = {
    "AT": f"01-01 01-06 {_EASTER_MONDAY_ON} 05-01 e+60 08-15 10-26 11-01 12-08 12-25 12-26",
    "BE": f"01-01 {_EASTER_MONDAY_ON} 05-01 07-21 08-15 11-01 11-11 12-25",
    "BG": "01-01 03-03 o-2 o-1 o+0 o+1 05-01 05-06 05-24 09-06 09-22 12-24 12-25 12-26",
    "CY": "01-01 01-06 o-48 03-25 04-01 o-2 o+1 05-01 o+50 08-15 10-01 10-28 12-25 12-26",
    "CZ": "01-01 e-2 e+1 05-01 05-08 07-05 07-06 09-28 10-28 11-17 12-24 12-25 12-26",
    "DE": f"01-01 e-2 {_EASTER_MONDAY_ON} 05-01 10-03 12-25 12-26",
    "DK": f"01-01 e-3 e-2 {_EASTER_MONDAY_ON} 12-25 12-26",
    "EE": "01-01 02-24 e-2 05-01 06-23 06-24 08-20 12-24 12-25 12-26",
    "ES": "01-01 01-06 e-2 05-01 08-15 10-12 11-01 12-06 12-08 12-25",
    "FI": "01-01 01-06 e-2 e+1 05-01 e+39 sat>=06-20 sat>=10-31 12-06 12-25 12-26",
    "FR": f"01-01 {_EASTER_MONDAY_ON} 05-01 05-08 07-14 08-15 11-01 11-11 12-25",
    "GR": "01-01 01-06 o-48 03-25 o-2 o+1 05-01 o+50 08-15 10-28 12-25 12-26",
    "HR": "01-01 01-06 e+1 05-01 05-30 e+60 06-22 08-05 08-15 11-01 11-18 12-25 12-26",
    "HU": "01-01 03-15 e-2 e+1 05-01 e+50 08-20 10-23 11-01 12-25 12-26",
    "IE": "01-01 1mon02 03-17 e+1 1mon05 1mon06 1mon08 -1mon10 12-25 12-26",
    "IS": f"01-01 e-3 e-2 {_EASTER_MONDAY_ON} thu>=04-19 05-01 06-17 1mon08 12-25 12-26",
    "IT": "01-01 01-06 e+1 04-25 05-01 06-02 08-15 10-04 11-01 12-08 12-25 12-26",
    "LI": f"01-01 01-06 {_EASTER_MONDAY_ON} 05-01 e+60 08-15 09-08 11-01 12-08 12-25 12-26",
    "LT": "01-01 02-16 03-11 e+1 05-01 06-24 07-06 08-15 11-01 11-02 12-24 12-25 12-26",
    "LU": f"01-01 {_EASTER_MONDAY_ON} 05-01 05-09 06-23 08-15 11-01 12-25 12-26",
    "LV": "01-01 e-2 e+1 05-01 05-04 06-23 06-24 11-18 12-24 12-25 12-26 12-31",
    "MT": "01-01 02-10 03-19 03-31 e-2 05-01 06-07 06-29 08-15 09-08 09-21 12-08 12-13 12-25",
    "NL": f"01-01 {_EASTER_MONDAY_ON} 04-27 12-25 12-26",
    "NO": f"01-01 e-3 e-2 {_EASTER_MONDAY_ON} 05-01 05-17 12-25 12-26",
    "PL": "01-01 01-06 e+1 05-01 05-03 e+60 08-15 11-01 11-11 12-24 12-25 12-26",
    "PT": "01-01 e-2 04-25 05-01 e+60 06-10 08-15 10-05 11-01 12-01 12-08 12-25",
    "RO": "01-01 01-02 01-06 01-07 01-24 o-2 o+1 05-01 o+50 06-01 08-15 11-30 12-01 12-25 12-26",
    "SE": "01-01 01-06 e-2 e+1 05-01 e+39 06-06 sat>=06-20 sat>=10-31 12-25 12-26",
    "SI": "01-01 01-02 02-08 e+1 04-27 05-01 05-02 06-25 08-15 10-31 11-01 12-25 12-26",
    "SK": "01-01 01-06 e-2 e+1 05-01 07-05 08-29 11-01 12-24 12-25 12-26",
    "DE-BW": "01-06 e+60 11-01",
    "DE-BY": "01-06 e+60 11-01",
    "DE-BE": "03-08",
    "DE-BB": "10-31",
    "DE-HB": "10-31",
    "DE-HH": "10-31",
    "DE-HE": "e+60",
    "DE-MV": "03-08 10-31",
    "DE-NI": "10-31",
    "DE-NW": "e+60 11-01",
    "DE-RP": "e+60 11-01",
    "DE-SL": "e+60 08-15 11-01",
    "DE-SN": "10-31 wed<=11-22",
    "DE-ST": "01-06 10-31",
    "DE-SH": "10-31",
    "DE-TH": "09-20 10-31",
    "FR-57": "e-2 12-26",
    "FR-67": "e-2 12-26",
    "FR-68": "e-2 12-26",
    "UK": _UK_COMMON + "e+1 -1mon08",
    "UK-SCT": "01-01> 01-02> e-2 1mon05 -1mon05 1mon08 11-30> 12-25> 12-26>",
    "UK-NIR": _UK_COMMON + "03-17> e+1 07-12> -1mon08",
    "US": _US_COMMON + "2mon10",
    "US-CA": _US_COMMON + "03-31s fri>=11-23",
    "CA": "01-01s e-2 e+1 mon<=05-24 07-01s 1mon09 09-30 2mon10 11-11 12-25",
}
"""The days of each place, in the words above."""

ADDS_TO: Final = {code: code.partition("-")[0] for code in HOLIDAYS if code.startswith(("DE-", "FR-"))}
"""Sets that hold only what a part of a country adds."""

ONCE: Final[dict[str, tuple[str, ...]]] = {
    "UK": ("2022-06-02", "2022-06-03", "2022-09-19", "2023-05-08"),
    "UK-SCT": ("2022-06-02", "2022-06-03", "2022-09-19", "2023-05-08", "2026-06-15"),
    "UK-NIR": ("2022-06-02", "2022-06-03", "2022-09-19", "2023-05-08"),
}
"""Days proclaimed once."""
