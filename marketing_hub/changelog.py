"""What changed in the API, newest first (SemVer 2.0.0); the first version is the one that answers."""

from dataclasses import dataclass
from datetime import date
from typing import Final


@dataclass(frozen=True, slots=True)
class Release:
    """One version: when, and its changes as (kind, sentence); `added` and `fixed` break nobody."""

    version: str
    on: date
    changes: tuple[tuple[str, str], ...]


RELEASES: Final = (
    Release(
        "1.1.0",
        date(2026, 11, 21),
        (
            ("added", "Access tokens as signed JWTs (RFC 9068) for clients registered for them; keys at /oauth/jwks."),
            ("added", "POST /oauth/device_authorization: devices without a browser get tokens (RFC 8628)."),
            ("added", "POST /oauth/register: clients register and look after themselves (RFC 7591, RFC 7592)."),
            ("added", "GET /changes: what happened since a token, with tombstones."),
            ("added", "GET /stream: events as they happen (server-sent events), resumed by Last-Event-ID."),
            ("added", "GET /stream as a WebSocket: the same events, credentials and limits, in another framing."),
            ("added", "PUT /predictions/{model}/{userId}, /predictions/batch: scores of models, for segments."),
            ("added", "Webhooks by Standard Webhooks: /webhooks with deliveries, retry and recover."),
            ("added", "Publishable keys (pk_live_...) that web pages send events with."),
            ("added", "Every JSON answer as XML through Accept: application/xml."),
            (
                "added",
                "GET /usage tells calls, errors, P50 to P99 by day and operation, and when quotas are full.",
            ),
            ("added", "Test keys (mk_test_...) open a sandbox with invented people, where this installation has one."),
            ("added", "Webhooks may ask for client.quota_warning: 70, 85 or 95 % of an hour or a day are used."),
            ("added", "GET /versions, and a preview of version 2 below /api/v2."),
            ("added", "A share of your calls can be answered by the next version; X-Canary-Key keeps them together."),
            ("added", "GET /privacy-requests/{id}/export: the package; the desk answers at /privacy/requests too."),
            ("added", "GET /audit and /audit/seals: the audit log, and the digests that prove it."),
            (
                "deprecated",
                "GET /event-types/{name}/schema, until 1 December 2027: use GET /engagement/types/{name}.",
            ),
            ("added", "Campaigns: /campaigns with launch, pause and the deliveries of each; approving is for people."),
            (
                "added",
                "Campaigns send to a share of the audience first (canary), or in place of what waits.",
            ),
            ("added", "Campaigns over the channel in_app, shown by GET /promotion?messages=true."),
            ("added", "POST /campaigns/{id}/send-unsent and /unschedule."),
            ("added", "DELETE of drafts of campaigns and promotions, and of offers that no promotion makes."),
            ("added", "Outcomes of each campaign: deliveries, bounces and complaints that providers report."),
            ("added", "Reactions of each campaign: opens and clicks by people, perhaps people, and machines, apart."),
            ("added", "Offers, promotions, codes and their redemption; GET /promotion says what a user is shown."),
            ("added", "Scores can be written: POST, PATCH and DELETE of /score-models, with activate and recompute."),
            ("added", "The data dictionary at /fields: owner, quality rule, and what stands when systems disagree."),
            ("added", "422 outranked, and kept in results of /customers/batch/upsert, where a field has such a rule."),
            ("added", "Audits of data quality: /quality/audits with findings; GET /customers?quality= lists people."),
            ("added", "processor of webhooks and recipient of exports: companies whose agreement holds; else 409."),
            ("added", "Confidential attributes go to no company outside: webhooks, exports, its API client."),
            ("added", "withheld: how many people an answer leaves out whose data may not go to your company."),
            ("added", "/opendsr/v2: privacy requests by OpenDSR 2.0, signed answers and callbacks, for privacy:write."),
            ("added", "purpose of POST /privacy-requests: an erasure of what is kept for one purpose alone."),
            ("added", "processor of sinks: nothing is written once the agreement with that company has ended."),
            ("added", "Sinks of kind kinesis write into a stream of Amazon Kinesis; region names where it is."),
            ("changed", "Addresses of webhooks, keys and callbacks at ports of other protocols (22, 25) are refused."),
            ("changed", "Merges, duplicates, deliveries, runs and receipts keep to what may go to your company too."),
            ("changed", "Privacy requests, their packages and events dsar.* keep to what may go to your company too."),
            ("changed", "GET /customers: total counts what your client can read; withheld counts the whole list."),
            ("added", "POST /segments/{id}/exports writes members to a file for a purpose; /exports follows it."),
            ("added", "POST /segments/{id}/members brings the members of a list as a CSV file."),
            (
                "added",
                "Experiments: /experiments with start, results, exposures, winner, and the calculator /plan.",
            ),
            ("added", "GET /campaigns/{id}/results and GET /reports/attribution: seven models side by side."),
            ("changed", "A parameter given twice is refused by name (400), but for those that may be repeated."),
            ("changed", "Compressed JSON bodies are refused with 415, not as broken JSON; events may be gzip."),
            ("changed", "GET /reports/attribution answers 202 while it is being counted; POST counts anew."),
            ("added", "/reports/conversion, uplift and channels, counted by a job; POST /reports/query counts anew."),
            ("added", "POST /promotions/reserve keeps a use of a code; promotions have combines and purpose."),
            ("added", "POST /ofrep/v1/evaluate/flags: experiments and promotions for every OpenFeature SDK (OFREP)."),
            ("added", "/v1/track, identify, page, screen, group, alias and batch for SDKs of Segment and RudderStack."),
            ("added", "POST /engagement/cloudevents takes CloudEvents 1.0.2: binary, structured and batched."),
            ("added", "Documentation for developers at /docs/, with a search, quick starts and guides."),
            ("added", "GET /api/postman.json: every operation as a Postman collection."),
            ("added", "X-API-Version beside API-Version on every answer."),
            (
                "added",
                "POST /consent/links: a signed preference link and the headers of RFC 8058.",
            ),
            ("added", "POST /consent/confirmations asks by e-mail before a yes counts (double opt-in)."),
            ("added", "/banner, for the consent banner of web pages, with a publishable key."),
            ("added", "GET /consents/{id}/receipt, signed (ISO/IEC TS 27560), and GET /consents/{id}/consumers."),
            ("added", "evidence.gpp takes a GPP string; the history answers it decoded."),
            ("added", "evidence.tcString takes a TC string of the IAB; section 2 of evidence.gpp is read as well."),
            ("changed", "A secret key that a browser sends is refused (403 secret_in_browser)."),
            (
                "added",
                "POST /content: words of a campaign, template or promotion for one customer, for chatbots.",
            ),
            ("added", "GET /events/{id}: the object of a webhook by its id or webhook-id, or an engagement event."),
            ("added", "POST /sandbox/seed puts in what is missing of the mock data, and clears nothing."),
            ("added", "The OpenAPI document has the scheme mutualTLS for tokens bound to certificates (RFC 8705)."),
            ("fixed", "Accept: application/json;q=0 answers 406, and JSON with a charset is taken by every address."),
            ("added", "POST /segments/{id}/preview counts a stored segment now: its rule, or another one for it."),
            ("added", "returns, pace and spared among the metrics of a campaign; the last two in its results too."),
            (
                "added",
                "Pilots: pilot_percent or pilot_people of a campaign; POST /campaigns/{id}/promote sends to the rest.",
            ),
        ),
    ),
    Release(
        "1.0.0",
        date(2026, 11, 1),
        (("added", "Customers, tags, purchases, consent, engagement events, imports, account."),),
    ),
)

PREVIEW: Final = "2.0.0-preview.1"
"""The version that answers below /api/v2: shapes may change until it is released."""
