"""What the addresses of segments take and answer, as the schema shows it."""

from rest_framework import serializers

from customers.models import SegmentKind, SegmentState

_RULE = 'A rule of GET /api/v1/segments/schema: {"version": 1, "rule": {...}}.'


class SegmentSerializer(serializers.Serializer[object]):
    """A segment. `members` and `as_of` are of the last calculation that succeeded, `failure` of one that did not."""

    id = serializers.CharField()
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.ChoiceField(choices=SegmentKind.values)
    state = serializers.ChoiceField(choices=SegmentState.values)
    rule = serializers.DictField(allow_null=True, help_text="As it was sent; null for a list kept by hand.")
    words = serializers.CharField(allow_null=True, help_text="The rule in plain words.")
    definition = serializers.IntegerField(help_text="Goes up by one with each change of the rule.")
    members = serializers.IntegerField(allow_null=True, help_text="null before the first calculation.")
    as_of = serializers.DateTimeField(allow_null=True)
    health = serializers.ChoiceField(choices=["fresh", "stale", "building", "failed"])
    failure = serializers.CharField(allow_null=True)
    failed_at = serializers.DateTimeField(allow_null=True)
    owner = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)


class SegmentInputSerializer(serializers.Serializer[object]):
    """A new segment: a dynamic one needs `rule` or `words`, a static one has neither."""

    name = serializers.CharField(max_length=120)
    slug = serializers.CharField(max_length=60, required=False, help_text="Made of the name when left out.")
    description = serializers.CharField(max_length=300, required=False)
    kind = serializers.ChoiceField(choices=["dynamic", "static"], required=False)
    rule = serializers.DictField(required=False, help_text=_RULE)
    words = serializers.CharField(required=False, help_text="The rule in plain words, instead of `rule`.")


class SegmentChangeSerializer(serializers.Serializer[object]):
    """What may change; the slug stays, since others refer to it."""

    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=300, required=False)
    rule = serializers.DictField(required=False, help_text=_RULE)
    words = serializers.CharField(required=False)


class RuleInputSerializer(serializers.Serializer[object]):
    """A rule to look at: `rule` or `words`. `drop_off` also answers how many each part leaves."""

    rule = serializers.DictField(required=False, help_text=_RULE)
    words = serializers.CharField(required=False)
    drop_off = serializers.BooleanField(required=False)


class ReasonSerializer(serializers.Serializer[object]):
    """How many are not reached for this reason; each person has one reason."""

    reason = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    customers = serializers.IntegerField()


class ReachSerializer(serializers.Serializer[object]):
    """One channel: `reachable` and the reasons add up to `total`."""

    channel = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    reachable = serializers.IntegerField()
    not_reachable = ReasonSerializer(many=True)


class StepSerializer(serializers.Serializer[object]):
    """How many are left after this part of the rule and all before it."""

    pointer = serializers.CharField(help_text="JSON Pointer into the rule; empty for everybody.")
    words = serializers.CharField()
    left = serializers.IntegerField()


class PreviewSerializer(serializers.Serializer[object]):
    """An audience that is stored nowhere: exact total, reach, and up to 20 customers with the highest value."""

    total = serializers.IntegerField()
    as_of = serializers.DateTimeField()
    rule = serializers.DictField()
    words = serializers.CharField()
    reach = ReachSerializer(many=True)
    drop_off = StepSerializer(many=True, required=False)
    sample = serializers.ListField(child=serializers.DictField())


class MemberSerializer(serializers.Serializer[object]):
    """A member and since when she has been in without a break."""

    id = serializers.CharField()
    external_id = serializers.CharField(allow_null=True, required=False)
    entered_at = serializers.DateTimeField()


class MemberPageSerializer(serializers.Serializer[object]):
    """Where the next page begins."""

    limit = serializers.IntegerField()
    has_more = serializers.BooleanField()
    next_cursor = serializers.CharField(allow_null=True)


class MembersSerializer(serializers.Serializer[object]):
    """One page of members of the version that the cursor began with."""

    data = MemberSerializer(many=True)  # type: ignore[assignment]
    pagination = MemberPageSerializer()
    as_of = serializers.DateTimeField()


class MembersInputSerializer(serializers.Serializer[object]):
    """Who comes onto a static segment and who goes off it: `cus_...` or external ids, 1,000 together at most."""

    add = serializers.ListField(child=serializers.CharField(), required=False)
    remove = serializers.ListField(child=serializers.CharField(), required=False)


class MembersChangedSerializer(serializers.Serializer[object]):
    """How many members there are now, and ids that nobody has."""

    members = serializers.IntegerField()
    missing = serializers.ListField(child=serializers.CharField())


class ConditionSerializer(serializers.Serializer[object]):
    """One condition: whether it holds and which value it saw; `redacted` without customers.pii:read."""

    pointer = serializers.CharField()
    words = serializers.CharField()
    holds = serializers.BooleanField()
    seen = serializers.CharField(allow_null=True)
    redacted = serializers.BooleanField()


class ExplanationSerializer(serializers.Serializer[object]):
    """Why a customer is in a segment or not. `member` is what is stored, `matches` what the rule says now."""

    customer = serializers.CharField()
    member = serializers.BooleanField()
    since = serializers.DateTimeField(allow_null=True)
    matches = serializers.BooleanField(allow_null=True, help_text="null for a list without a rule.")
    as_of = serializers.DateTimeField()
    conditions = ConditionSerializer(many=True)


class SnapshotInputSerializer(serializers.Serializer[object]):
    """The name of the snapshot; made of the segment's name and the time when left out."""

    name = serializers.CharField(max_length=120, required=False)


class RunSerializer(serializers.Serializer[object]):
    """One calculation; `error` says why it failed, and the members are then those of the one before."""

    state = serializers.ChoiceField(choices=["running", "succeeded", "failed"])
    kind = serializers.ChoiceField(choices=["first", "definition", "reconcile", "list"])
    as_of = serializers.DateTimeField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    members = serializers.IntegerField(allow_null=True)
    entered = serializers.IntegerField(allow_null=True)
    exited = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    hash = serializers.CharField(allow_null=True)
    differences = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Of a reconcile: how many differences to what was followed have which cause "
        "(waiting, window, whole, unexplained).",
    )
