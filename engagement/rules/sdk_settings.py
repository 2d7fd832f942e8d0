"""What SDKs of Segment for browsers and phones ask first: `GET /v1/projects/{writeKey}/settings`.

Read off their published sources: analytics-next `CDNSettings`, Analytics-Swift and analytics-kotlin `Settings`. A plan
that allows everything, no code to load from anywhere, no figures sent to anybody else.
"""

from typing import Any, Final

_ALLOWED: Final[dict[str, Any]] = {"enabled": True, "integrations": {}}


def sdk_settings(*, write_key: str, host: str, secure: bool) -> dict[str, Any]:
    """The answer for this key; calls go to `host`/v1, over https where it was asked over https."""
    here: dict[str, Any] = {
        "apiKey": write_key,
        "apiHost": f"{host}/v1",
        "protocol": "https" if secure else "http",
        "unbundledIntegrations": [],
        "addBundledMetadata": False,
        "maybeBundledConfigIds": {},
        "versionSettings": {"componentTypes": []},
    }
    return {
        "integrations": {"Segment.io": here},
        "plan": {kind: {"__default": _ALLOWED} for kind in ("track", "identify", "group")},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }
