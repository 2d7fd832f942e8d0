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
ID = {"campaign_id": "$createCampaign.id"}

EXAMPLES = [
    Example(
        "createCampaign", "A draft", body=SPRING, status=201, answer={"id": "...", "name": "Spring", "state": "draft"}
    ),
    Example("listCampaigns", "Which campaigns there are", query={"state": "draft"}, answer={"data": [{"id": "..."}]}),
    Example("getCampaign", "Read it", path=ID, answer={"name": "Spring", "people": None, "counts": {}}),
    Example("updateCampaign", "Another subject", path=ID, body={"subject": "At last"}, answer={"subject": "At last"}),
    Example("duplicateCampaign", "A copy", path=ID, status=201, answer={"name": "Spring (copy)", "state": "draft"}),
    Example("listCampaignDeliveries", "Nobody yet", path=ID, answer={"data": []}),
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
    Example("archiveCampaign", "Put it away", path=ID, answer={"state": "archived"}),
]
