"""Shapes of /predictions."""

from rest_framework import serializers

from engagement.rules.predictions import MAX_BATCH, Outcome

_SCORE = "From -999999.999999 to 999999.999999; more than six decimals are rounded half to even."
_VERSION = "Of the model, such as 2026-11; numbers in it are compared by value. An older one never overwrites a newer."


class PredictionInputSerializer(serializers.Serializer[object]):
    """What a model says about one customer."""

    score = serializers.FloatField(help_text=_SCORE)
    model_version = serializers.CharField(max_length=60, help_text=_VERSION)
    label = serializers.CharField(max_length=60, required=False, help_text="A class of the model, such as `likely`.")  # type: ignore[assignment]
    scored_at = serializers.DateTimeField(required=False, help_text="When the score was made; now unless given.")
    expires_at = serializers.DateTimeField(
        required=False, help_text="Until when it counts: 90 days after `scored_at` unless given, at most 400."
    )


class PredictionRowSerializer(PredictionInputSerializer):
    """A row of a batch."""

    model = serializers.CharField(max_length=60)
    user_id = serializers.CharField(help_text="`cus_...` or external id.")
    trace_id = serializers.CharField(required=False, help_text="Comes back with the result of the row.")


class PredictionBatchSerializer(serializers.Serializer[object]):
    """Rows of any models and customers."""

    inputs = serializers.ListField(child=PredictionRowSerializer(), min_length=1, max_length=MAX_BATCH)


class PredictionSerializer(serializers.Serializer[object]):
    """What stands."""

    model = serializers.CharField()
    customer = serializers.CharField()
    score = serializers.FloatField()
    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    model_version = serializers.CharField()
    scored_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    expired = serializers.BooleanField(help_text="It counts for nothing any more.")
    written_at = serializers.DateTimeField()
    written_by = serializers.CharField(help_text="The client that wrote it.")


class PredictionWrittenSerializer(PredictionSerializer):
    """What stands after a write; `kept`: a newer one stood already."""

    outcome = serializers.CharField(help_text=f"One of {', '.join(one for one in Outcome if one != Outcome.REFUSED)}.")


class PredictionErrorSerializer(serializers.Serializer[object]):
    """Why a row was refused."""

    status = serializers.IntegerField()
    error = serializers.CharField()
    message = serializers.CharField()
    code = serializers.CharField()
    param = serializers.CharField(required=False)


class PredictionResultSerializer(serializers.Serializer[object]):
    """What became of a row."""

    index = serializers.IntegerField()
    status = serializers.CharField(help_text=f"One of {', '.join(Outcome)}.")
    customer = serializers.CharField(required=False)
    error = PredictionErrorSerializer(required=False)
    trace_id = serializers.CharField(required=False)


class PredictionBatchAnswerSerializer(serializers.Serializer[object]):
    """One result a row."""

    results = PredictionResultSerializer(many=True)


class PredictionModelSerializer(serializers.Serializer[object]):
    """A model and how it is used."""

    model = serializers.CharField()
    labels = serializers.ListField(child=serializers.CharField())
    model_version = serializers.CharField(allow_null=True, help_text="Of the newest prediction.")
    people = serializers.IntegerField(help_text="Customers it has a prediction about.")
    scored_at = serializers.DateTimeField(allow_null=True)
    registered_at = serializers.DateTimeField()
    registered_by = serializers.CharField()
