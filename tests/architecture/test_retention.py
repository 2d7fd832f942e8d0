"""Every table has its place in the retention schedule, or a reason why no clock empties it."""

from django.apps import apps
from django.db.models import CASCADE

from marketing_hub.system.schedule import RULES

MADE_BY_PEOPLE = """
auth_group auth_group_permissions auth_permission django_content_type
core_staffuser core_savedview marketing_hub_secondfactor marketing_hub_recoverycode marketing_hub_pagerating
customers_attributedefinition customers_fieldpolicy customers_segment customers_scoremodel customers_scoreversion
customers_tag customers_tagrule
consent_activity consent_breach consent_jurisdiction consent_noticeversion consent_processor consent_purpose
consent_rightsagent consent_riskreference
campaigns_automation campaigns_automationmessage campaigns_automationversion campaigns_budgetguard
campaigns_budgetraise campaigns_campaign campaigns_campaignsegment campaigns_code campaigns_contenttemplate
campaigns_experiment campaigns_lane campaigns_offer campaigns_promotion campaigns_templateuse campaigns_templateversion
engagement_eventschema engagement_eventtype engagement_label engagement_predictionmodel
integrations_apiclient integrations_apiclientsecret integrations_apikey integrations_logsink
integrations_registration integrations_registrationtoken
integrations_signingkey integrations_webhookendpoint
"""
"""Definitions and settings: as many as people make, ended by them."""

LIKE_THE_CUSTOMER = """
customers_customer customers_customertag customers_fieldorigin customers_purchase customers_segmentmember
customers_customerscore engagement_heldevent consent_restriction consent_legalhold
"""
"""As long as the customer, a membership or a hold."""

PROOF = """
consent_auditreport consent_consentevent consent_consentstate consent_ledgeranchor consent_suppression core_auditseal
"""
"""What we must be able to show for good, without names or as keyed hashes."""

BOUNDED = """
core_cursor consent_disclosureflow consent_requestmove campaigns_stepcount campaigns_deliverychange
engagement_dailymetric
"""
"""A row for each follower, pair, kind of step, campaign or day: not for each call, message or event."""

UNUSED = "django_admin_log oauth2_provider_idtoken"
"""Tables of libraries that nothing writes to: the admin is read-only, and those flows are not offered."""

IN_TURN = "oauth2_provider_refreshtoken consent_clockentry"
"""Goes when it would have expired, which its settings say and no column; goes with its request, by a service."""

WITHOUT_CLOCK = {
    name for names in (MADE_BY_PEOPLE, LIKE_THE_CUSTOMER, PROOF, BOUNDED, UNUSED, IN_TURN) for name in names.split()
}


def tables():
    return {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}


def goes_with(model):
    """The tables whose rows take those of this model along."""
    return {
        field.remote_field.model._meta.db_table
        for field in model._meta.fields
        if field.remote_field and field.remote_field.on_delete is CASCADE
    }


def with_what_goes_along(first):
    """These tables, those whose rows go along with theirs, and so on."""
    found, before = set(first), None
    while found != before:
        before = set(found)
        found |= {name for name, model in tables().items() if goes_with(model) & before}
    return found


def test_retention__every_table__has_a_rule_or_goes_with_one_or_a_reason():
    settled = with_what_goes_along({rule.table for rule in RULES} | set(LIKE_THE_CUSTOMER.split())) | WITHOUT_CLOCK

    assert set(tables()) - settled == set()


def test_retention__reasons__are_of_tables_that_exist_and_have_no_rule():
    by_clock = {rule.table for rule in RULES}

    assert WITHOUT_CLOCK - set(tables()) == set()
    assert WITHOUT_CLOCK & by_clock == set()
