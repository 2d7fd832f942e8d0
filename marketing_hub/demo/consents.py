"""What the invented people decided about their data, and when: pure and deterministic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any

from marketing_hub.demo.people import Person, dice

NOTICE_LOCALES = ("en", "de", "fr", "es")
TRACKING = "analytics"
MAILING = "marketing_email"


class Story(StrEnum):
    """What became of asking a person."""

    DOUBLE_OPT_IN = "double_opt_in"
    PENDING = "pending"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    GPC = "gpc"
    SOFT_OPT_IN = "soft_opt_in"
    NEVER_ASKED = "never_asked"


_SHARES = {
    Story.DOUBLE_OPT_IN: 44,
    Story.PENDING: 7,
    Story.REFUSED: 10,
    Story.WITHDRAWN: 12,
    Story.GPC: 7,
    Story.SOFT_OPT_IN: 8,
    Story.NEVER_ASKED: 12,
}


@dataclass(frozen=True, slots=True)
class ConsentStep:
    """One entry for the ledger: `purpose` is a purpose key, `event` a ledger event.

    `locale` names the notice shown (its first version), "" when none was. `evidence` takes the ledger's own names.
    """

    purpose: str
    event: str
    occurred_at: datetime
    source: str
    locale: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


def story_of(person: Person) -> Story:
    """The story of this person; the shares are those of `_SHARES`, in percent."""
    return dice("story", person.external_id).choices(list(_SHARES), list(_SHARES.values()))[0]


def consent_steps(person: Person, *, now: datetime) -> list[ConsentStep]:
    """The entries of one person in order of time, all before `now`; none at all for those never asked."""
    story, luck = story_of(person), dice("consent", person.external_id)
    if story is Story.NEVER_ASKED:
        return []
    asked = person.created_at + timedelta(minutes=luck.randint(2, 20))
    steps = [_tracking(person, story, asked), *_mailing(person, story, asked, luck)]
    if story is Story.GPC:
        steps.append(ConsentStep("sale_share", "opted_out", asked, "gpc", evidence={"gpc": True}))
    if story is Story.DOUBLE_OPT_IN and luck.random() < 0.7:
        steps.append(_shown("personalisation", "granted", asked, person))
    if story is Story.WITHDRAWN:
        steps.extend(_withdrawal(steps[-1].occurred_at, luck, now))
    return sorted(steps, key=lambda step: step.occurred_at)


def allowed_between(steps: Sequence[ConsentStep], purpose: str) -> tuple[datetime, datetime | None] | None:
    """From when, and until when if ever, these steps allow a purpose; None when they never do."""
    begin, end = None, None
    for step in steps:
        if step.purpose == purpose and step.event in ("granted", "soft_opt_in"):
            begin = step.occurred_at
        elif step.purpose == purpose and step.event in ("withdrawn", "unsubscribed"):
            end = step.occurred_at
    return (begin, end) if begin else None


def _tracking(person: Person, story: Story, asked: datetime) -> ConsentStep:
    return _shown(TRACKING, "refused" if story is Story.REFUSED else "granted", asked, person)


def _mailing(person: Person, story: Story, asked: datetime, luck: Random) -> list[ConsentStep]:
    """Refused, taken along with the sale, or asked by mail and confirmed by most within a day."""
    if story is Story.REFUSED:
        return [_shown(MAILING, "refused", asked, person)]
    if story is Story.SOFT_OPT_IN:
        return [_shown(MAILING, "soft_opt_in", asked, person, soft_sale=True, soft_similar=True, opt_out_offered=True)]
    question = _shown(MAILING, "pending_doi", asked, person)
    if story is Story.PENDING:
        return [question]
    confirmed = asked + timedelta(minutes=luck.randint(3, 200))
    return [question, _shown(MAILING, "granted", confirmed, person, source="confirmation_mail", doi_done=True)]


def _withdrawal(after: datetime, luck: Random, now: datetime) -> list[ConsentStep]:
    """Some time between the last yes and now by the link in a mail; half the people stop the tracking as well."""
    at = (after + (now - after) * luck.uniform(0.1, 0.9)).replace(microsecond=0)
    steps = [ConsentStep(MAILING, "unsubscribed", at, "unsubscribe_link")]
    if luck.random() < 0.5:
        steps.append(ConsentStep(TRACKING, "withdrawn", at, "preference_page"))
    return steps


def _shown(
    purpose: str, event: str, at: datetime, person: Person, *, source: str = "checkout", **evidence: Any
) -> ConsentStep:
    """A step by which the person answered a notice in the language nearest to hers."""
    locale = person.language if person.language in NOTICE_LOCALES else "en"
    return ConsentStep(purpose, event, at, source, locale, {"form_id": "checkout-7"} | evidence)
