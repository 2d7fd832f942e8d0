"""What stands behind screens whose address has an argument: per URL name, a maker of the arguments."""

from collections.abc import Callable
from typing import Any

from tests.factories.automations import (
    automation_example,
    automation_step_example,
    draft_automation_example,
    run_example,
    stopped_run_example,
)
from tests.factories.campaigns import (
    campaign_example,
    draft_promotion_example,
    launched_example,
    offer_example,
    promotion_example,
)
from tests.factories.consent import (
    confirmation_example,
    disclosure_example,
    entry_example,
    person_example,
    purpose_example,
    suppression_example,
)
from tests.factories.customers import (
    attribute_example,
    duplicate_example,
    export_example,
    import_example,
    list_example,
    merge_example,
    pair_example,
    score_example,
    segment_example,
    tag_example,
    timeline_example,
)
from tests.factories.engagement import event_example, event_type_example
from tests.factories.experiments import draft_experiment_example, experiment_example
from tests.factories.integrations import client_example, delivery_example, key_example, webhook_example
from tests.factories.registers import activity_example, breach_example, processor_example
from tests.factories.requests import (
    other_example,
    package_example,
    redaction_example,
    request_example,
    request_task_example,
)
from tests.factories.system import audit_example, job_example, staff_example, view_example

_REQUEST_STEPS = (
    "acknowledge ask approve assign certificate collect comment deliver extend hold lift match not-verified "
    "redact refuse resume send-back verify withdraw correct unrestrict"
)

_CAMPAIGN_STEPS = (
    "approve archive audience basics cancel duplicate launch message pause preview resume review schedule send-back "
    "send-unsent test unschedule"
)

_WEBHOOK_STEPS = "edit rotate pause enable test replay remove deliveries"

EXAMPLES: dict[str, Callable[[], dict[str, Any]]] = {
    "webhook": webhook_example,
    **{f"webhook-{step}": webhook_example for step in _WEBHOOK_STEPS.split()},
    "webhook-delivery": delivery_example,
    "webhook-delivery-replay": delivery_example,
    "confirmation-again": confirmation_example,
    "consent-entry": entry_example,
    "consent-receipt": entry_example,
    "activity": activity_example,
    "activity-edit": activity_example,
    "breach": breach_example,
    "breach-edit": breach_example,
    "processor": processor_example,
    "processor-edit": processor_example,
    "disclosure": disclosure_example,
    "request": request_example,
    "request-package": package_example,
    "request-leave-in": other_example,
    "request-redaction-undo": redaction_example,
    "request-take-out": request_example,
    "request-task": request_task_example,
    **{f"request-{step}": request_example for step in _REQUEST_STEPS.split()},
    "offer": offer_example,
    "promotion": promotion_example,
    "promotion-codes": promotion_example,
    "promotion-edit": draft_promotion_example,
    "promotion-end": promotion_example,
    "promotion-pause": promotion_example,
    "promotion-start": draft_promotion_example,
    "experiment": experiment_example,
    "experiment-edit": draft_experiment_example,
    "experiment-start": draft_experiment_example,
    "experiment-stop": experiment_example,
    "experiment-count": experiment_example,
    "experiment-winner": experiment_example,
    "campaign": launched_example,
    "campaign-deliveries": launched_example,
    "campaign-results": launched_example,
    **{f"campaign-{step}": campaign_example for step in _CAMPAIGN_STEPS.split()},
    **{
        f"automation{step}": automation_example
        for step in ("", "-archive", "-basics", "-entry", "-pause", "-runs", "-simulate")
    },
    **{f"automation-{step}": draft_automation_example for step in ("publish", "resume", "step-new")},
    **{f"automation-{step}": automation_step_example for step in ("step", "step-remove")},
    "automation-run": run_example,
    "automation-run-remove": run_example,
    **{f"automation-stopped-{step}": automation_example for step in ("remove", "restart")},
    "automation-run-restart": stopped_run_example,
    "score": score_example,
    "score-activate": score_example,
    "score-edit": score_example,
    "score-recompute": score_example,
    "score-retire": score_example,
    "segment": segment_example,
    "segment-archive": segment_example,
    "segment-edit": segment_example,
    "segment-upload": list_example,
    "segment-export": list_example,
    "export": export_example,
    "export-approve": export_example,
    "export-refuse": export_example,
    "export-file": export_example,
    "segment-explain": segment_example,
    "segment-refresh": segment_example,
    "segment-snapshot": segment_example,
    "attribute-archive": attribute_example,
    "attribute-edit": attribute_example,
    "customer": person_example,
    "event": event_example,
    "event-type": event_type_example,
    "event-type-retire": event_type_example,
    "event-type-version": event_type_example,
    "import": import_example,
    "import-columns": import_example,
    "import-consent": import_example,
    "import-refused": import_example,
    "import-sample": lambda: {"target": "customers"},
    "import-start": import_example,
    "import-try": import_example,
    "import-undo": import_example,
    "customer-merge": person_example,
    "customer-merge-with": pair_example,
    "duplicate": duplicate_example,
    "duplicate-decide": duplicate_example,
    "tag-edit": tag_example,
    "merge": merge_example,
    "merge-approve": merge_example,
    "merge-refuse": merge_example,
    "merge-undo": merge_example,
    "customer-consent": person_example,
    "customer-simulate": person_example,
    "customer-delete": person_example,
    "customer-edit": person_example,
    "customer-entry": timeline_example,
    "customer-reveal": person_example,
    "customer-tags": person_example,
    "customer-consent-record": person_example,
    "customer-consent-link": person_example,
    "customer-suppress": person_example,
    "purpose": purpose_example,
    "notice-new": purpose_example,
    "jurisdiction": lambda: {"code": "US-CA"},
    "suppression-remove": suppression_example,
    "api-client": client_example,
    "api-client-rotate": client_example,
    "api-client-scopes": client_example,
    "api-client-disable": client_example,
    "api-client-enable": client_example,
    "api-key-new": client_example,
    "api-key-revoke": key_example,
    "publishable-key-new": client_example,
    "audit-entry": audit_example,
    "job": job_example,
    "job-pause": job_example,
    "job-resume": job_example,
    "job-retry": job_example,
    "job-stop": job_example,
    "user": staff_example,
    "user-activate": staff_example,
    "user-deactivate": staff_example,
    "user-invite-again": staff_example,
    "user-role": staff_example,
    "view-edit": view_example,
    "view-new": lambda: {"page": "customers"},
    "view-remove": view_example,
}
