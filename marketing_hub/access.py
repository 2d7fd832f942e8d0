"""The one table of access: what each role of the console may do, and which OAuth scopes exist.

Roles and permissions follow the role matrix of the console; scopes are per resource and verb. Published to the
lower floors through settings.ROLE_PERMISSIONS and settings.API_SCOPES.
"""

from typing import Final

MARKETER, COMPLIANCE, INTEGRATION, ANALYST = "marketer", "compliance_officer", "integration_admin", "analyst"
_M, _C, _I, _A = MARKETER, COMPLIANCE, INTEGRATION, ANALYST

PERMISSIONS: Final[dict[str, tuple[str, frozenset[str]]]] = {
    "core.view_home": ("Open the console", frozenset({_M, _C, _I, _A})),
    "customers.view_customer": ("See customers", frozenset({_M, _C, _I, _A})),
    "customers.view_pii": ("See personal data unmasked", frozenset({_M, _C})),
    "customers.change_customer": ("Edit and tag customers", frozenset({_M})),
    "customers.delete_customer": ("Delete customers", frozenset()),
    "customers.view_segment": ("See segments", frozenset({_M, _C, _I, _A})),
    "customers.change_segment": ("Define segments", frozenset({_M, _A})),
    "customers.view_merge": ("See merges and identity rules", frozenset({_M, _C, _I})),
    "customers.merge_customer": ("Ask for, approve and undo merges", frozenset({_M, _C})),
    "customers.import_customer": ("Import customers and purchases", frozenset({_M, _I})),
    "customers.view_import": ("See imports", frozenset({_M, _C, _I})),
    "customers.view_attribute": ("See attribute definitions", frozenset({_M, _C, _I, _A})),
    "customers.change_attribute": ("Define attributes", frozenset({_M, _I})),
    "consent.view_consent": ("See the consent ledger", frozenset({_M, _C, _I})),
    "consent.record_consent": ("Record consent", frozenset({_C})),
    "consent.verify_ledger": ("Verify the consent ledger", frozenset({_C})),
    "consent.view_suppression": ("See the suppression list", frozenset({_M, _C})),
    "consent.add_suppression": ("Suppress people", frozenset({_M, _C})),
    "consent.change_suppression": ("Take people off the suppression list", frozenset({_C})),
    "consent.view_purpose": ("See purposes and notices", frozenset({_M, _C, _I, _A})),
    "consent.change_purpose": ("Define purposes and notices", frozenset({_C})),
    "consent.view_disclosure": ("See who received whose data", frozenset({_C, _I})),
    "consent.view_register": ("See registers: processing, processors, breaches", frozenset({_C})),
    "consent.change_register": ("Keep registers", frozenset({_C})),
    "consent.view_request": ("See privacy requests", frozenset({_C})),
    "consent.log_request": ("Log privacy requests", frozenset({_M, _C})),
    "consent.change_request": ("Work on privacy requests", frozenset({_C})),
    "consent.approve_request": ("Approve privacy requests", frozenset({_C})),
    "consent.download_package": ("Download what was found for a privacy request", frozenset({_C})),
    "campaigns.view_campaign": ("See campaigns", frozenset({_M, _C, _I, _A})),
    "campaigns.change_campaign": ("Write campaigns", frozenset({_M})),
    "campaigns.approve_campaign": ("Approve campaigns of others", frozenset({_M, _C})),
    "campaigns.launch_campaign": ("Launch and cancel campaigns", frozenset({_M})),
    "campaigns.pause_campaign": ("Pause campaigns", frozenset({_M, _C})),
    "campaigns.view_offer": ("See offers and promotions", frozenset({_M, _C, _I, _A})),
    "campaigns.change_offer": ("Write and run offers and promotions", frozenset({_M})),
    "engagement.view_event": ("See events", frozenset({_M, _C, _I, _A})),
    "engagement.change_eventtype": ("Define and retire event types", frozenset({_I})),
    "engagement.view_rejection": ("See refused events", frozenset({_C, _I})),
    "integrations.view_refusedrequest": ("See refused API requests", frozenset({_C, _I})),
    "integrations.view_apiclient": ("See API clients", frozenset({_C, _I})),
    "integrations.change_apiclient": ("Register and change API clients", frozenset({_I})),
    "integrations.rotate_secret": ("Issue and rotate secrets", frozenset({_I})),
    "core.view_own_job": ("See own jobs", frozenset({_M, _C, _I, _A})),
    "core.view_job": ("See all jobs", frozenset()),
    "core.view_own_auditentry": ("See own actions in the audit log", frozenset({_M, _C, _I})),
    "core.view_auditentry": ("See the whole audit log", frozenset({_C})),
    "core.verify_audit": ("Verify the audit log", frozenset({_C})),
    "core.view_user": ("See staff", frozenset({_C})),
    "core.change_user": ("Invite and change staff", frozenset()),
    "core.view_raw": ("Look into the raw tables", frozenset()),
}

ROLE_PERMISSIONS: Final[dict[str, frozenset[str]]] = {
    role: frozenset(name for name, (_, roles) in PERMISSIONS.items() if role in roles) for role in (_M, _C, _I, _A)
}

SCOPES: Final[dict[str, str]] = {
    "customers:read": "Read customers",
    "customers:write": "Create and update customers",
    "customers:delete": "Delete customers",
    "customers.pii:read": "Read personal fields of customers",
    "segments:read": "Read segments, their members and why somebody is in them",
    "segments:write": "Define, change and archive segments",
    "tags:write": "Put and remove tags",
    "campaigns:read": "Read campaigns, their deliveries and figures",
    "campaigns:write": "Write, launch, pause and archive campaigns",
    "offers:read": "Read offers",
    "offers:write": "Write offers",
    "promotions:read": "Read promotions and their codes",
    "promotions:write": "Write and run promotions, make and redeem codes",
    "promotions:serve": "Ask which promotion a user is shown",
    "engagement:write": "Send engagement events",
    "engagement:read": "Read engagement events and time series",
    "consent:read": "Read consent and its history",
    "consent:write": "Record consent and issue consent tokens",
    "privacy:read": "Read privacy requests",
    "privacy:write": "Open and work on privacy requests",
    "privacy:fulfil": "Fetch the packages of privacy requests",
    "jobs:write": "Start and watch imports",
    "audit:read": "Read the audit log",
    "introspection": "Introspect tokens of other clients",
}

# What a member of staff must be allowed to do before a client may be given the scope in their name.
SCOPE_PERMISSIONS: Final[dict[str, str]] = {
    "customers:read": "customers.view_customer",
    "customers:write": "customers.change_customer",
    "customers:delete": "customers.delete_customer",
    "customers.pii:read": "customers.view_pii",
    "segments:read": "customers.view_segment",
    "segments:write": "customers.change_segment",
    "tags:write": "customers.change_customer",
    "campaigns:read": "campaigns.view_campaign",
    "campaigns:write": "campaigns.launch_campaign",
    "offers:read": "campaigns.view_offer",
    "offers:write": "campaigns.change_offer",
    "promotions:read": "campaigns.view_offer",
    "promotions:write": "campaigns.change_offer",
    "promotions:serve": "campaigns.view_offer",
    "engagement:write": "customers.change_customer",
    "engagement:read": "engagement.view_event",
    "consent:read": "consent.view_consent",
    "consent:write": "consent.record_consent",
    "privacy:read": "consent.view_request",
    "privacy:write": "consent.change_request",
    "privacy:fulfil": "consent.download_package",
    "jobs:write": "customers.import_customer",
    "audit:read": "core.view_auditentry",
    "introspection": "integrations.rotate_secret",
}
