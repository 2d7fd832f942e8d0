"""What the consent addresses take."""

from collections.abc import Mapping
from typing import Any, Final

from rest_framework import serializers

from consent.api.camel import AnyField, StrictSerializer, renamed
from consent.rules.evidence import FLAGS, IDENTIFIERS, INSTANTS
from consent.rules.vocabulary import Basis, Event
from consent.selectors.answers import camel
from consent.services.batches import MAX_BATCH, NamedEntries
from consent.services.consent import MAX_ENTRIES, ConsentEntry
from core.crypto import keyed_hash

_OURS: Final = frozenset({"merged_from", "restores_seq", "import_id", "corrects", "gpc"})
_NOT_BY_CALLERS: Final = (Event.EXPIRED, Event.INVALIDATED, Event.RESTORED)
_BY_CALLERS: Final = [event.value for event in Event if event not in _NOT_BY_CALLERS]
_REGION: Final = r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$"
_REGION_HELP: Final = "Where the person is: ISO 3166-1 or -2. For customers it counts where the profile names no place."
_USER_HELP: Final = "External id or public id (cus_...)."


class EvidenceSerializer(StrictSerializer):
    """What proves an entry. Address and browser of the person are kept as keyed hashes only."""

    ip = serializers.IPAddressField(required=False, help_text="Of the person, not of your server; hashed at once.")
    user_agent = serializers.CharField(required=False, max_length=1_000, help_text="Hashed at once.")
    gpp = serializers.CharField(
        required=False, max_length=2_000, help_text="A GPP string of the IAB; kept as it is, decoded in the history."
    )
    tc_string = serializers.CharField(
        required=False, max_length=2_000, help_text="A TC string of the IAB (TCF 2), alone; kept and decoded likewise."
    )
    wording_sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", required=False, help_text="Of the words shown.")

    def get_fields(self) -> dict[str, AnyField]:
        """The declared fields and one for each kind of evidence."""
        fields = super().get_fields()
        kinds: tuple[tuple[tuple[str, ...], type[AnyField], dict[str, Any]], ...] = (
            (IDENTIFIERS, serializers.CharField, {"max_length": 120}),
            (FLAGS, serializers.BooleanField, {}),
            (INSTANTS, serializers.DateTimeField, {}),
        )
        for names, kind, options in kinds:
            for name in names:
                if name not in _OURS:
                    fields[camel(name)] = kind(required=False, **options, **renamed(name))
        return fields


class ConsentEntrySerializer(StrictSerializer):
    """One purpose and what the person decided about it."""

    purpose = serializers.CharField(max_length=40, help_text="A key of GET /purposes.")
    event = serializers.ChoiceField(choices=_BY_CALLERS)
    notice = serializers.CharField(required=False, max_length=40, help_text="Id of the notice shown (ntc_...).")
    notice_version = serializers.IntegerField(required=False, min_value=1, help_text="With `locale`, for `notice`.")
    locale = serializers.CharField(required=False, max_length=12)
    basis = serializers.ChoiceField(choices=[basis.value for basis in Basis], required=False)
    occurred_at = serializers.DateTimeField(required=False)
    valid_until = serializers.DateTimeField(required=False)
    evidence = EvidenceSerializer(required=False)

    def get_fields(self) -> dict[str, AnyField]:
        """The declared fields and `source`."""
        return super().get_fields() | {"source": source_field()}


class DecisionsSerializer(StrictSerializer):
    """What somebody decided: 1 to 50 entries; `source` holds for entries that name none."""

    purposes = serializers.ListField(child=ConsentEntrySerializer(), min_length=1, max_length=MAX_ENTRIES)
    region = serializers.RegexField(_REGION, required=False, help_text=_REGION_HELP)

    def get_fields(self) -> dict[str, AnyField]:
        """The declared fields and `source`."""
        return super().get_fields() | {"source": source_field()}


class ConsentRecordSerializer(DecisionsSerializer):
    """What one person decided."""

    token = serializers.BooleanField(default=True, help_text="Whether to answer with a consent token.")


class NamedRecordSerializer(DecisionsSerializer):
    """What one person of a batch decided."""

    user_id = serializers.CharField(required=False, max_length=255, help_text=_USER_HELP)
    anonymous_id = serializers.CharField(required=False, max_length=255, help_text="Of a visitor; created when new.")


class ConsentBatchSerializer(StrictSerializer):
    """Up to 100 people."""

    consents = serializers.ListField(child=NamedRecordSerializer(), min_length=1, max_length=MAX_BATCH)
    tokens = serializers.BooleanField(default=False, help_text="Whether to answer with consent tokens.")


class BatchShapeSerializer(StrictSerializer):
    """A batch before its items are looked at: a bad item must not spoil the others."""

    consents = serializers.ListField(min_length=1, max_length=MAX_BATCH)
    tokens = serializers.BooleanField(default=False)


class ConsentTokenRequestSerializer(StrictSerializer):
    """For whom, for what, and which notices were shown where the place is opt-out."""

    user_id = serializers.CharField(required=False, max_length=255, help_text=_USER_HELP)
    anonymous_id = serializers.CharField(required=False, max_length=255, help_text="Of a visitor; created when new.")
    region = serializers.RegexField(_REGION, required=False, help_text=_REGION_HELP)
    purposes = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=50)
    notices = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=50)


def source_field() -> AnyField:
    """`source`, a name that REST framework keeps for itself in a class body."""
    return serializers.RegexField(r"^[A-Za-z0-9_.:/-]{1,40}$", required=False, help_text="Where it was said.")


def entries_of(data: Mapping[str, Any]) -> list[ConsentEntry]:
    """The entries of the services from checked decisions."""
    common = {"source": data.get("source", "api")}
    return [
        ConsentEntry(**(common | {n: v for n, v in entry.items() if n != "evidence"} | _evidence(entry)))
        for entry in data["purposes"]
    ]


def named_of(data: Mapping[str, Any]) -> NamedEntries:
    """One person of a batch from a checked item."""
    return NamedEntries(
        user_id=data.get("user_id", ""),
        anonymous_id=data.get("anonymous_id", ""),
        place=data.get("region", ""),
        entries=entries_of(data) if "purposes" in data else (),
    )


def _evidence(entry: Mapping[str, Any]) -> dict[str, Any]:
    data = entry.get("evidence", {})
    evidence = {name: value for name, value in data.items() if name not in ("ip", "user_agent")}
    if "ip" in data:
        evidence["ip_hash"] = keyed_hash("consent-ip", data["ip"])
    if "user_agent" in data:
        evidence["user_agent_hash"] = keyed_hash("consent-user-agent", data["user_agent"])
    return {"evidence": evidence}
