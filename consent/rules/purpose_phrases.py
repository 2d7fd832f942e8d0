"""Reading a purpose written in words: `marketing SMS`, `sell/share`, `statistics cookie, own use only`."""

import re
from contextlib import suppress

from consent.rules.vocabulary import Channel, Purpose
from consent.rules.wording import Facts, Phrase, phrase, stated

_PURPOSES = (
    (r"opt in again|\bre ?ask|ask again|prompt", Purpose.OPT_IN_PROMPT),
    (r"\bapi read|partner (api|read)|processor read", Purpose.PARTNER_READ),
    (r"automated|credit offer", Purpose.AUTOMATED_DECISION),
    (r"legal claim|litigation|legal defen[cs]e", Purpose.LEGAL_CLAIM),
    (r"(any\w*|all|everything) (but|except) stor", Purpose.ANY),
    (r"(?<!no )(?<!without )\b(promo\w*|coupon|upsell|cross sell|marketing block|advert\w* block)", Purpose.MARKETING),
    (
        r"receipt|transactional|\bservice\b|invoice|password|security|breach|\border\b|delivery|shipping|recall"
        r"|confirmation|contract performance|necessary|essential|session cookie|shopping cart",
        Purpose.SERVICE,
    ),
    (r"\bstor(age|e|ing)\b|\bkeep|retention|archiv", Purpose.STORAGE),
    (r"loyalty|financial incentive", Purpose.LOYALTY_SHARE),
    (r"statistic|audience measurement", Purpose.STATISTICS),
    (r"(new|other|incompatible|further) purpose|^other$", Purpose.OTHER),
    (r"shar\w* (\w+ )?with|partner shar|third part\w+ shar|disclos", Purpose.PARTNER_SHARE),
    (r"\b(sell|sale|selling|sold|share|sharing|shared)\b", Purpose.SALE_SHARE),
    (r"target|behaviou?ral|cross context|remarket|audience|\bads?\b|advertis", Purpose.TARGETED_ADS),
    (r"analytic|engagement|tracking|measurement|metric", Purpose.ANALYTICS),
    (r"personali[sz]|recommend|profil", Purpose.PERSONALISATION),
    (
        r"marketing|newsletter|^same\b|campaign|mail|\bsms\b|text message|\bpush\b|phone|\bcall|post|letter"
        r"|charit|fundrais|offers?\b",
        Purpose.MARKETING,
    ),
    (r"^(any|all|\*)$", Purpose.ANY),
)
_CHANNELS = (
    (r"\bsms\b|text message", Channel.SMS),
    (r"\bpush\b", Channel.PUSH),
    (r"phone|\bcall|telemarket", Channel.PHONE),
    (r"postal|\bpost\b|\bletters?\b|direct mail|by mail", Channel.POST),
    (r"cookie|pixel|tracker", Channel.COOKIE),
    (r"e ?mail|newsletter|\bmail\b|^same\b", Channel.EMAIL),
)
_OTHER_NAMES = {
    "web": Channel.COOKIE,
    "browser": Channel.COOKIE,
    "site": Channel.COOKIE,
    "app": Channel.PUSH,
    "in app": Channel.PUSH,
    "api": Channel.ANY,
    "mail": Channel.EMAIL,
    "text": Channel.SMS,
    "ads": Channel.ADS_AUDIENCE,
    "partner": Channel.PARTNER_SHARE,
}
_USUAL_CHANNEL = {Purpose.ANALYTICS: Channel.COOKIE, Purpose.STATISTICS: Channel.COOKIE}

_FACTS: tuple[Phrase, ...] = (
    phrase(r"own (use|statistics|site|product)|first party|audience measurement", own_use_only=True),
    phrase(r"shared with|third part|ad partner", own_use_only=False),
    phrase(r"in+quiry|enquiry|application|quote", implied_by_inquiry=True),
    phrase(r"charit|donor|donation|supporter|fundrais", charity=True),
    phrase(r"not similar|dissimilar|unrelated|third party (product|offer)|partner s? ?(product|offer)"
           r"|other (product|offer)", soft_similar=False),
)  # fmt: skip


def read_purpose(text: str) -> Purpose | None:
    """The purpose normalised words name; None when they name none."""
    with suppress(ValueError):
        return Purpose(text.replace(" ", "_"))
    return next((purpose for pattern, purpose in _PURPOSES if re.search(pattern, text)), None)


def read_channel(text: str) -> Channel | None:
    """The channel normalised words name; None when they name none."""
    with suppress(ValueError):
        return Channel(text.replace(" ", "_"))
    return _OTHER_NAMES.get(text) or next((channel for pattern, channel in _CHANNELS if re.search(pattern, text)), None)


def usual_channel(purpose: Purpose) -> Channel:
    """The channel a purpose has when none is named: cookies for measurement, otherwise any (the strictest)."""
    return _USUAL_CHANNEL.get(purpose, Channel.ANY)


def use_facts(text: str) -> Facts:
    """Facts about the use that normalised words state, in the purpose or beside the ledger state."""
    return stated(text, _FACTS)
