"""Countries and US states as people write them, and the ISO 3166 codes we store, which decide the applicable law.

Codes and English names after `iso3166.tab` of the IANA time zone database, which is in the public domain.
"""

import re
import unicodedata

_NAMES = (
    "AD Andorra|AE United Arab Emirates|AF Afghanistan|AG Antigua & Barbuda|AI Anguilla|AL Albania|"
    "AM Armenia|AO Angola|AQ Antarctica|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba|"
    "AX Åland Islands|AZ Azerbaijan|BA Bosnia & Herzegovina|BB Barbados|BD Bangladesh|BE Belgium|"
    "BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi|BJ Benin|BL St Barthelemy|BM Bermuda|BN Brunei|"
    "BO Bolivia|BQ Caribbean NL|BR Brazil|BS Bahamas|BT Bhutan|BV Bouvet Island|BW Botswana|BY Belarus|"
    "BZ Belize|CA Canada|CC Cocos (Keeling) Islands|CD Congo (Kinshasa)|CF Central African Rep.|"
    "CG Congo (Brazzaville)|CH Switzerland|CI Côte d'Ivoire|CK Cook Islands|CL Chile|CM Cameroon|CN China|"
    "CO Colombia|CR Costa Rica|CU Cuba|CV Cape Verde|CW Curaçao|CX Christmas Island|CY Cyprus|"
    "CZ Czech Republic|DE Germany|DJ Djibouti|DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria|"
    "EC Ecuador|EE Estonia|EG Egypt|EH Western Sahara|ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FJ Fiji|"
    "FK Falkland Islands|FM Micronesia|FO Faroe Islands|FR France|GA Gabon|GB United Kingdom|GD Grenada|"
    "GE Georgia|GF French Guiana|GG Guernsey|GH Ghana|GI Gibraltar|GL Greenland|GM Gambia|GN Guinea|"
    "GP Guadeloupe|GQ Equatorial Guinea|GR Greece|GS South Georgia & the South Sandwich Islands|GT Guatemala|"
    "GU Guam|GW Guinea-Bissau|GY Guyana|HK Hong Kong|HM Heard Island & McDonald Islands|HN Honduras|"
    "HR Croatia|HT Haiti|HU Hungary|ID Indonesia|IE Ireland|IL Israel|IM Isle of Man|IN India|"
    "IO British Indian Ocean Territory|IQ Iraq|IR Iran|IS Iceland|IT Italy|JE Jersey|JM Jamaica|JO Jordan|"
    "JP Japan|KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros|KN St Kitts & Nevis|"
    "KP North Korea|KR South Korea|KW Kuwait|KY Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon|"
    "LC St Lucia|LI Liechtenstein|LK Sri Lanka|LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia|"
    "LY Libya|MA Morocco|MC Monaco|MD Moldova|ME Montenegro|MF Saint Martin|MG Madagascar|"
    "MH Marshall Islands|MK North Macedonia|ML Mali|MM Myanmar|MN Mongolia|MO Macau|"
    "MP Northern Mariana Islands|MQ Martinique|MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|"
    "MV Maldives|MW Malawi|MX Mexico|MY Malaysia|MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|"
    "NF Norfolk Island|NG Nigeria|NI Nicaragua|NL Netherlands|NO Norway|NP Nepal|NR Nauru|NU Niue|"
    "NZ New Zealand|OM Oman|PA Panama|PE Peru|PF French Polynesia|PG Papua New Guinea|PH Philippines|"
    "PK Pakistan|PL Poland|PM St Pierre & Miquelon|PN Pitcairn|PR Puerto Rico|PS Palestine|PT Portugal|"
    "PW Palau|PY Paraguay|QA Qatar|RE Réunion|RO Romania|RS Serbia|RU Russia|RW Rwanda|SA Saudi Arabia|"
    "SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|SG Singapore|SH St Helena|SI Slovenia|"
    "SJ Svalbard & Jan Mayen|SK Slovakia|SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia|SR Suriname|"
    "SS South Sudan|ST Sao Tome & Principe|SV El Salvador|SX Sint Maarten|SY Syria|SZ Eswatini (Swaziland)|"
    "TC Turks & Caicos Is|TD Chad|TF French Southern Territories|TG Togo|TH Thailand|TJ Tajikistan|"
    "TK Tokelau|TL East Timor|TM Turkmenistan|TN Tunisia|TO Tonga|TR Turkey|TT Trinidad & Tobago|"
    "TV Tuvalu|TW Taiwan|TZ Tanzania|UA Ukraine|UG Uganda|UM US minor outlying islands|US United States|"
    "UY Uruguay|UZ Uzbekistan|VA Vatican City|VC St Vincent|VE Venezuela|VG Virgin Islands (British)|"
    "VI Virgin Islands (US)|VN Vietnam|VU Vanuatu|WF Wallis & Futuna|WS Samoa|YE Yemen|YT Mayotte|"
    "ZA South Africa|ZM Zambia|ZW Zimbabwe"
)
_OTHER_NAMES = (
    "GB UK|GB Great Britain|GB England|GB Scotland|GB Wales|GB Northern Ireland|GB GBR|US USA|US U.S.A.|US U.S.|"
    "US United States of America|US America|IE Eire|IE Republic of Ireland|IE IRL|ZA RSA|ZA ZAF|GR EL|GR GRC|"
    "DE Deutschland|DE DEU|AT Österreich|AT AUT|CH Schweiz|CH Suisse|CH Svizzera|CH CHE|FR FRA|ES España|ES Espagne|"
    "ES ESP|IT Italia|IT ITA|NL Holland|NL The Netherlands|NL Nederland|NL NLD|BE Belgique|BE België|BE BEL|"
    "PT PRT|DK Danmark|DK DNK|SE Sverige|SE SWE|NO Norge|NO NOR|FI Suomi|FI FIN|PL Polska|PL POL|CZ Czechia|CZ CZE|"
    "CA CAN|AU AUS|NZ NZL|BR Brasil|BR BRA|MX México|MX MEX|IN IND|JP JPN|CN People's Republic of China|CN CHN|"
    "KR Korea|KR Republic of Korea|KR KOR|RU Russian Federation|RU RUS|TR Türkiye|TR TUR|VN Viet Nam|AE UAE|AE ARE|"
    "SG SGP|HK HKG|IL ISR|SA SAU|MO Macao|CI Ivory Coast|SZ Swaziland|MK Macedonia|VA Holy See|BQ Bonaire"
)
_US_STATES = (
    "AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|"
    "DC District of Columbia|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|"
    "KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|"
    "MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|"
    "NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island|"
    "SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia|WA Washington|"
    "WV West Virginia|WI Wisconsin|WY Wyoming|PR Puerto Rico"
)
_SUBDIVISION = re.compile(r"([A-Z]{2})-([A-Z0-9]{1,3})")


def _fold(text: str) -> str:
    """Letters only, small, without accents."""
    plain = unicodedata.normalize("NFKD", text.replace("&", " and ")).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def _pairs(listed: str) -> list[tuple[str, str]]:
    return [(entry[:2], entry[3:]) for entry in listed.split("|")]


COUNTRY_NAMES: dict[str, str] = dict(_pairs(_NAMES))
_COUNTRIES = {_fold(name): code for code, name in [*_pairs(_NAMES), *_pairs(_OTHER_NAMES)]}
_STATES = {_fold(name): code for code, name in _pairs(_US_STATES)}
_STATE_CODES = frozenset(code for code, _ in _pairs(_US_STATES))


def country_code(text: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a code or English name in any case; None for anything else."""
    code = text.strip().upper()
    return code if code in COUNTRY_NAMES else _COUNTRIES.get(_fold(text))


def region_code(text: str, country: str = "") -> str | None:
    """The ISO 3166-2 code, as in US-CA, of a full code, a code within `country`, or the name of a US state."""
    code = text.strip().upper()
    if country in ("", "US") and (state := _STATES.get(_fold(text))):
        return f"US-{state}"
    if country and "-" not in code:
        code = f"{country}-{code}"
    full = _SUBDIVISION.fullmatch(code)
    if full is None or full[1] not in COUNTRY_NAMES or country not in ("", full[1]):
        return None
    return code if full[1] != "US" or full[2] in _STATE_CODES else None
