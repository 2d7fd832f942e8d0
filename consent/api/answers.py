"""What the consent addresses answer, as the schema shows it."""

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from consent.api.camel import AnyField, CamelSerializer
from consent.rules.vocabulary import State


class NoticeReferenceSerializer(CamelSerializer):
    """The words shown, by id, version, language and hash."""

    id = serializers.CharField()
    version = serializers.IntegerField()
    locale = serializers.CharField()
    sha256 = serializers.CharField()


class PurposeAnswerSerializer(CamelSerializer):
    """Where the person stands on one purpose, whether we may process, and why."""

    purpose = serializers.CharField()
    name = serializers.CharField()
    channel = serializers.CharField()
    state = serializers.ChoiceField(choices=[state.value for state in State])
    allowed = serializers.BooleanField()
    reason = serializers.CharField(help_text="Machine code.")
    why = serializers.CharField(help_text="A sentence with the article of law.")
    basis = serializers.CharField(allow_null=True)
    granted_at = serializers.DateTimeField(allow_null=True)
    changed_at = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateTimeField(allow_null=True)
    ledger_seq = serializers.IntegerField(allow_null=True)
    ledger_id = serializers.CharField(allow_null=True)
    notice = NoticeReferenceSerializer(allow_null=True)


class ConsentTokenSerializer(CamelSerializer):
    """A consent token, shown this once."""

    token = serializers.CharField()
    jti = serializers.CharField()
    purposes = serializers.ListField(child=serializers.CharField())
    basis = serializers.CharField()
    region = serializers.CharField()
    expires_at = serializers.DateTimeField()


class ConsentSerializer(CamelSerializer):
    """The consent of one person."""

    user_id = serializers.CharField()
    customer_id = serializers.CharField()
    region = serializers.CharField()
    rule_set = serializers.CharField()
    at = serializers.DateTimeField()
    gpc_first_seen_at = serializers.DateTimeField(allow_null=True)
    sensitive_use_limited = serializers.BooleanField(
        help_text="Whether sensitive attributes are withheld at the person's request (Cal. Civ. Code 1798.121)."
    )
    purposes = PurposeAnswerSerializer(many=True)
    consent_token = ConsentTokenSerializer(required=False, allow_null=True)


class ConsentOutcomeSerializer(CamelSerializer):
    """What one entry came to. `recorded` is false when it only repeated what was on record."""

    purpose = serializers.CharField()
    state = serializers.CharField()
    allowed = serializers.BooleanField()
    reason = serializers.CharField()
    why = serializers.CharField()
    ledger_seq = serializers.IntegerField()
    recorded = serializers.BooleanField()


class RecordedSerializer(CamelSerializer):
    """What was recorded for one person."""

    user_id = serializers.CharField()
    customer_id = serializers.CharField()
    purposes = ConsentOutcomeSerializer(many=True)
    consent_token = ConsentTokenSerializer(allow_null=True)


class ConsentBatchItemSerializer(CamelSerializer):
    """What became of one item, in the order of the items."""

    index = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["recorded", "refused"])
    consent = RecordedSerializer(required=False)
    error = serializers.DictField(required=False)


class ConsentBatchAnswerSerializer(CamelSerializer):
    """Results in the order of the items."""

    results = ConsentBatchItemSerializer(many=True)


class ConsentTokenStateSerializer(CamelSerializer):
    """What is known of an issued token."""

    jti = serializers.CharField()
    customer_id = serializers.CharField()
    purposes = serializers.ListField(child=serializers.CharField())
    basis = serializers.CharField()
    region = serializers.CharField()
    rule_set = serializers.CharField()
    notices = serializers.ListField(child=serializers.CharField())
    issued_by = serializers.CharField()
    issued_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    revoked_because = serializers.CharField(allow_null=True)
    active = serializers.BooleanField()


class HistoryEntrySerializer(CamelSerializer):
    """One entry of the ledger; `hash` covers `previousHash`, a line feed and the rest as canonical JSON (SHA-256)."""

    id = serializers.CharField()
    customer_id = serializers.CharField()
    seq = serializers.IntegerField()
    purpose = serializers.CharField()
    event = serializers.CharField()
    basis = serializers.CharField()
    region = serializers.CharField()
    rule_set = serializers.CharField()
    notice = NoticeReferenceSerializer(allow_null=True)
    actor = serializers.CharField()
    evidence = serializers.DictField()
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    valid_until = serializers.DateTimeField(allow_null=True)
    previous_hash = serializers.CharField()
    hash = serializers.CharField()

    def get_fields(self) -> dict[str, AnyField]:
        """The declared fields, and `source`, a name that REST framework keeps for itself in a class body."""
        return super().get_fields() | {"source": serializers.CharField()}


class CursorSerializer(CamelSerializer):
    """Where the page ends."""

    limit = serializers.IntegerField()
    has_more = serializers.BooleanField(required=False)
    next_cursor = serializers.CharField(required=False, allow_null=True)
    offset = serializers.IntegerField(required=False)
    total = serializers.IntegerField(required=False)


class PurposeSerializer(CamelSerializer):
    """A purpose with its current notices by language."""

    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    channel = serializers.CharField()
    kind = serializers.CharField()
    legal_basis = serializers.CharField()
    record_required = serializers.BooleanField(help_text="Never allowed by silence.")
    notices = NoticeReferenceSerializer(many=True)


class NoticeSerializer(NoticeReferenceSerializer):
    """The words themselves."""

    text = serializers.CharField()
    material = serializers.BooleanField(help_text="Whether people had to be asked again.")
    published_at = serializers.DateTimeField()


class JurisdictionSerializer(CamelSerializer):
    """A place: whether tracking needs prior consent (opt_in) or notice (opt_out), under which rule set."""

    code = serializers.CharField()
    name = serializers.CharField()
    mode = serializers.ChoiceField(choices=["opt_in", "opt_out"])
    rule_set = serializers.CharField()


class JurisdictionRuleSerializer(JurisdictionSerializer):
    """A place with its whole rule and the articles behind it."""

    rule = serializers.DictField()


class ConsentCheckSerializer(CamelSerializer):
    """Whether we may, why, and what proves it."""

    subject = serializers.CharField()
    customer_id = serializers.CharField()
    purpose = serializers.CharField()
    at = serializers.DateTimeField()
    answer = serializers.ChoiceField(choices=["allow", "deny"])
    reason = serializers.CharField()
    why = serializers.CharField()
    ledger_seq = serializers.IntegerField(allow_null=True)
    ledger_id = serializers.CharField(allow_null=True)
    region = serializers.CharField()
    rule_set = serializers.CharField()
    known_then = serializers.DictField(required=False, help_text="The answer we could have given at `at`.")


def data_of(name: str, child: type[serializers.Serializer[object]], **more: AnyField) -> serializers.Serializer[object]:
    """The envelope of a list, for the schema: `data` and what stands beside it."""
    envelope: serializers.Serializer[object] = inline_serializer(name, {"data": child(many=True)} | more)
    return envelope
