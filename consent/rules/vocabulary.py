"""The words of consent: states, events, purposes, channels, legal bases, and how a place treats each."""

from enum import StrEnum


class State(StrEnum):
    """Where a person stands on one purpose over one channel."""

    NONE = "none"
    REQUESTED = "requested"
    PENDING_DOI = "pending_doi"
    GRANTED = "granted"
    IMPORTED = "imported"
    SOFT_OPT_IN = "soft_opt_in"
    IMPLIED = "implied"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OPTED_OUT = "opted_out"
    UNSUBSCRIBED = "unsubscribed"
    OBJECTED = "objected"


class Event(StrEnum):
    """What a row of the ledger records; states follow from events by `consent.rules.states.next_state`.

    `restored` is written only when a merge is undone: the person stands again where the entry `restores_seq` had put
    her (0: nowhere), see `consent.rules.standing.replay`.
    """

    REQUESTED = "requested"
    PENDING_DOI = "pending_doi"
    GRANTED = "granted"
    RENEWED = "renewed"
    IMPORTED = "imported"
    SOFT_OPT_IN = "soft_opt_in"
    IMPLIED = "implied"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OPTED_OUT = "opted_out"
    UNSUBSCRIBED = "unsubscribed"
    OBJECTED = "objected"
    RESTORED = "restored"


class Purpose(StrEnum):
    """What the data is wanted for."""

    MARKETING = "marketing"
    ANALYTICS = "analytics"
    STATISTICS = "statistics"
    PERSONALISATION = "personalisation"
    SALE_SHARE = "sale_share"
    TARGETED_ADS = "targeted_ads"
    PARTNER_SHARE = "partner_share"
    LOYALTY_SHARE = "loyalty_share"
    AUTOMATED_DECISION = "automated_decision"
    OPT_IN_PROMPT = "opt_in_prompt"
    PARTNER_READ = "partner_read"
    SERVICE = "service"
    STORAGE = "storage"
    LEGAL_CLAIM = "legal_claim"
    OTHER = "other"
    ANY = "any"


class Channel(StrEnum):
    """The way it reaches the person, or leaves us."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    PHONE = "phone"
    POST = "post"
    COOKIE = "cookie"
    ADS_AUDIENCE = "ads_audience"
    PARTNER_SHARE = "partner_share"
    ANY = "any"


class Basis(StrEnum):
    """The legal basis the controller relies on: GDPR Art. 6(1) and the models beside it; `none` when not stated."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTEREST = "vital_interest"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTEREST = "legitimate_interest"
    SOFT_OPT_IN = "soft_opt_in"
    IMPLIED = "implied"
    NOTICE_OPT_OUT = "notice_opt_out"
    EXEMPTION = "exemption"
    NONE = "none"


class Mode(StrEnum):
    """How a place treats one use: ask first, express or implied (CASL), or allowed until the person says no."""

    OPT_IN = "opt_in"
    IMPLIED = "implied"
    OPT_OUT = "opt_out"


class Regime(StrEnum):
    """The family of law a place belongs to."""

    STRICTEST = "strictest"
    GDPR = "gdpr"
    UK_GDPR = "uk_gdpr"
    SWISS_FADP = "swiss_fadp"
    US = "us"
    CANADA = "canada"
    BRAZIL_LGPD = "brazil_lgpd"


class GpcEffect(StrEnum):
    """Why a Global Privacy Control signal counts in a place. It always counts; only the ground differs."""

    BINDING = "binding"
    OBJECTION = "objection"
    POLICY = "policy"


class MinorAds(StrEnum):
    """Sale, sharing and targeted advertising below `minor_ads_age`: the young person's own yes, or never."""

    OPT_IN = "opt_in"
    BAN = "ban"


class GateMode(StrEnum):
    """What engagement tracking needs in a place: prior consent, or notice with the right to opt out."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"


REFUSALS = frozenset({State.OBJECTED, State.UNSUBSCRIBED, State.OPTED_OUT, State.WITHDRAWN, State.REFUSED})
"""States in which the person has said no; only a new act of the person ends them."""

SERVICE_PURPOSES = frozenset({Purpose.SERVICE, Purpose.STORAGE, Purpose.LEGAL_CLAIM})
"""Purposes that do not rest on consent: contract, keeping, legal claims (GDPR Art. 6(1)(b)-(c), 17(3)(e))."""

SHARING_PURPOSES = frozenset({Purpose.SALE_SHARE, Purpose.TARGETED_ADS, Purpose.PARTNER_SHARE, Purpose.LOYALTY_SHARE})
"""Purposes a Global Privacy Control signal covers: the sale and sharing of data, and advertising built on it."""
