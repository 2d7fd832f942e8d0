"""Keeping the registers: activities, processors, breaches, authorised agents. Every change stands in the audit log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from django.db import IntegrityError, transaction

from consent.models import Activity, Breach, Processor, RightsAgent
from consent.rules.breaches import clock_of, must_explain_delay
from consent.rules.data_rights import AGENT_ID, is_key
from consent.rules.papers import unknown_places
from consent.selectors.papers import forget_papers
from core import audit
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from customers.rules.countries import COUNTRY_NAMES

Entry = TypeVar("Entry", Activity, Processor, Breach, RightsAgent)
_ACTIONS: Final = {Activity: "activity", Processor: "processor", Breach: "breach", RightsAgent: "agent"}


@transaction.atomic
def save_entry(*, row: Entry, values: Mapping[str, Any], by: Actor, now: datetime) -> Entry:
    """The entry has these values; a new one has a public id. Refuses a name that another entry has.

    A breach gets its clock; one whose authority was told late needs the reason for the delay, one whose risk is not
    yet known cannot be closed. An agent needs its id in the network and a public key; with another key its token ends.
    """
    kind, new = _ACTIONS[type(row)], row.pk is None
    before = {name: getattr(row, name) for name in values}
    for name, value in values.items():
        setattr(row, name, value)
    if isinstance(row, Breach):
        _check_breach(row, now)
    if isinstance(row, Processor):
        _check_processor(row, before)
    if isinstance(row, RightsAgent):
        _check_agent(row, before)
    row.public_id = row.public_id or type(row).new_public_id()
    row.updated_at = now
    row.created_at = now if new else row.created_at
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Conflict("Another entry has this name already.", param="name") from error
    if isinstance(row, Processor):
        forget_papers()
    changes = {name: [_word(before[name]), _word(values[name])] for name in values if before[name] != values[name]}
    audit.record(
        by=by, action=f"{kind}.{'added' if new else 'changed'}", target=row.public_id, changes={} if new else changes
    )
    return row


def _check_processor(row: Processor, before: Mapping[str, Any]) -> None:
    if before.get("agreement_ends_on", row.agreement_ends_on) != row.agreement_ends_on:
        row.reminded_on = None
    for name in ("storage_places", "barred_places"):
        if unknown := unknown_places(getattr(row, name), COUNTRY_NAMES):
            raise InvalidInput(f"'{str(unknown[0])[:20]}' is no code of a country or region.", param=name)


def _check_agent(row: RightsAgent, before: Mapping[str, Any]) -> None:
    if not AGENT_ID.fullmatch(row.agent_id):
        raise InvalidInput("The id is of capital letters and underscores, such as AGENT_NAME.", param="agent_id")
    if RightsAgent.objects.filter(agent_id=row.agent_id).exclude(pk=row.pk).exists():
        raise Conflict("Another agent has this id already.", param="agent_id")
    if not is_key(row.verify_key):
        raise InvalidInput("This is no public key of Ed25519: 32 bytes in base64.", param="verify_key")
    if row.ended_on or before.get("verify_key") not in ("", row.verify_key):
        row.token_digest = ""


def _check_breach(row: Breach, now: datetime) -> None:
    if row.aware_at > now:
        raise InvalidInput("Nobody can have become aware in the future.", param="aware_at")
    for name in ("authority_told_at", "people_told_at"):
        told = getattr(row, name)
        if told and not row.aware_at <= told <= now:
            raise InvalidInput("This must lie between becoming aware and now.", param=name)
    told, late = row.authority_told_at, "Give the reasons for telling the authority after 72 hours (GDPR Art. 33(1))."
    if told and must_explain_delay(row.aware_at, told) and not row.delay_reason:
        raise InvalidInput(late, param="delay_reason")
    if row.closed_at and row.risk == Breach.Risk.UNKNOWN:
        raise InvalidInput("Judge the risk before closing.", param="risk")
    if row.closed_at and row.risk in (Breach.Risk.RISK, Breach.Risk.HIGH) and not told:
        raise InvalidInput("The authority has to be told before this can be closed.", param="authority_told_at")
    clock = clock_of(row.aware_at)
    row.safe_due, row.law_due = clock.safe_due, clock.law_due


def note_export(*, register: str, rows: int, form: str, by: Actor) -> None:
    """That somebody took a register home stands in the audit log."""
    audit.record(by=by, action="register.exported", target=register, changes={"rows": [0, rows], "format": ["", form]})


def _word(value: Any) -> Any:
    return None if value is None else str(value)
