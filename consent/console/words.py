"""The words and tones of consent in the console."""

from typing import Any, Final

from django.conf import settings

from consent.models import ConsentEvent
from consent.rules.gpp import tc_sections
from consent.rules.tcf import ask_again_at, counts, leaves_out
from consent.rules.tcf_purposes import PURPOSES
from consent.rules.vocabulary import Channel, Purpose
from core.console import cells
from core.console.cells import State

STATES: Final = {
    "none": State("No record", "idle"),
    "requested": State("Asked", "info"),
    "pending_doi": State("Unconfirmed", "warn"),
    "granted": State("Granted", "good"),
    "renewed": State("Renewed", "good"),
    "imported": State("Imported", "good"),
    "soft_opt_in": State("Existing customer", "good"),
    "implied": State("Implied", "good"),
    "expired": State("Expired", "idle"),
    "invalidated": State("Invalid", "bad"),
    "restored": State("Restored", "info"),
    "refused": State("Refused", "bad"),
    "withdrawn": State("Withdrawn", "bad"),
    "opted_out": State("Opted out", "bad"),
    "unsubscribed": State("Unsubscribed", "bad"),
    "objected": State("Objected", "bad"),
}
CHANNELS: Final = {
    "any": "All channels",
    "email": "E-mail",
    "sms": "SMS",
    "push": "Push",
    "phone": "Phone",
    "post": "Post",
    "cookie": "Sites and apps",
    "ads_audience": "Ad platforms",
    "partner_share": "Partners",
}
BASES: Final = {
    "consent": "Consent",
    "contract": "Contract",
    "legal_obligation": "Legal obligation",
    "vital_interest": "Vital interest",
    "public_task": "Public task",
    "legitimate_interest": "Legitimate interest",
    "soft_opt_in": "Soft opt-in",
    "implied": "Implied consent",
    "notice_opt_out": "Notice with opt-out",
    "exemption": "Exemption",
    "none": "Not stated",
}
MODES: Final = {"opt_in": State("Ask first", "warn"), "opt_out": State("Notice and opt-out", "info")}


def notice_words(row: ConsentEvent) -> str:
    """`v1 en`, or a dash."""
    return f"v{row.notice.version} {row.notice.locale}" if row.notice else cells.NOTHING


def evidence_words(evidence: dict[str, Any]) -> str:
    """The proof in a few words: the flags that are set, then what is kept elsewhere."""
    flags = [_FLAGS[name] for name in _FLAGS if evidence.get(name) is True]
    kept = [str(evidence[name]) for name in _KEPT if name in evidence]
    return ", ".join([*flags, *kept]) or cells.NOTHING


def evidence_label(name: str) -> str:
    """A kind of evidence in words."""
    return _STRINGS.get(name) or _FLAGS.get(name, name.replace("_", " ")).capitalize()


def tc_words(evidence: dict[str, Any]) -> list[tuple[str, Any]]:
    """What the TC strings among the evidence say, as labels and values; nothing for one that cannot be read today."""
    found: list[tuple[str, Any]] = []
    for said in tc_sections(evidence):
        if "Version" not in said:
            continue
        granted = [f"{n} {PURPOSES[n].name}" if n in PURPOSES else str(n) for n in said["PurposesConsent"]]
        found += [
            ("TCF purposes consented to", "; ".join(granted) or "None"),
            ("Vendors disclosed (TCF 2.3)", counts(said)),
            ("Ask again (TCF)", cells.instant(ask_again_at(said))),
        ]
        if ours := settings.TCF_VENDOR_ID:
            found.append((f"Consent for our vendor {ours}", not leaves_out(said, ours, Purpose.ANALYTICS, Channel.ANY)))
    return found


_STRINGS: Final = {"gpp": "GPP string", "tc_string": "TC string"}


_FLAGS: Final = {
    "doi_done": "confirmed by e-mail",
    "gpc": "Global Privacy Control",
    "two_step": "in two steps",
    "conflict_prompt": "signal named",
    "parent_consent": "parent agreed",
    "opt_out_offered": "opt-out offered",
}
_KEPT: Final = ("form_id", "call_id", "reference", "import_id", "merged_from", "corrects", "screenshot_id", "page")
