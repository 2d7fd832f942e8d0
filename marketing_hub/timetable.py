"""What happens by itself, how often (a task and seconds, or the time of a day in UTC), and what may not wait."""

from typing import Any, Final

from celery.schedules import crontab

FOLLOWERS: Final = "followers"
"""The queue of short tasks that keep others up to date within seconds: no mailing or import may stand before them."""
ROUTES: Final[dict[str, dict[str, str]]] = {
    name: {"queue": FOLLOWERS}
    for name in (
        "customers.tasks.follow_segments",
        "customers.tasks.follow_scores",
        "customers.tasks.follow_tag_rules",
        "campaigns.tasks.follow_automations",
        "engagement.tasks.follow_events",
        "engagement.tasks.link_identified",
        "engagement.tasks.settle_reactions",
        "consent.tasks.drain_disclosures",
        "consent.tasks.expire_consents",
        "integrations.tasks.drain_usage",
    )
}

TIMETABLE: Final[dict[str, dict[str, Any]]] = {
    "requeue-stalled-jobs": {"task": "core.tasks.requeue_stalled_jobs", "schedule": 30.0},
    "oauth-tokens": {"task": "integrations.tasks.clear_expired_tokens", "schedule": 3600.0},
    "api-usage": {"task": "integrations.tasks.drain_usage", "schedule": 5.0},
    "api-quotas": {"task": "integrations.tasks.warn_quotas", "schedule": 60.0},
    "unusual-use": {"task": "integrations.tasks.look_for_anomalies", "schedule": 300.0},
    "api-usage-retention": {"task": "integrations.tasks.trim_usage", "schedule": 3600.0},
    "controller-callbacks": {"task": "integrations.tasks.call_controllers", "schedule": 300.0},
    "people-by-digest": {"task": "integrations.tasks.find_people_by_digest", "schedule": 300.0},
    "agent-callbacks": {"task": "integrations.tasks.call_agents", "schedule": 300.0},
    "processor-agreements": {"task": "integrations.tasks.stop_uncovered", "schedule": 300.0},
    "webhook-retention": {"task": "integrations.tasks.trim_webhooks", "schedule": 3600.0},
    "disclosures": {"task": "consent.tasks.drain_disclosures", "schedule": 5.0},
    "expire-consents": {"task": "consent.tasks.expire_consents", "schedule": 60.0},
    "audit-reports": {"task": "consent.tasks.make_audit_reports", "schedule": crontab(hour=4, minute=40)},
    "consent-renewals": {"task": "consent.tasks.ask_renewals", "schedule": 3600.0},
    "prove-ledger": {"task": "consent.tasks.prove_ledger", "schedule": 3600.0},
    "privacy-request-tasks": {"task": "consent.tasks.resume_request_steps", "schedule": 30.0},
    "privacy-request-upkeep": {"task": "consent.tasks.keep_requests", "schedule": 3600.0},
    "privacy-request-letters": {"task": "consent.tasks.send_waiting_letters", "schedule": 60.0},
    "follow-segments": {"task": "customers.tasks.follow_segments", "schedule": 0.5, "options": {"expires": 5.0}},
    "follow-tag-rules": {"task": "customers.tasks.follow_tag_rules", "schedule": 1.0, "options": {"expires": 5.0}},
    "check-tag-rules": {"task": "customers.tasks.check_tag_rules", "schedule": crontab(hour=4, minute=10)},
    "reconcile-segments": {"task": "customers.tasks.reconcile_segments", "schedule": crontab(hour=3, minute=10)},
    "refresh-segments": {"task": "customers.tasks.refresh_segments", "schedule": 900.0},
    "score-followers": {"task": "customers.tasks.follow_scores", "schedule": 10.0},
    "recompute-scores": {"task": "customers.tasks.recompute_scores", "schedule": 86400.0},
    "quality-audit": {"task": "customers.tasks.begin_quality_audit", "schedule": crontab(hour=4, minute=20)},
    "quality-retention": {"task": "customers.tasks.forget_quality_history", "schedule": 86400.0},
    "score-retention": {"task": "customers.tasks.forget_score_history", "schedule": 86400.0},
    "segment-retention": {"task": "customers.tasks.forget_segment_history", "schedule": 86400.0},
    "campaigns": {"task": "campaigns.tasks.drive_campaigns", "schedule": 5.0},
    "campaign-counts": {"task": "campaigns.tasks.count_campaigns", "schedule": 15.0, "options": {"expires": 15.0}},
    "campaign-links": {"task": "campaigns.tasks.refresh_links", "schedule": 3600.0},
    "campaign-budgets": {"task": "campaigns.tasks.watch_budgets", "schedule": 60.0},
    "follow-automations": {"task": "campaigns.tasks.follow_automations", "schedule": 0.5, "options": {"expires": 5.0}},
    "automation-days": {"task": "campaigns.tasks.keep_automations", "schedule": 300.0},
    "reservations": {"task": "campaigns.tasks.release_reservations", "schedule": 30.0},
    "experiments": {"task": "campaigns.tasks.count_experiments", "schedule": 60.0},
    "campaign-retention": {"task": "campaigns.tasks.apply_retention", "schedule": 86400.0},
    "consent-retention": {"task": "consent.tasks.apply_retention", "schedule": 86400.0},
    **{
        f"follow-{name}": {"task": "engagement.tasks.follow_events", "schedule": 2.0, "kwargs": {"name": name}}
        for name in ("events.daily_sums", "events.hourly_sums", "events.last_seen", "events.erased", "events.scores")
    },
    "event-identify": {"task": "engagement.tasks.link_identified", "schedule": 2.0},
    "message-reactions": {"task": "engagement.tasks.settle_reactions", "schedule": 2.0},
    "event-partitions": {"task": "engagement.tasks.keep_partitions", "schedule": 3600.0},
    "results-retention": {"task": "engagement.tasks.forget_reports", "schedule": 86400.0},
    "predictions-retention": {"task": "engagement.tasks.forget_predictions", "schedule": 3600.0},
    "customers-imports-clean-up": {"task": "customers.tasks.clean_up_imports", "schedule": 3600.0},
    "customers-exports-clean-up": {"task": "customers.tasks.clean_up_exports", "schedule": 600.0},
    "deprecations": {"task": "marketing_hub.tasks.tell_of_deprecations", "schedule": crontab(hour=6, minute=30)},
    "jobs-retention": {"task": "marketing_hub.tasks.forget_jobs", "schedule": 86400.0},
    "docs-comments-retention": {"task": "marketing_hub.tasks.forget_comments", "schedule": 86400.0},
    "seal-audit": {"task": "marketing_hub.tasks.seal_audit", "schedule": 300.0},
    "customers-duplicates": {"task": "customers.tasks.find_duplicates", "schedule": 3600.0},
    "customers-tags-expire": {"task": "customers.tasks.expire_tags", "schedule": 60.0},
    "customers-merges": {"task": "customers.tasks.keep_merges", "schedule": 600.0},
    "core-retention": {"task": "core.tasks.apply_retention", "schedule": 3600.0},
}
