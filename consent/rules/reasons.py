"""Why a use is allowed or denied: a machine code, and a sentence with the article it rests on."""

from enum import StrEnum

from consent.rules.jurisdiction_rule import JurisdictionRule
from consent.rules.vocabulary import Channel, Purpose


class Reason(StrEnum):
    """Machine codes of a decision; stable, part of the API."""

    SUPPRESSED = "suppressed"
    RESTRICTED = "restricted"
    OBJECTED = "objected"
    UNSUBSCRIBED = "unsubscribed"
    OPTED_OUT = "opted_out"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    ASKED_TOO_SOON = "asked_too_soon"
    PARENT_CONSENT_REQUIRED = "parent_consent_required"
    MINOR_BANNED = "minor_banned"
    MINOR_OPT_IN_REQUIRED = "minor_opt_in_required"
    PROCESSOR_CONTRACT_MISSING = "processor_contract_missing"
    PURPOSE_UNSPECIFIED = "purpose_unspecified"
    GPC_OPT_OUT = "gpc_opt_out"
    CONSENT_MISSING = "consent_missing"
    CONSENT_UNCONFIRMED = "consent_unconfirmed"
    CONSENT_UNPROVEN = "consent_unproven"
    CONSENT_OUTDATED = "consent_outdated"
    CONSENT_EXPIRED = "consent_expired"
    CONSENT_INVALIDATED = "consent_invalidated"
    SOFT_OPT_IN_INCOMPLETE = "soft_opt_in_incomplete"
    NOTICE_MISSING = "notice_missing"
    CONSENT_VALID = "consent_valid"
    SOFT_OPT_IN_VALID = "soft_opt_in_valid"
    IMPLIED_CONSENT_VALID = "implied_consent_valid"
    OPT_OUT_REGIME = "opt_out_regime"
    STATISTICS_EXEMPT = "statistics_exempt"
    AUTOMATED_WITH_SAFEGUARDS = "automated_with_safeguards"
    CONTRACT = "contract"
    SERVICE = "service"
    STORAGE = "storage"
    LEGAL_CLAIM = "legal_claim"
    PROCESSOR_CONTRACT_VALID = "processor_contract_valid"
    PROMPT_ALLOWED = "prompt_allowed"


ALLOWING = frozenset(
    {
        Reason.CONSENT_VALID,
        Reason.SOFT_OPT_IN_VALID,
        Reason.IMPLIED_CONSENT_VALID,
        Reason.OPT_OUT_REGIME,
        Reason.STATISTICS_EXEMPT,
        Reason.AUTOMATED_WITH_SAFEGUARDS,
        Reason.CONTRACT,
        Reason.SERVICE,
        Reason.STORAGE,
        Reason.LEGAL_CLAIM,
        Reason.PROCESSOR_CONTRACT_VALID,
        Reason.PROMPT_ALLOWED,
    }
)
"""The reasons that allow; every other reason denies."""

_OF_THE_USE = "(use)"
_SENTENCES = {
    Reason.SUPPRESSED: ("This person was erased or suppressed and must not come back.", "erasure"),
    Reason.RESTRICTED: ("Processing is restricted at the person's request: the data may only be kept.", "restriction"),
    Reason.OBJECTED: ("The person objected, and that is final.", "objection"),
    Reason.UNSUBSCRIBED: ("The person unsubscribed.", "objection"),
    Reason.OPTED_OUT: ("The person opted out.", "objection"),
    Reason.WITHDRAWN: ("The person withdrew consent.", "objection"),
    Reason.REFUSED: ("The person was asked and said no.", "objection"),
    Reason.ASKED_TOO_SOON: ("The person said no and may not be asked again yet.", "reask"),
    Reason.PARENT_CONSENT_REQUIRED: ("The person is too young to agree alone: a parent must agree.", "age"),
    Reason.MINOR_BANNED: ("Data of a person this young is not sold, shared or used for targeted ads.", "minors"),
    Reason.MINOR_OPT_IN_REQUIRED: ("At this age the young person must opt in first, in two steps.", "minors"),
    Reason.PROCESSOR_CONTRACT_MISSING: ("The partner has no valid data-processing agreement.", "processor"),
    Reason.PURPOSE_UNSPECIFIED: ("No purpose is named, so nothing can be allowed.", "other"),
    Reason.GPC_OPT_OUT: ("Global Privacy Control is on, or was, and nothing later names the conflict.", "gpc"),
    Reason.CONSENT_MISSING: ("There is no consent on record, and this use needs one.", _OF_THE_USE),
    Reason.CONSENT_UNCONFIRMED: ("The sign-up is not confirmed: only the confirmation mail may go.", "proof"),
    Reason.CONSENT_UNPROVEN: (
        "The consent cannot be shown: notice or wording is not on record, or a TC string names no vendors disclosed.",
        "proof",
    ),
    Reason.CONSENT_OUTDATED: ("The notice the person agreed to does not cover this: ask again.", "specific"),
    Reason.CONSENT_EXPIRED: ("The consent has run out; it belongs in the renewal queue.", "expiry"),
    Reason.CONSENT_INVALIDATED: ("The consent on record was found invalid.", "proof"),
    Reason.SOFT_OPT_IN_INCOMPLETE: ("The existing-customer exception does not apply here.", "soft_opt_in"),
    Reason.NOTICE_MISSING: ("The person was not told about this use and the right to say no.", _OF_THE_USE),
    Reason.CONSENT_VALID: ("A specific, proven and current consent is on record.", "proof"),
    Reason.SOFT_OPT_IN_VALID: ("Existing customer or supporter, similar offers, opt-out offered.", "soft_opt_in"),
    Reason.IMPLIED_CONSENT_VALID: ("A recent purchase or inquiry implies consent.", _OF_THE_USE),
    Reason.OPT_OUT_REGIME: ("Allowed until the person says no; the way to say no must be offered.", _OF_THE_USE),
    Reason.STATISTICS_EXEMPT: ("Own statistics only, with information and a way to object.", "exemption"),
    Reason.AUTOMATED_WITH_SAFEGUARDS: ("Automated decision with information, human review and contest.", "automated"),
    Reason.CONTRACT: ("The decision is necessary for a contract with the person.", "automated"),
    Reason.SERVICE: ("Service message or strictly necessary processing; no promotion in it.", "service"),
    Reason.STORAGE: ("Keeping the data is not affected.", "restriction"),
    Reason.LEGAL_CLAIM: ("Needed to establish, exercise or defend a legal claim.", "restriction"),
    Reason.PROCESSOR_CONTRACT_VALID: ("The partner holds a valid data-processing agreement.", "processor"),
    Reason.PROMPT_ALLOWED: ("The person may be asked.", "reask"),
}

_TOPIC_OF_CHANNEL = {
    Channel.EMAIL: "email",
    Channel.SMS: "sms",
    Channel.PUSH: "push",
    Channel.PHONE: "phone",
    Channel.POST: "post",
    Channel.COOKIE: "cookie",
}
_TOPIC_OF_PURPOSE = {
    Purpose.ANALYTICS: "cookie",
    Purpose.STATISTICS: "cookie",
    Purpose.PERSONALISATION: "personalisation",
    Purpose.SALE_SHARE: "share",
    Purpose.TARGETED_ADS: "share",
    Purpose.PARTNER_SHARE: "share",
    Purpose.LOYALTY_SHARE: "share",
    Purpose.AUTOMATED_DECISION: "automated",
}


def explain(reason: Reason, rule: JurisdictionRule, purpose: Purpose, channel: Channel) -> str:
    """The sentence for a reason with the place and the articles of that place."""
    sentence, topic = _SENTENCES[reason]
    if topic is _OF_THE_USE:
        topic = _topic_of_use(purpose, channel)
    return f"{sentence} {rule.name}: {rule.source(topic)}."


def _topic_of_use(purpose: Purpose, channel: Channel) -> str:
    if purpose is Purpose.MARKETING:
        return _TOPIC_OF_CHANNEL.get(channel, "email")
    return _TOPIC_OF_PURPOSE.get(purpose, "other")
