"""Reading a ledger state written in words: `granted, DOI done, notice current`, `soft_opt_in then unsubscribed`.

A bare word is taken at its word: `granted` alone is a complete, proven consent. A remark beside it that cannot be
read makes it unproven, since an unread remark is more often a flaw than a virtue.
"""

import re
from datetime import UTC, datetime, timedelta

from consent.rules.vocabulary import REFUSALS, State
from consent.rules.wording import Facts, Phrase, iso_moment, moment, phrase, stated

_PROVEN: Facts = {
    "notice_recorded": True, "wording_recorded": True, "notice_current": True, "doi_done": True, "two_step": True,
}  # fmt: skip
_CUSTOMER: Facts = {"soft_sale": True, "soft_similar": True, "opt_out_offered": True}
_NO = r"\b(?:no|not|never|without|missing|lacks|lacking)\b"
_STAYS = (
    r"(?:did not|does not|didn t|not) (?:affirm|confirm|want|wish|intend)\w*(?: to)?(?: the)? ?(?:withdraw\w*|leave)"
)
_DPA = r"dpa|data processing (?:agreement|contract)|processor (?:agreement|contract)|processing (?:agreement|contract)"

_FACTS: tuple[Phrase, ...] = (
    phrase(rf"{_NO}[^,;]*\b(notice|proof|evidence)|(notice|proof|evidence)[^,;]* missing", notice_recorded=False),
    phrase(rf"{_NO}[^,;]*\bwording|wording[^,;]* missing|\b(oral|orally|verbal|verbally)\b", wording_recorded=False),
    phrase(r"single opt in|(no|without|not) (double opt in|doi)|doi (not|never|missing|pending)|not confirmed",
           doi_done=False),
    phrase(r"notice (is )?(outdated|superseded|old|stale|not current|changed)|material(ly)? chang",
           notice_current=False),
    phrase(r"(not|non|no|im|without)[ -]?material|editorial", notice_current=True),
    phrase(r"one step|single step", two_step=False),
    phrase(r"conflict", conflict_prompt=True),
    phrase(rf"{_STAYS}|(chose|decided|asked) to (stay|remain)|(affirmed|confirmed) (membership|staying)",
           conflict_prompt=True),
    phrase(r"\basked\b.*\bdid not withdraw", conflict_prompt=True),
    phrase(rf"{_NO}( \w+)* conflict|never asked|not asked", conflict_prompt=False),
    phrase(r"parent|guardian", parent_consent=True),
    phrase(rf"{_NO} (\w+ )?(parent|guardian)", parent_consent=False),
    phrase(r"\binformed\b|notice (given|shown)", informed=True),
    phrase(r"\buninformed\b|not (informed|told)|no notice (given|shown)|no information", informed=False),
    phrase(r"(objection|opt out|way to object)( is| was)? (offered|possible|given|link)|objection link",
           objection_offered=True, opt_out_offered=True),
    phrase(r"(no|without)( an?)? (objection|opt out|way to object)|(objection|opt out)( was| is)? not",
           objection_offered=False, opt_out_offered=False),
    phrase(r"safeguard|human (review|intervention)", safeguards=True),
    phrase(rf"{_NO} (\w+ )?(safeguard|human)", safeguards=False),
    phrase(r"necessary for (a |the )?contract|contract (signed|requested|concluded)", contract=True),
    phrase(r"no contract|not necessary", contract=False),
    phrase(r"before (5 feb\w* 2026|2026-02-05|commencement|the act)",
           collected_at=datetime(2026, 2, 4, tzinfo=UTC)),
    phrase(r"\brestrict", restricted=True),
    phrase(r"(not|un|no longer) ?restrict|restriction (lifted|ended|over)", restricted=False),
    phrase(r"erased|suppress|tombstone", suppressed=True),
    phrase(r"not (erased|suppressed)", suppressed=False),
    phrase(rf"({_DPA})[^,;]*\b(valid|signed|current|active|in force)", processor_valid=True),
    phrase(rf"({_DPA})[^,;]*(expired|missing|invalid|unsigned|terminated|lapsed|revoked|ended|not )"
           rf"|{_NO}( valid| signed| current)? ({_DPA})", processor_valid=False),
)  # fmt: skip

_NEGATED = re.compile(
    rf"{_NO}(?: (?:yet|been|any|a|an|ever|own|prior|express|valid|naming|the))*"
    r" (?:consent\w*|grant\w*|opted (?:in|out)|opt (?:in|out)|asked|record\w*|contract|object\w*|withdr\w+"
    r"|unsubscri\w+|expired|restricted|erased|suppressed|refused|confirmed)"
    r"|(?:objection|opt out|unsubscribe)(?: is| was)? (?:offered|possible|given|link|not)\w*|objection link\w*"
    rf"|\b(?:{_DPA})[^,;]*|(?:double|single) opt in|\bdoi (?:done|confirmed|not done)|unrestricted"
)
_LATER = re.compile(
    r"\bthen\b|->|→|=>|\bafterwards\b|\blater\b"
    r"|(?=\bre ?(?:consent|grant|subscri|opted)|\b(?:opted|opt) (?:back )?in again|\bopted back in|\bgranted again)"
)
_STATES = (
    (r"object(ed|ion|s)\b", State.OBJECTED),
    (r"unsubscri|\bstop\b", State.UNSUBSCRIBED),
    (r"opt(ed|s)? out", State.OPTED_OUT),
    (r"withdr(awn|ew|aws?|awal)|revoked|affirmed (intent to )?(withdraw|leav)", State.WITHDRAWN),
    (r"refus|declin|rejected|said no\b", State.REFUSED),
    (r"invalid|pre ?ticked|bundled|forced|inactivity|silence|purchased list|bought list", State.INVALIDATED),
    (r"pending|unconfirmed|awaiting|single opt in pending", State.PENDING_DOI),
    (r"expired|lapsed|ran out|run out", State.EXPIRED),
    (r"soft opt in", State.SOFT_OPT_IN),
    (r"import", State.IMPORTED),
    (r"implied", State.IMPLIED),
    (r"grant|consent|opted (back )?in|opt in|renewed|(?<!un)subscri|member|enrolled|accepted|agreed", State.GRANTED),
    (r"^none\b", State.NONE),
    (r"existing (customer|business)|purchase|bought|in+quiry|enquiry|donor|supporter", State.SOFT_OPT_IN),
    (r"request|asked", State.REQUESTED),
    (r"\bnone\b|no record|^-?$|nothing|unset|gpc|restrict|erased|suppress|tombstone", State.NONE),
)
_READABLE = re.compile(
    r"notice|wording|\bdoi\b|opt in|valid until|\bv\d+|gpc|signal|conflict|step|minor|own|by|for|art(icle)? \d+|\d{4}-"
    r"|\b(day|week|month|year)|now (absent|off)|specific|freely|affirm|stay|membership|proof|evidence|proven|safeguard"
    r"|prompt|after|before|written|web form|\bpaper|similar|inquiry|purchase|sale|context|customer|donor|parent"
    r"|express|double|verif|confirm|current|informed|told|offered"
)
_VALID_UNTIL = re.compile(r"valid until (\d{4}-\d{2}-\d{2}\S*)")
_VERSION = re.compile(r"\bv(?:ersion )?(\d+)")


def read_ledger(text: str, purpose_text: str, at: datetime) -> Facts | None:
    """`Case` fields stated by normalised ledger words, seen from `at`; None when no state can be read."""
    plain = _NEGATED.sub(" none ", re.sub(_STAYS, " granted ", text))
    part = next((part for part in map(str.strip, reversed(_LATER.split(plain))) if _state(part)), None)
    if part is None:
        return None
    merged = _merged(part) if "merge" in part else ()
    state = merged[0] if merged else _state(part) or State.NONE
    facts = _assumed(state, text, at) | {"state": state, "merged_states": merged}
    facts |= _dates(state, text, purpose_text, at) | _versions(text, purpose_text, facts)
    facts |= stated(text, _FACTS)
    return facts if all(map(_is_readable, re.split(r"[,;()]", plain))) else facts | dict.fromkeys(_PROVEN, False)


def _state(part: str) -> State | None:
    return next((state for pattern, state in _STATES if re.search(pattern, part)), None)


def _merged(plain: str) -> tuple[State, ...]:
    parts = re.split(r"[,;+&:]|\band\b", re.sub(r"\bmerge[ds]?\b( profiles?)?", "", plain))
    return tuple(state for state in map(_state, (part.strip() for part in parts if part.strip())) if state is not None)


def _is_readable(clause: str) -> bool:
    clause = clause.strip()
    return not clause or _state(clause) is not None or bool(_READABLE.search(clause)) or bool(stated(clause, _FACTS))


def _assumed(state: State, text: str, at: datetime) -> Facts:
    """What a bare word stands for. An import proves nothing by itself; a merge speaks of complete consents."""
    if state is State.IMPORTED:
        return dict(_PROVEN) if re.search(r"evidence|proof|proven", text) else {}
    if state in {State.SOFT_OPT_IN, State.IMPLIED}:
        return _CUSTOMER | {"implied_since": at}
    return dict(_PROVEN)


def _dates(state: State, text: str, purpose_text: str, at: datetime) -> Facts:
    when = moment(text, at)
    facts: Facts = {}
    if state in {State.SOFT_OPT_IN, State.IMPLIED}:
        when = when or moment(purpose_text, at)
        facts = {"implied_since": when, "collected_at": when} if when else {}
    elif when is not None:
        facts = {"changed_at" if state in REFUSALS else "granted_at": when}
    return facts | _end(text, at) | _signal_order(text, facts, at)


def _end(text: str, at: datetime) -> Facts:
    until = _VALID_UNTIL.search(text)
    if until:
        return {"valid_until": iso_moment(until[1])}
    passed = re.search(r"valid until (is |has )?(passed|past|over|reached)|past valid until|no longer valid", text)
    return {"valid_until": at - timedelta(days=1)} if passed else {}


def _signal_order(text: str, facts: Facts, at: datetime) -> Facts:
    day = timedelta(days=1)
    if re.search(r"before (the )?(first )?(gpc|signal)", text):
        return {"gpc_first_seen_at": at - day, "granted_at": min(facts.get("granted_at", at), at - 2 * day)}
    if re.search(r"granted after|after (the )?(first )?(gpc|signal)", text):
        return {"gpc_first_seen_at": at - 2 * day, "granted_at": at - day}
    return (
        {"gpc_first_seen_at": at - 30 * day}
        if re.search(r"gpc (was )?(first )?seen|gpc (earlier|before)", text)
        else {}
    )


def _versions(text: str, purpose_text: str, facts: Facts) -> Facts:
    """Agreed under notice v3, but the purpose came (or the notice now stands) at v4: the notice does not cover it."""
    under = _VERSION.search(text)
    now = [int(number) for number in _VERSION.findall(f"{purpose_text} {text}")]
    return {"notice_current": False} if under and int(under[1]) < max(now) else {}
