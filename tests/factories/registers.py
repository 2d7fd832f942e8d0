"""Entries of the registers."""

import base64
from datetime import date, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone

from consent.models import Activity, Breach, Processor, RightsAgent
from consent.services.audit_reports import make_report
from consent.services.registers import save_entry
from core.actors import SYSTEM
from integrations.models import ApiClient


def activity_values(**facts: Any) -> dict[str, Any]:
    """A newsletter."""
    return {
        "name": "Newsletter",
        "purpose": "Telling customers about offers",
        "controller": "Northwind Shop, privacy office",
        "legal_basis": "consent",
        "people": "Customers",
        "data_kinds": "E-mail address, name, consent",
        "retention": "Until consent is withdrawn",
        "security": "Encryption, roles, audit log",
    } | facts


def processor_values(**facts: Any) -> dict[str, Any]:
    """A mail house."""
    return {
        "name": "Mail House",
        "service": "Sends newsletters",
        "purpose": "E-mail marketing",
        "legal_basis": "consent",
        "country": "DE",
        "agreement": "Agreement 2.1",
        "signed_on": date(2025, 1, 10),
    } | facts


def company_of(client: ApiClient, **facts: Any) -> Processor:
    """The company that reads by this client, with an agreement and a certificate that hold, unless facts say else."""
    today = timezone.now().date()
    proof = {"certificate": "ISO 27001", "certificate_ends_on": today + timedelta(days=90)}
    values = processor_values(**(proof | {"client": client.public_id} | facts))
    return save_entry(row=Processor(), values=values, by=SYSTEM, now=timezone.now())


def breach_values(**facts: Any) -> dict[str, Any]:
    """A lost notebook."""
    return {
        "name": "Lost notebook",
        "aware_at": timezone.now() - timedelta(hours=5),
        "happened": "A notebook with an encrypted disk was lost on a train.",
        "data_kinds": "Customer lists",
        "risk": "unknown",
    } | facts


def _stored(row: Any, values: dict[str, Any]) -> dict[str, str]:
    values["name"] = f"{values['name']} {type(row).objects.count() + 1}"
    return {"public_id": save_entry(row=row, values=values, by=SYSTEM, now=timezone.now()).public_id}


def activity_example() -> dict[str, str]:
    """The address of an activity."""
    return _stored(Activity(), activity_values())


def processor_example() -> dict[str, str]:
    """The address of a processor whose agreement ends soon."""
    return _stored(Processor(), processor_values(agreement_ends_on=timezone.now().date() + timedelta(days=20)))


def agent_values(**facts: Any) -> dict[str, Any]:
    """An agent with a key of its own."""
    public = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    key = base64.b64encode(public).decode()
    return {"name": "Permission Desk", "agent_id": "PERMISSION_DESK", "verify_key": key} | facts


def agent_example() -> dict[str, str]:
    """The address of an authorised agent."""
    letter = chr(ord("A") + RightsAgent.objects.count() % 26)
    return _stored(RightsAgent(), agent_values(agent_id=f"PERMISSION_DESK_{letter}"))


def breach_example() -> dict[str, str]:
    """The address of a breach that the authority has not heard of."""
    return _stored(Breach(), breach_values())


def report_example() -> dict[str, str]:
    """The address of a kept audit report."""
    today = timezone.now().date()
    row = make_report(law="gdpr", first=today - timedelta(days=30), last=today, by=SYSTEM, now=timezone.now())
    return {"public_id": row.public_id}
