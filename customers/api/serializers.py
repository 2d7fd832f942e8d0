"""What the customer addresses take and answer, as the schema shows it; checking is the services' business."""

from typing import Final

from rest_framework import serializers

WITHHELD_HELP: Final = "How many people were left out because their data may not go to your company, by reason."


class LastPurchaseSerializer(serializers.Serializer[object]):
    """The latest order; refunds do not count."""

    order_id = serializers.CharField()
    amount = serializers.FloatField()
    amount_minor = serializers.IntegerField(help_text="The amount in the smallest unit of the currency.")
    currency = serializers.CharField(help_text="ISO 4217.")
    date = serializers.DateTimeField()


class OrdersSerializer(serializers.Serializer[object]):
    """Order figures in the currency of the latest purchase."""

    count = serializers.IntegerField(help_text="Orders, refunds apart.")
    total = serializers.FloatField(help_text="Orders less refunds.")
    total_minor = serializers.IntegerField()
    currency = serializers.CharField(allow_null=True)


class CustomerSerializer(serializers.Serializer[object]):
    """A customer. Without the scope customers.pii:read some fields are absent and named in `redacted`.

    With `include_deleted` there are also tombstones: `id`, `deleted`, when, why, and nothing about the person.
    """

    id = serializers.CharField()
    email = serializers.CharField(allow_null=True)
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    created_at = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=["active", "inactive"])
    last_purchase = LastPurchaseSerializer(allow_null=True)
    segments = serializers.ListField(child=serializers.CharField())
    external_id = serializers.CharField(allow_null=True)
    phone = serializers.CharField(allow_null=True, help_text="E.164.")
    country = serializers.CharField(allow_null=True, help_text="ISO 3166-1 alpha-2.")
    region = serializers.CharField(allow_null=True, help_text="ISO 3166-2, such as US-CA.")
    language = serializers.CharField(allow_null=True, help_text="BCP 47, such as pt-BR.")
    time_zone = serializers.CharField(allow_null=True)
    birth_date = serializers.DateField(allow_null=True)
    attributes = serializers.DictField()
    tags = serializers.ListField(child=serializers.CharField())
    orders = OrdersSerializer()
    last_seen_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        """Only the id is always there."""
        fields: dict[str, serializers.Field] = super().get_fields()  # type: ignore[type-arg]
        for name, described in fields.items():
            described.required = name == "id"
        return fields


class CustomerAnswerSerializer(CustomerSerializer):
    """One customer, and what may stand beside the profile; of somebody `withheld` there is only the id."""

    object = serializers.CharField(required=False, help_text="`customer`, where no profile is answered.")
    redacted = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Fields that need the scope customers.pii:read."
    )
    merged_from = serializers.CharField(required=False, help_text="The absorbed visitor that was asked for.")
    withheld = serializers.DictField(child=serializers.IntegerField(), required=False, help_text=WITHHELD_HELP)


class CustomerInputSerializer(serializers.Serializer[object]):
    """Fields of a profile. One of email, phone and external_id is needed to create; null empties a field."""

    external_id = serializers.CharField(required=False, allow_null=True, max_length=255)
    email = serializers.CharField(required=False, allow_null=True, max_length=254)
    phone = serializers.CharField(required=False, allow_null=True)
    first_name = serializers.CharField(required=False, allow_null=True, max_length=120)
    last_name = serializers.CharField(required=False, allow_null=True, max_length=120)
    country = serializers.CharField(required=False, allow_null=True)
    region = serializers.CharField(required=False, allow_null=True)
    language = serializers.CharField(required=False, allow_null=True)
    time_zone = serializers.CharField(required=False, allow_null=True)
    birth_date = serializers.DateField(required=False, allow_null=True)
    status = serializers.ChoiceField(choices=["active", "inactive"], required=False)
    attributes = serializers.DictField(required=False, help_text="Only the named keys change; null removes one.")


class BatchInputSerializer(serializers.Serializer[object]):
    """One input of a batch."""

    id = serializers.CharField(help_text="Value of the property that `id_property` names.")
    properties = CustomerInputSerializer(required=False)
    trace_id = serializers.CharField(required=False, help_text="Echoed in the result.")


class BatchUpsertSerializer(serializers.Serializer[object]):
    """Up to 500 customers to create or change."""

    id_property = serializers.ChoiceField(choices=["external_id", "email", "id"])
    inputs = BatchInputSerializer(many=True)


class BatchResultSerializer(serializers.Serializer[object]):
    """What became of one input, in the order of the inputs."""

    index = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["created", "updated", "unchanged", "refused"])
    id = serializers.CharField(required=False, help_text="Public id; absent when refused.")
    trace_id = serializers.CharField(required=False)
    kept = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Fields whose rule kept the value of another source."
    )
    error = serializers.DictField(required=False)


class BatchAnswerSerializer(serializers.Serializer[object]):
    """Results in the order of the inputs."""

    results = BatchResultSerializer(many=True)


class BatchReadSerializer(serializers.Serializer[object]):
    """Up to 200 ids: `cus_...` or external ids."""

    ids = serializers.ListField(child=serializers.CharField())


class BatchReadAnswerSerializer(serializers.Serializer[object]):
    """Those that were found, in the order asked for, and the ids of the others."""

    data = CustomerSerializer(many=True)  # type: ignore[assignment]
    missing = serializers.ListField(child=serializers.CharField())
    redacted = serializers.ListField(child=serializers.CharField(), required=False)
    withheld = serializers.DictField(child=serializers.IntegerField(), required=False, help_text=WITHHELD_HELP)


class ChangeSerializer(serializers.Serializer[object]):
    """One change: `upsert` carries `data`, the others a `tombstone`."""

    op = serializers.ChoiceField(choices=["upsert", "delete", "merge", "erase"])
    seq = serializers.CharField()
    data = CustomerSerializer(required=False)  # type: ignore[assignment]
    tombstone = serializers.DictField(required=False)


class ChangesSerializer(serializers.Serializer[object]):
    """Changes in commit order, and where to go on."""

    data = ChangeSerializer(many=True)  # type: ignore[assignment]
    next_token = serializers.CharField()
    has_more = serializers.BooleanField()
    poll_after_s = serializers.IntegerField(help_text="Ask again after this many seconds: 5 to 300.")
    redacted = serializers.ListField(child=serializers.CharField(), required=False)
    withheld = serializers.DictField(child=serializers.IntegerField(), required=False, help_text=WITHHELD_HELP)


class TagsSerializer(serializers.Serializer[object]):
    """The tags of a customer."""

    userId = serializers.CharField()  # noqa: N815 - the literal contract
    tags = serializers.ListField(child=serializers.CharField())
    updatedAt = serializers.DateTimeField()  # noqa: N815


class TagsInputSerializer(serializers.Serializer[object]):
    """The whole set: tags that are not listed come off."""

    tags = serializers.ListField(child=serializers.CharField())


class TagsChangeSerializer(serializers.Serializer[object]):
    """Tags to put on and to take off."""

    add = serializers.ListField(child=serializers.CharField(), required=False)
    remove = serializers.ListField(child=serializers.CharField(), required=False)
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When the tags of `add` come off by themselves."
    )


class IdentitySerializer(serializers.Serializer[object]):
    """An identifier under which the customer is recognised."""

    kind = serializers.ChoiceField(choices=["email", "phone", "external_id", "anonymous_id", "device_id"])
    value = serializers.CharField(required=False, help_text="Absent without customers.pii:read.")
    source = serializers.CharField()  # type: ignore[assignment]
    created_at = serializers.DateTimeField()


class IdentityInputSerializer(serializers.Serializer[object]):
    """An identifier to recognise the customer by from now on."""

    kind = serializers.ChoiceField(choices=["email", "phone", "external_id", "anonymous_id", "device_id"])
    value = serializers.CharField()


class PurchaseSerializer(serializers.Serializer[object]):
    """An order, or a refund with a negative amount."""

    id = serializers.CharField()
    order_id = serializers.CharField()
    amount = serializers.FloatField()
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    date = serializers.DateTimeField()
    lines = serializers.IntegerField()
    quantity = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment]


class PurchaseInputSerializer(serializers.Serializer[object]):
    """An order, or a refund with a negative amount; an `order_id` is recorded once."""

    order_id = serializers.CharField(max_length=100)
    amount = serializers.DecimalField(max_digits=16, decimal_places=4)
    currency = serializers.RegexField(r"^[A-Z]{3}$")
    date = serializers.DateTimeField()
    lines = serializers.IntegerField(required=False, min_value=1, max_value=1_000_000, default=1)
    quantity = serializers.IntegerField(required=False, min_value=-10_000_000, max_value=10_000_000, default=1)


class EntrySerializer(serializers.Serializer[object]):
    """Something that happened."""

    at = serializers.DateTimeField()
    kind = serializers.CharField()
    title = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    details = serializers.DictField()


class StretchSerializer(serializers.Serializer[object]):
    """Where a stretch ends; `next_cursor` is null at the end of the timeline."""

    limit = serializers.IntegerField()
    has_more = serializers.BooleanField()
    next_cursor = serializers.CharField(allow_null=True)


class TimelineSerializer(serializers.Serializer[object]):
    """A stretch of a timeline, newest first."""

    data = EntrySerializer(many=True)  # type: ignore[assignment]
    pagination = StretchSerializer()


class AttributeSerializer(serializers.Serializer[object]):
    """The definition of a custom attribute."""

    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    type = serializers.ChoiceField(choices=["text", "number", "boolean", "date", "datetime", "enum", "list"])
    options = serializers.ListField(child=serializers.CharField())
    unit = serializers.CharField()
    pii_class = serializers.ChoiceField(choices=["none", "personal", "sensitive", "confidential"])
    purpose = serializers.CharField()
    owner = serializers.CharField()
    archived_at = serializers.DateTimeField(allow_null=True)


class AttributeChangeSerializer(serializers.Serializer[object]):
    """What may change about a definition."""

    name = serializers.CharField(required=False)
    description = serializers.CharField(required=False)
    options = serializers.ListField(child=serializers.CharField(), required=False)
    unit = serializers.CharField(required=False)
    pii_class = serializers.ChoiceField(choices=["none", "personal", "sensitive", "confidential"], required=False)
    purpose = serializers.CharField(required=False)
    owner = serializers.CharField(required=False)
    archived = serializers.BooleanField(required=False)


class AttributeInputSerializer(AttributeChangeSerializer):
    """What defines an attribute; `key` and `type` never change afterwards."""

    key = serializers.CharField()
    type = serializers.ChoiceField(choices=["text", "number", "boolean", "date", "datetime", "enum", "list"])


class LinkedSerializer(serializers.Serializer[object]):
    """The customer that is recognised by the identifier now, and all its identifiers."""

    id = serializers.CharField()
    identities = IdentitySerializer(many=True)


class JobSerializer(serializers.Serializer[object]):
    """An import job. `result` holds the figures once it has ended."""

    id = serializers.CharField()
    kind = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=["queued", "running", "paused", "succeeded", "failed", "stopped"])
    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True, help_text="Estimated until the file was read to its end.")
    unit = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    result = serializers.DictField(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField(), required=False)


class UploadSerializer(serializers.Serializer[object]):
    """A CSV file and what is known about it."""

    file = serializers.FileField()
    type = serializers.ChoiceField(choices=["customers", "purchases"])
    mapping = serializers.CharField(required=False, help_text="JSON object: `columns` by header name, and options.")
    consent_basis = serializers.CharField(required=False, help_text="JSON object.")
    dry_run = serializers.BooleanField(required=False)
    again = serializers.BooleanField(required=False)
    encoding = serializers.CharField(required=False)
    delimiter = serializers.CharField(required=False)


class ListUploadSerializer(serializers.Serializer[object]):
    """A CSV file of customers, and what it does to the list."""

    file = serializers.FileField()
    mode = serializers.ChoiceField(choices=["add", "replace"], required=False)
    mapping = serializers.CharField(required=False, help_text="JSON object: `columns` by header name, and `region`.")
    dry_run = serializers.BooleanField(required=False)
    encoding = serializers.CharField(required=False)
    delimiter = serializers.CharField(required=False)


class ExportInputSerializer(serializers.Serializer[object]):
    """What to export, and what for."""

    purpose = serializers.CharField(help_text="Key of a purpose of GET /purposes; only whoever it is allowed for.")
    reason = serializers.CharField(max_length=300, help_text="What the file is for, as the audit log will say.")
    fields = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(), required=False, help_text="Fields of a customer, and `entered_at`; `id` always."
    )
    format = serializers.ChoiceField(choices=["csv", "ndjson"], required=False)
    recipient = serializers.CharField(
        max_length=40,
        required=False,
        help_text="The company that gets the file (`prc_...`). By default the one behind your client, if any.",
    )


class ExportSerializer(serializers.Serializer[object]):
    """An export; `left_out` counts members by the reason for which the purpose is not allowed for them."""

    id = serializers.CharField()
    segment = serializers.CharField()
    state = serializers.ChoiceField(
        choices=["waiting", "refused", "queued", "running", "paused", "stopped", "failed", "succeeded", "ready", "gone"]
    )
    purpose = serializers.CharField()
    reason = serializers.CharField()
    format = serializers.ChoiceField(choices=["csv", "ndjson"])
    fields = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    recipient = serializers.CharField()
    withheld = serializers.ListField(
        child=serializers.CharField(), help_text="Confidential attributes left out for a company outside."
    )
    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    rows = serializers.IntegerField(allow_null=True)
    left_out = serializers.DictField(child=serializers.IntegerField(), allow_null=True)
    size = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    downloads_left = serializers.IntegerField()
    file = serializers.CharField(allow_null=True)
