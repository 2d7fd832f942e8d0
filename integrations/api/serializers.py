"""Bodies of the account addresses."""

from rest_framework import serializers

from core.models import AuditEntry


class MeSerializer(serializers.Serializer[object]):
    """The caller as we know it."""

    client_id = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=["bearer", "api_key"])
    scopes = serializers.ListField(child=serializers.CharField())
    tier = serializers.CharField()
    acts_for = serializers.CharField(allow_null=True, help_text="The member of staff who delegated, if any.")
    expires_at = serializers.DateTimeField(allow_null=True)
    livemode = serializers.BooleanField()


class WindowSerializer(serializers.Serializer[object]):
    """One window."""

    name = serializers.CharField()
    limit = serializers.IntegerField()
    seconds = serializers.IntegerField()


class LimitsSerializer(serializers.Serializer[object]):
    """The windows of a rate class."""

    tier = serializers.CharField()
    windows = WindowSerializer(many=True)


class LevelSerializer(serializers.Serializer[object]):
    """How full one window is, and how it will end at the pace so far."""

    name = serializers.CharField()
    limit = serializers.IntegerField()
    used = serializers.IntegerField()
    remaining = serializers.IntegerField()
    resets_at = serializers.DateTimeField()
    share = serializers.FloatField(help_text="Used, as a share of the limit.")
    expected_share = serializers.FloatField(help_text="The share at its end if calls go on at the pace so far.")
    full_at = serializers.DateTimeField(
        allow_null=True, help_text="When it is full at the pace so far; null when it lasts."
    )
    warning = serializers.ChoiceField(
        choices=[70, 85, 95], allow_null=True, help_text="The highest of these per cents that is reached."
    )


class SumsSerializer(serializers.Serializer[object]):
    """Calls and how fast they were answered; times are within 5 % of the exact ones, null without calls."""

    calls = serializers.IntegerField()
    client_errors = serializers.IntegerField(help_text="Answers 4xx, 429 among them.")
    server_errors = serializers.IntegerField(help_text="Answers 5xx.")
    limited = serializers.IntegerField(help_text="Answers 429.")
    cached = serializers.IntegerField(help_text="Answered 304 or from the cache.")
    deprecated = serializers.IntegerField(help_text="Answers with a Deprecation header.")
    p50_ms = serializers.FloatField(allow_null=True, help_text="Half of the answers took no longer.")
    p95_ms = serializers.FloatField(allow_null=True, help_text="95 % of the answers took no longer.")
    p99_ms = serializers.FloatField(allow_null=True, help_text="99 % of the answers took no longer.")
    first_byte_ms = serializers.FloatField(
        allow_null=True, help_text="95 % of the answers began no later: their first byte."
    )


class UsageDaySerializer(SumsSerializer):
    """One day (UTC)."""

    day = serializers.DateField()
    quota_share = serializers.FloatField(
        allow_null=True, help_text="Share of the daily window; null where it has none."
    )


class UsageOperationSerializer(SumsSerializer):
    """One operation."""

    method = serializers.CharField()
    path = serializers.CharField(help_text="As a template.")


class UsageSerializer(serializers.Serializer[object]):
    """The windows of the caller as they are now, its calls in sum, by day and by operation."""

    tier = serializers.CharField()
    windows = LevelSerializer(many=True)
    totals = SumsSerializer(help_text="Of all days asked for.")
    history = UsageDaySerializer(many=True, help_text="Oldest first, today included; some seconds behind.")
    operations = UsageOperationSerializer(many=True, help_text="The 200 called most.")
    registered_at = serializers.DateTimeField()
    first_success_at = serializers.DateTimeField(allow_null=True, help_text="The first answer 2xx.")
    seconds_to_first_success = serializers.IntegerField(
        allow_null=True, help_text="From registering the client to the first answer 2xx."
    )


class VersionSerializer(serializers.Serializer[object]):
    """One version."""

    version = serializers.CharField(help_text="SemVer 2.0.0.")
    base = serializers.CharField()
    status = serializers.ChoiceField(choices=["current", "preview", "deprecated"])
    sunset = serializers.DateTimeField(allow_null=True, help_text="When it ends; null while that is not planned.")


class VersionsSerializer(serializers.Serializer[object]):
    """The versions that answer here."""

    versions = VersionSerializer(many=True)
    changelog = serializers.URLField()


class AuditEntrySerializer(serializers.Serializer[object]):
    """One thing somebody did."""

    id = serializers.SerializerMethodField(help_text="Grows with time.")
    at = serializers.DateTimeField()
    actor = serializers.SerializerMethodField()
    action = serializers.CharField(help_text="Noun and deed, such as `customer.updated`.")
    target = serializers.CharField(help_text="Public id of the object.")
    changes = serializers.DictField(help_text="Fields by name; values only where they are not personal.")
    reason = serializers.CharField()
    request_id = serializers.CharField(help_text="X-Request-Id of the call that did it; empty for the timetable.")

    def get_id(self, entry: AuditEntry) -> str:
        """The number of the entry, as text: it may outgrow what JSON readers hold exactly."""
        return str(entry.pk)

    def get_actor(self, entry: AuditEntry) -> dict[str, str]:
        """Kind and public id of who did it."""
        return {"kind": entry.actor_kind, "id": entry.actor_id}


class AuditSealSerializer(serializers.Serializer[object]):
    """The log from `since` to `until` as one digest."""

    since = serializers.DateTimeField(allow_null=True, help_text="null for the first seal.")
    until = serializers.DateTimeField()
    entries = serializers.IntegerField()
    previous_digest = serializers.CharField(help_text="SHA-256, hexadecimal, of the seal before.")
    digest = serializers.CharField(help_text="SHA-256, hexadecimal, over the previous digest and each entry.")
