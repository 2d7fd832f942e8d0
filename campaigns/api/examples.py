"""A story of calls about campaigns: shown in the OpenAPI document, executed by a test."""

from core.api.schema import Example

SPRING = {
    "name": "Spring",
    "purpose": "marketing_email",
    "subject": "Spring is here",
    "body": 'Hello {{ customer.first_name | default: "there" }},\n\n[Have a look](https://shop.example.com/spring)',
    "quiet_from": "21:00",
    "quiet_until": "08:00",
    "budget": 250,
    "cost_per_message": 0.0008,
}
OFFER = {"key": "spring-20", "name": "Spring 20", "kind": "percent", "value": 20}
PROMOTION = {
    "key": "spring",
    "offer": "spring-20",
    "name": "Spring",
    "variants": [
        {"key": "A", "weight": 1, "content": {"headline": "20 % off"}},
        {"key": "B", "weight": 1, "content": {"headline": "One fifth off everything"}},
    ],
}
REDEEM = {"code": "SPRING-ABCDEFGHJK", "userId": "12345", "orderId": "ord_790"}
EXPERIMENT = {
    "key": "button",
    "name": "Words of the button",
    "variants": [{"key": "A", "weight": 1, "value": "Buy now"}, {"key": "B", "weight": 1, "value": "Add to basket"}],
}
ONE = {"experiment": "button"}
CONTEXT = {"context": {"targetingKey": "visitor-7f3"}}
WELCOME = {
    "name": "Welcome",
    "purpose": "marketing_email",
    "graph": {
        "version": 1,
        "entry": {"on": "api"},
        "goals": [{"on": "order"}],
        "reentry": {"policy": "after_days", "days": 90},
        "limits": {"quiet_from": "21:00", "quiet_until": "08:00", "time_zone": "Europe/Berlin"},
        "start": "hello",
        "steps": {
            "hello": {"type": "send", "subject": "Welcome", "body": "Good to have you here.", "next": "rest"},
            "rest": {"type": "wait", "days": 3, "at": "09:00", "next": "again"},
            "again": {"type": "send", "subject": "Have you looked around?", "body": "Here is where to begin."},
        },
    },
}
FOOTER = {
    "key": "footer",
    "kind": "block",
    "name": "Our address",
    "body": "Shop Example, 1 High Street\n\n[[de]]\nShop Example, Hauptstraße 1",
}
LETTER = {
    "key": "spring-letter",
    "kind": "message",
    "name": "Spring letter",
    "subject": "Spring is here",
    "body": 'Hello {{ customer.first_name | default: "there" }},\n\n[[block:footer]]',
}
LETTER_ID = {"template": "spring-letter"}
AUTOMATION = {"automation_id": "$createAutomation.id"}
ENROL = {"customer": "12345", "ref": "signup-12345"}
ID = {"campaign_id": "$createCampaign.id"}

EXAMPLES = [
    Example(
        "createCampaign", "A draft", body=SPRING, status=201, answer={"id": "...", "name": "Spring", "state": "draft"}
    ),
    Example("listCampaigns", "Which campaigns there are", query={"state": "draft"}, answer={"data": [{"id": "..."}]}),
    Example("getCampaign", "Read it", path=ID, answer={"name": "Spring", "people": None, "counts": {}}),
    Example("updateCampaign", "Another subject", path=ID, body={"subject": "At last"}, answer={"subject": "At last"}),
    Example("duplicateCampaign", "A copy", path=ID, status=201, answer={"name": "Spring (copy)", "state": "draft"}),
    Example("getCampaignLinks", "Where they lead", path=ID, answer={"links": []}),
    Example("checkCampaignLinks", "Look now", path=ID, status=202, answer={"links": 0}),
    Example(
        "previewCampaign",
        "As she would see it",
        path=ID,
        body={"customer": "12345"},
        answer={"subject": "At last", "html": "...", "text": "..."},
    ),
    Example(
        "sendCampaignTest",
        "Refused: nobody of the house",
        path=ID,
        body={"customer": "12345", "to": "jane@example.com"},
        status=400,
        answer={"param": "to"},
    ),
    Example("listCampaignDeliveries", "Nobody yet", path=ID, answer={"data": []}),
    Example("getCampaignAudience", "A draft", path=ID, answer={"why_not": []}),
    Example("countCampaignResults", "Few people: counted at once", path=ID, answer={"funnel": []}),
    Example("getCampaignResults", "Not launched yet", path=ID, answer={"funnel": [], "revenue": None, "pauses": []}),
    Example(
        "getCampaignMetrics",
        "By day; not launched yet",
        path=ID,
        query={"fields": "sent,delivered,clicked,conversions,revenue", "breakdown": "day"},
        answer={"begins": None, "totals": {}, "breakdown": []},
    ),
    Example(
        "getCampaignMetrics",
        "What it cost, brought and saved, and how fast it came about",
        path=ID,
        query={"fields": "returns,pace,spared,codes"},
        answer={
            "returns": {"roi": None},
            "pace": {"iteration": 1, "decision": None},
            "spared": {"messages": 0},
            "codes": {"given": 0},
        },
    ),
    Example(
        "setBudgetGuard",
        "Twice, by 50 each",
        path=ID,
        body={"step": 50, "ceiling": 350},
        answer={"active": True, "ceiling": 350.0, "raises": []},
    ),
    Example("getBudgetGuard", "Read it", path=ID, answer={"step": 50.0, "cooldown_minutes": 360}),
    Example(
        "revertBudgetRaise",
        "Refused: no such raise",
        path=ID | {"raise_id": "bdr_0"},
        body={"reason": "The clicks came from a test of the shop."},
        status=404,
        answer={"code": "resource_missing"},
    ),
    Example("endBudgetGuard", "No more raises", path=ID, status=204),
    Example("submitCampaign", "Refused: no audience", path=ID, status=409, answer={"code": "not_ready"}),
    Example("launchCampaign", "Refused: not approved", path=ID, status=409, answer={"code": "state_conflict"}),
    Example(
        "pauseCampaign",
        "Refused: not sending",
        path=ID,
        body={"reason": "Wrong price"},
        status=409,
        answer={"code": "state_conflict"},
    ),
    Example("resumeCampaign", "Refused: not paused", path=ID, status=409, answer={"code": "state_conflict"}),
    Example(
        "cancelCampaign",
        "Refused: a draft",
        path=ID,
        body={"reason": "Sold out"},
        status=409,
        answer={"code": "state_conflict"},
    ),
    Example("unscheduleCampaign", "Refused: a draft", path=ID, status=409, answer={"code": "state_conflict"}),
    Example(
        "sendToUnsent",
        "Refused: a draft",
        path=ID,
        body={"also_unknown": False},
        status=409,
        answer={"code": "state_conflict"},
    ),
    Example("promoteCampaign", "Refused: no pilot", path=ID, status=409, answer={"code": "state_conflict"}),
    Example("archiveCampaign", "Put it away", path=ID, answer={"state": "archived"}),
    Example("createTemplate", "A block", body=FOOTER, status=201, answer={"id": "...", "version": 1, "uses": 0}),
    Example("createTemplate", "A message", body=LETTER, status=201, answer={"kind": "message", "locales": []}),
    Example("listTemplates", "Which blocks there are", query={"kind": "block"}, answer={"data": [{"uses": 1}]}),
    Example("getTemplate", "Who uses it", path={"template": "footer"}, answer={"used_by": [{"id": "spring-letter"}]}),
    Example("updateTemplate", "Next version", path=LETTER_ID, body={"subject": "At last"}, answer={"version": 2}),
    Example("listTemplateVersions", "Both", path=LETTER_ID, answer={"data": [{"number": 2}, {"number": 1}]}),
    Example(
        "previewTemplate",
        "In German",
        path=LETTER_ID,
        body={"customer": "12345", "locale": "de"},
        answer={"subject": "At last", "html": "...", "text": "..."},
    ),
    Example(
        "renderContent",
        "A block, to be spoken",
        body={"customer": "12345", "template": "footer"},
        answer={"allowed": True, "reason": None, "speech": "Shop Example, 1 High Street."},
    ),
    Example("deleteTemplate", "Refused: used", path={"template": "footer"}, status=409, answer={"code": "in_use"}),
    Example("archiveTemplate", "Put it away", path=LETTER_ID, answer={"state": "archived"}),
    Example("restoreTemplate", "Bring it back", path=LETTER_ID, answer={"state": "active"}),
    Example("getAutomationSchema", "What a graph may hold", answer={"type": "object"}),
    Example("createAutomation", "A welcome", body=WELCOME, status=201, answer={"id": "...", "state": "draft"}),
    Example("listAutomations", "Which automations there are", answer={"data": [{"id": "...", "name": "Welcome"}]}),
    Example("getAutomation", "Read it", path=AUTOMATION, answer={"version": None, "draft": {"version": 1}}),
    Example("updateAutomation", "Its goal", path=AUTOMATION, body={"goal": "A first order"}, answer={"stopped": 0}),
    Example("simulateAutomation", "Try it", path=AUTOMATION, status=202, answer={"job": "...", "state": "queued"}),
    Example("getAutomationSimulation", "How it went", path=AUTOMATION, answer={"job": "...", "done": 0}),
    Example(
        "enrolCustomer",
        "Refused: not published yet",
        path=AUTOMATION,
        body=ENROL,
        status=409,
        answer={"code": "state_conflict"},
    ),
    Example("listAutomationRuns", "Nobody yet", path=AUTOMATION, answer={"data": []}),
    Example(
        "getAutomationRun",
        "Refused: no such run",
        path=AUTOMATION | {"run_id": "run_0"},
        status=404,
        answer={"code": "resource_missing"},
    ),
    *(
        Example(
            operation,
            "Refused: no such run",
            path=AUTOMATION | {"run_id": "run_0"},
            status=404,
            answer={"code": "resource_missing"},
        )
        for operation in ("restartAutomationRun", "removeAutomationRun")
    ),
    *(
        Example(operation, "Refused: nobody", path=AUTOMATION, status=409, answer={"code": "state_conflict"})
        for operation in ("restartStoppedRuns", "removeStoppedRuns")
    ),
    Example("pauseAutomation", "Refused: a draft", path=AUTOMATION, status=409, answer={"code": "state_conflict"}),
    Example("resumeAutomation", "Refused: not paused", path=AUTOMATION, status=409, answer={"code": "state_conflict"}),
    Example("archiveAutomation", "Put it away", path=AUTOMATION, answer={"state": "archived"}),
    Example("createOffer", "20 % off", body=OFFER, status=201, answer={"id": "...", "kind": "percent", "value": 20}),
    Example("listOffers", "Which offers there are", answer={"data": [{"id": "..."}]}),
    Example("getOffer", "Read it", path={"offer_id": "spring-20"}, answer={"name": "Spring 20"}),
    Example(
        "updateOffer",
        "Describe it",
        path={"offer_id": "spring-20"},
        body={"description": "On shoes"},
        answer={"description": "On shoes"},
    ),
    Example(
        "createPromotion",
        "In two variants",
        body=PROMOTION,
        status=201,
        answer={"id": "...", "key": "spring", "state": "draft"},
    ),
    Example("getPromotion", "Read it", path={"promotion": "spring"}, answer={"offer": "spring-20"}),
    Example("listPromotions", "Which promotions there are", answer={"data": [{"key": "spring"}]}),
    Example("servePromotion", "Nothing is running yet", query={"userId": "12345"}, answer={"promotion": None}),
    Example(
        "updatePromotion",
        "A limit a customer",
        path={"promotion": "spring"},
        body={"per_customer": 1},
        answer={"per_customer": 1},
    ),
    Example("activatePromotion", "Start it", path={"promotion": "spring"}, answer={"state": "active"}),
    Example(
        "servePromotion",
        "The variant that the address asks for",
        query={"userId": "12345", "variant": "B"},
        answer={"userId": "12345", "variant": "B", "assignment": "forced", "exposureId": None},
    ),
    Example(
        "renderContent",
        "A promotion as blocks",
        body={"customer": "12345", "promotion": "spring"},
        answer={"allowed": True, "blocks": [{"type": "heading"}], "exposure": None},
    ),
    Example("makeCodes", "Codes", path={"promotion": "spring"}, body={"number": 2, "prefix": "spring"}, status=201),
    Example("listCodes", "The codes", path={"promotion": "spring"}, answer={"data": [{"code": "...", "redeemed": 0}]}),
    Example(
        "reserveCode",
        "Refused: no such code",
        body={**REDEEM, "minutes": 10},
        status=404,
        answer={"code": "resource_missing"},
    ),
    Example(
        "releaseReservation",
        "Refused: it has expired",
        path={"reservation": "rsv_0123456789"},
        status=404,
        answer={"code": "resource_missing"},
    ),
    Example("redeemCode", "Refused: no such code", body=REDEEM, status=404, answer={"code": "resource_missing"}),
    Example("pausePromotion", "Pause it", path={"promotion": "spring"}, answer={"state": "paused"}),
    Example("endPromotion", "End it", path={"promotion": "spring"}, answer={"state": "ended"}),
    Example(
        "planExperiment",
        "From 5 % to 5.5 %",
        query={"baseline": "0.05", "uplift": "0.1", "per_day": "2000"},
        answer={"per_group": 31_234, "in_all": 62_468, "days": 35, "power": None},
    ),
    Example(
        "createExperiment",
        "Two words on a button",
        body=EXPERIMENT,
        status=201,
        answer={"id": "...", "key": "button", "state": "draft", "measures": ["purchase", "revenue"]},
    ),
    Example("listExperiments", "Which experiments there are", answer={"data": [{"key": "button"}]}),
    Example("getExperiment", "Read it", path=ONE, answer={"name": "Words of the button"}),
    Example(
        "updateExperiment",
        "Half of the people, for two weeks",
        path=ONE,
        body={"coverage": 50, "window_days": 14},
        answer={"coverage": 50, "window_days": 14},
    ),
    Example("startExperiment", "Start it", path=ONE, answer={"state": "running"}),
    Example(
        "evaluateFlag",
        "Which words? Nobody knows this user, so the control",
        path={"key": "button"},
        body=CONTEXT,
        answer={"key": "button", "value": "Buy now", "reason": "STATIC", "variant": "A"},
    ),
    Example("evaluateFlags", "All of them", body=CONTEXT, answer={"flags": [{"key": "button", "variant": "A"}]}),
    Example(
        "recordExposures",
        "Refused: the hub draws this one",
        path=ONE,
        body={"exposures": [{"userId": "12345", "variant": "A", "at": "2026-11-01T10:00:00Z"}]},
        status=409,
        answer={"code": "state_conflict"},
    ),
    Example("countExperiment", "Count", path=ONE, answer={"groups": [{"variant": "A", "people": 0}]}),
    Example("getExperimentResults", "The results", path=ONE, answer={"winner_blocked": True, "comparisons": []}),
    Example(
        "declareWinner",
        "Refused: nobody was shown it",
        path=ONE,
        body={"variant": "B", "reason": "I like it"},
        status=409,
        answer={"code": "sample_ratio_mismatch"},
    ),
    Example("stopExperiment", "Stop it", path=ONE, answer={"state": "stopped"}),
]
