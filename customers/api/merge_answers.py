"""Merges as API answers, and the serializers that describe them."""

from typing import Any

from rest_framework import serializers

from customers.models import Merge, MergeOrigin, MergeState
from customers.selectors.answers import DIRECT_IDENTIFIERS
from customers.selectors.attributes import personal_keys
from customers.selectors.merges import MergePreview, limited_fields


class MergeSerializer(serializers.Serializer[object]):
    """Two profiles that are one, or the wish for it. The values that changed hands are not shown, only their fields."""

    id = serializers.CharField()
    state = serializers.ChoiceField(choices=MergeState.values)
    origin = serializers.ChoiceField(choices=MergeOrigin.values)
    customer = serializers.CharField(help_text="Public id of the profile that stays.")
    merged_from = serializers.CharField(help_text="Public id of the profile that is absorbed.")
    identifier = serializers.CharField(allow_null=True, help_text="Kind of identifier that both had.")
    fields = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    reason = serializers.CharField()
    requested_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.CharField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    merged_at = serializers.DateTimeField(allow_null=True)
    undo_until = serializers.DateTimeField(allow_null=True)
    undone_by = serializers.CharField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)
    moving = serializers.BooleanField(help_text="A long history still follows in the background.")


class MergeInputSerializer(serializers.Serializer[object]):
    """Who is absorbed, and why. The reason stands in the audit log: no personal data."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        return {"from": serializers.CharField(max_length=255), **super().get_fields()}


class ReasonSerializer(serializers.Serializer[object]):
    """Why; stands in the audit log: no personal data."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class FieldChoiceSerializer(serializers.Serializer[object]):
    """What becomes of one field. Values are absent without customers.pii:read where they are personal."""

    field = serializers.CharField()
    customer = serializers.JSONField(required=False)
    absorbed = serializers.JSONField(required=False)
    winner = serializers.ChoiceField(choices=["survivor", "absorbed"])
    why = serializers.CharField()


class CountSerializer(serializers.Serializer[object]):
    """A figure of both profiles."""

    what = serializers.CharField()
    customer = serializers.IntegerField()
    absorbed = serializers.IntegerField()


class MergedConsentSerializer(serializers.Serializer[object]):
    """Where both stand on a purpose, and where the merged customer would."""

    purpose = serializers.CharField()
    customer = serializers.CharField()
    customer_allowed = serializers.BooleanField()
    absorbed = serializers.CharField()
    absorbed_allowed = serializers.BooleanField()
    result = serializers.CharField()
    allowed = serializers.BooleanField()
    why = serializers.CharField()


class ObjectionSerializer(serializers.Serializer[object]):
    """What forbids the merge."""

    code = serializers.CharField()
    message = serializers.CharField()


class MergePreviewSerializer(serializers.Serializer[object]):
    """What a merge would do."""

    customer = serializers.CharField()
    merged_from = serializers.CharField()
    needs_approval = serializers.BooleanField()
    fields = FieldChoiceSerializer(many=True)  # type: ignore[assignment]
    counts = CountSerializer(many=True)
    consent = MergedConsentSerializer(many=True)
    objections = ObjectionSerializer(many=True)
    redacted = serializers.ListField(child=serializers.CharField(), required=False)


def merge_answer(merge: Merge) -> dict[str, Any]:
    """A merge as partners see it."""
    return {
        "id": merge.public_id,
        "state": merge.state,
        "origin": merge.origin,
        "customer": merge.survivor.public_id,
        "merged_from": merge.absorbed.public_id,
        "identifier": merge.identifier or None,
        "fields": merge.fields,
        "reason": merge.reason,
        "requested_by": merge.requested_by,
        "created_at": merge.created_at,
        "expires_at": merge.expires_at,
        "decided_by": merge.decided_by or None,
        "decided_at": merge.decided_at,
        "merged_at": merge.merged_at,
        "undo_until": merge.undo_until,
        "undone_by": merge.undone_by or None,
        "undone_at": merge.undone_at,
        "moving": merge.moving,
    }


def preview_answer(preview: MergePreview, *, sees_pii: bool) -> dict[str, Any]:
    """A preview as this caller may see it."""
    hidden = set() if sees_pii else {*DIRECT_IDENTIFIERS, *(f"attributes.{key}" for key in personal_keys())}
    hidden |= limited_fields(preview)
    fields = []
    for choice in preview.choices:
        values = {"customer": choice.survivor, "absorbed": choice.absorbed}
        shown = {} if choice.field in hidden else values
        fields.append({"field": choice.field, **shown, "winner": choice.winner, "why": choice.why})
    answer = {
        "customer": preview.survivor.public_id,
        "merged_from": preview.absorbed.public_id,
        "needs_approval": preview.absorbed.is_known,
        "fields": fields,
        "counts": [{"what": what, "customer": a, "absorbed": b} for what, (a, b) in preview.counts.items()],
        "consent": [_outcome(line) for line in preview.consents],
        "objections": [{"code": one.code, "message": one.sentence} for one in preview.objections],
    }
    redacted = sorted(hidden & {choice.field for choice in preview.choices})
    return answer | ({"redacted": redacted} if redacted else {})


def _outcome(line: Any) -> dict[str, Any]:
    return {
        "purpose": line.purpose,
        "customer": line.survivor,
        "customer_allowed": line.survivor_allowed,
        "absorbed": line.absorbed,
        "absorbed_allowed": line.absorbed_allowed,
        "result": line.result,
        "allowed": line.allowed,
        "why": line.why,
    }
