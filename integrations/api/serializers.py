"""Bodies of the account addresses."""

from rest_framework import serializers


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
    """How full one window is."""

    name = serializers.CharField()
    limit = serializers.IntegerField()
    used = serializers.IntegerField()
    remaining = serializers.IntegerField()
    resets_at = serializers.DateTimeField()


class UsageSerializer(serializers.Serializer[object]):
    """The windows of the caller as they are now."""

    tier = serializers.CharField()
    windows = LevelSerializer(many=True)
