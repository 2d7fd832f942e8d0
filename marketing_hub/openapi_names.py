"""What the schema calls its closed lists of values, so that generated clients keep their names."""

from collections.abc import Mapping
from typing import Final

ENUM_NAMES: Final[Mapping[str, str | list[str]]] = {
    "ModeEnum": ["opt_in", "opt_out"],
    "FormatEnum": ["standard", "cloudevents"],
    "ExportFormatEnum": ["csv", "ndjson"],
    "ListUploadModeEnum": ["add", "replace"],
    "CustomerStatusEnum": ["active", "inactive"],
    "BatchStatusEnum": ["created", "updated", "unchanged", "refused"],
    "IdentityKindEnum": ["email", "phone", "external_id", "anonymous_id", "device_id"],
    "MergeStateEnum": ["requested", "refused", "expired", "done", "undone"],
    "PairStateEnum": ["open", "later", "different", "merge"],
    "ImportTargetEnum": ["customers", "purchases"],
    "PrivacyRequestTypeEnum": "consent.rules.requests.Kind.values",
    "PrivacyRequestStateEnum": "consent.rules.requests.State.values",
    "AttributeTypeEnum": ["text", "number", "boolean", "date", "datetime", "enum", "list"],
    "VersionStatusEnum": ["current", "preview", "deprecated"],
    "CredentialKindEnum": ["bearer", "api_key"],
    "JobStateEnum": "core.models.JobState.values",
    "CampaignChannelEnum": "campaigns.models.Channel.values",
    "MessageVerdictEnum": ["machine", "uncertain", "human"],
    "SegmentRunKindEnum": ["first", "definition", "reconcile", "list"],
    "SegmentKindEnum": ["dynamic", "static", "snapshot"],
    "WebhookStateEnum": "integrations.models.EndpointState.values",
    "WebhookDeliveryStateEnum": "integrations.models.DeliveryState.values",
    "BrokerKindEnum": "integrations.models.BrokerKind.values",
    "SinkStateEnum": "integrations.models.SinkState.values",
    "SegmentChangeReasonEnum": "customers.models.ChangeReason.values",
}
