"""The retention schedule: what is kept for how long, by which setting, and what would go now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from django.conf import settings
from django.db import connection

from campaigns.services import links
from consent.services import retention
from core.console.lists import TooSlow, quickly
from core.privacy import places
from engagement.services import reactions, rejections

COUNTED_AT_MOST: Final = 100_000


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `table` whose `column` lies before the cutoff go; `where` narrows them; by which setting, why."""

    name: str
    table: str
    column: str
    setting: str
    cutoff: Callable[[datetime], datetime]
    where: str = ""

    @property
    def words(self) -> str:
        """How long, as the setting says; fixed periods stand in the name of the setting."""
        value = getattr(settings, self.setting, None)
        unit = self.setting.rpartition("_")[2].lower()
        return f"{value:,} {unit}" if value is not None else self.setting


@dataclass(frozen=True, slots=True)
class Finding:
    """What a dry run found for a rule: how many rows would go, None when counting took too long."""

    rule: Rule
    before: datetime
    rows: int | None

    @property
    def said(self) -> str:
        """The number in words."""
        if self.rows is None:
            return "too many to count in two seconds"
        return f"{COUNTED_AT_MOST:,} or more" if self.rows > COUNTED_AT_MOST else f"{self.rows:,}"


def _days(setting: str) -> Callable[[datetime], datetime]:
    return lambda now: now - timedelta(days=getattr(settings, setting))


def _months(setting: str, days: int = 31) -> Callable[[datetime], datetime]:
    return lambda now: now - timedelta(days=days * getattr(settings, setting))


def _whole_months(setting: str) -> Callable[[datetime], datetime]:
    """Partitions go when their month ended that many months ago."""

    def cutoff(now: datetime) -> datetime:
        months = now.year * 12 + now.month - 1 - int(getattr(settings, setting))
        return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)

    return cutoff


def _rule(name: str, table: str, column: str, setting: str, where: str = "") -> Rule:
    cutoff = _months(setting) if setting.endswith("_MONTHS") else _days(setting)
    return Rule(name, table, column, setting, cutoff, where)


def _fixed(name: str, table: str, column: str, words: str, kept: timedelta, where: str = "") -> Rule:
    """A period that no setting changes, in words."""
    return Rule(name, table, column, words, lambda now: now - kept, where)


def _at_once(name: str, table: str, column: str = "expires_at") -> Rule:
    """Rows go when their own time is over."""
    return _fixed(name, table, column, "until its time is over", timedelta())


def _of(parent: str, column: str, key: str) -> str:
    """The instant that stands on the row this one belongs to."""
    return f"(SELECT p.{column} FROM {parent} p WHERE p.id = {key})"  # noqa: S608


_ASKED: Final = "question NOT IN ('deliveries', 'results')"
_CAMPAIGN: Final = "CAMPAIGN_RETENTION_MONTHS"
_NAMED: Final = "customer_id IS NOT NULL"

RULES: Final[Sequence[Rule]] = (
    Rule(
        "Events",
        "engagement_event",
        "occurred_at",
        "EVENT_RETENTION_MONTHS",
        _whole_months("EVENT_RETENTION_MONTHS"),
    ),
    _rule("Event ids", "engagement_event_key", "received_at", "EVENT_KEY_DAYS"),
    Rule(
        "Hourly sums of events",
        "engagement_hourlymetric",
        "hour",
        "EVENT_RETENTION_MONTHS",
        _whole_months("EVENT_RETENTION_MONTHS"),
    ),
    Rule(
        "Who received whose data",
        "consent_disclosure",
        "hour",
        "DISCLOSURE_RETENTION_MONTHS",
        _whole_months("DISCLOSURE_RETENTION_MONTHS"),
    ),
    Rule(
        "Consent tokens",
        "consent_consenttoken",
        "expires_at",
        "EVENT_RETENTION_MONTHS",
        lambda now: now - timedelta(days=31 * (settings.EVENT_RETENTION_MONTHS + 1)),
    ),
    _fixed(
        "Questions that confirm consent", "consent_confirmation", "closed_at", "400 days", retention.CONFIRMATIONS_KEPT
    ),
    _rule("Privacy requests that are closed", "consent_datarequest", "closed_at", "REQUEST_RETENTION_MONTHS"),
    Rule(
        "Files of access packages",
        "consent_requestpackage",
        "expires_at",
        "PACKAGE_DAYS",
        lambda now: now,
        "removed_at IS NULL",
    ),
    _rule("Changes of profiles", "customers_profilechange", "at", "PROFILE_CHANGE_DAYS"),
    _rule("Audits of data quality", "customers_qualityaudit", "finished_at", "QUALITY_AUDIT_DAYS"),
    _rule("Calculations of segments", "customers_segmentrun", "started_at", "SEGMENT_RUN_DAYS"),
    _rule("Versions of segments", "customers_segmentversion", "created_at", "SEGMENT_RUN_DAYS", "state <> 'current'"),
    _rule("Comings and goings in segments", "customers_segmentchange", "at", "SEGMENT_CHANGE_DAYS"),
    _rule("Daily counts of segments", "customers_segmentday", "day", "SEGMENT_CHANGE_DAYS"),
    _fixed("What segments have to look at", "customers_touch", "at", "1 day", timedelta(days=1)),
    _rule("Counted audiences and periods of campaigns", "campaigns_campaigncount", "asked_at", "REPORT_DAYS", _ASKED),
    _rule("Counted reports", "engagement_countedreport", "asked_at", "REPORT_DAYS"),
    _rule("Changes of scores", "customers_scorechange", "at", "SCORE_CHANGE_DAYS"),
    _at_once("Predictions", "engagement_prediction"),
    _fixed("Refused events", "engagement_rejection", "at", "30 days", rejections.KEPT),
    _fixed("Opens and clicks before they are judged", "engagement_reaction", "at", "1 hour", reactions.KEPT),
    _rule(
        "Messages of campaigns",
        "campaigns_delivery",
        _of("campaigns_campaign", "finished_at", "campaigns_delivery.campaign_id"),
        _CAMPAIGN,
    ),
    _rule("Runs of automations", "campaigns_run", "ended_at", _CAMPAIGN),
    _rule(
        "Who saw which variant",
        "campaigns_shown",
        _of("campaigns_experiment", "stopped_at", "campaigns_shown.experiment_id"),
        _CAMPAIGN,
    ),
    _rule("Names in showings of promotions", "campaigns_exposure", "shown_at", _CAMPAIGN, _NAMED),
    _rule("Names in uses of codes", "campaigns_redemption", "redeemed_at", _CAMPAIGN, _NAMED),
    _rule("Names in codes of messages", "campaigns_givencode", "given_at", _CAMPAIGN, _NAMED),
    _at_once("Codes kept for an order", "campaigns_reservation"),
    _fixed("Links that were looked at", "campaigns_linkcheck", "asked_at", "30 days", links.KEPT),
    _rule("Exports of segments", "customers_memberexport", "created_at", "SEGMENT_RUN_DAYS"),
    Rule(
        "Files of exports",
        "customers_memberexport",
        "expires_at",
        "EXPORT_HOURS",
        lambda now: now,
        "built_at IS NOT NULL AND removed_at IS NULL",
    ),
    _rule("Imported files", "customers_importfile", "created_at", "IMPORT_FILE_RETENTION_DAYS"),
    _rule(
        "Refused rows of imports",
        "customers_refusedrow",
        _of("customers_importfile", "created_at", "customers_refusedrow.file_id"),
        "REFUSED_ROW_RETENTION_DAYS",
    ),
    _rule(
        "What imports changed, to undo it",
        "customers_importchange",
        _of("customers_importfile", "created_at", "customers_importchange.file_id"),
        "IMPORT_UNDO_DAYS",
    ),
    Rule(
        "Pre-images of merges",
        "customers_merge",
        "undo_until",
        "MERGE_UNDO_DAYS",
        lambda now: now,
        "EXISTS (SELECT FROM customers_mergeimage i WHERE i.merge_id = customers_merge.id)",
    ),
    _rule("Jobs that are over", "core_job", "finished_at", "JOB_DAYS"),
    _rule("Comments on documentation", "marketing_hub_pagecomment", "created_at", "PAGE_COMMENT_DAYS"),
    _rule("Alerts of unusual use", "integrations_anomaly", "created_at", "USAGE_RETENTION_DAYS"),
    _rule("Mutes of alerts", "integrations_mute", "until", "USAGE_RETENTION_DAYS"),
    _rule("Networks that clients called from", "integrations_clientnetwork", "last_at", "USAGE_RETENTION_DAYS"),
    _rule("Figures of API usage", "integrations_dailyusage", "day", "USAGE_RETENTION_DAYS"),
    _rule("Warnings about quotas", "integrations_quotawarning", "day", "USAGE_RETENTION_DAYS"),
    Rule(
        "Log of API requests",
        "integrations_requestline",
        "at",
        "REQUEST_LOG_DAYS",
        lambda now: (
            datetime.combine(now.astimezone(UTC).date(), time(), UTC) - timedelta(days=settings.REQUEST_LOG_DAYS)
        ),
    ),
    _rule("Refused API requests", "integrations_refusedrequest", "minute", "REFUSED_REQUEST_RETENTION_DAYS"),
    _rule("Deliveries to webhooks", "integrations_webhookdelivery", "created_at", "WEBHOOK_RETENTION_DAYS"),
    _rule("Hourly figures of webhooks", "integrations_webhookhour", "hour", "WEBHOOK_RETENTION_DAYS"),
    _at_once("Access tokens", "oauth2_provider_accesstoken", "expires"),
    _at_once("Authorization codes", "oauth2_provider_grant", "expires"),
    _at_once("Codes of devices that wait for a decision", "oauth2_provider_devicegrant", "expires"),
    _at_once("What access tokens are bound to", "integrations_tokenbinding"),
    _at_once("Proofs of clients that were used", "integrations_usedassertion"),
    _at_once("Sessions of staff", "django_session", "expire_date"),
    _fixed("Failed sign-ins", "core_signinguard", "updated_at", "1 day", timedelta(days=1)),
    Rule(
        "Answers kept for repeated calls",
        "core_idempotencykey",
        "created_at",
        "IDEMPOTENCY_HOURS",
        lambda now: now - timedelta(hours=settings.IDEMPOTENCY_HOURS),
    ),
    _rule("Messages between parts", "core_outboxmessage", "created_at", "OUTBOX_RETENTION_DAYS"),
    _rule("Audit log", "core_auditentry", "at", "AUDIT_RETENTION_DAYS"),
)


def dry_run(*, now: datetime) -> list[Finding]:
    """What each rule would delete now; nothing is deleted, and no count takes longer than two seconds."""
    return [Finding(rule, rule.cutoff(now), _count(rule, rule.cutoff(now))) for rule in RULES]


def _count(rule: Rule, before: datetime) -> int | None:
    narrowed = f" AND {rule.where}" if rule.where else ""
    found = f"SELECT FROM {rule.table} WHERE {rule.column} < %s{narrowed} LIMIT {COUNTED_AT_MOST + 1}"
    try:
        with quickly(), connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM ({found}) AS old", [before])  # noqa: S608
            return int(cursor.fetchone()[0])
    except TooSlow:
        return None


def kept_by_place() -> list[tuple[str, str, str, str]]:
    """(what, purpose, kept for, why it stays after erasure) of every place with personal data, by name."""
    found = sorted(places(), key=lambda place: place.name)
    return [(place.category, place.purpose, place.retention, place.kept_because) for place in found]
