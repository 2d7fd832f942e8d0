"""HOT PATH: POST /engagement/{type} and POST /engagement/events."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from core.actors import Actor, Credential
from core.api.credentials import ORIGIN_KEY, actor_of, require_scope
from core.api.doors import door
from core.api.errors import error_response
from core.api.gpc import Name, gpc_on, hear
from core.errors import Conflict, ConsentRequired, Forbidden, InvalidInput, NotFound, Problem
from engagement.api.bodies import json_body, people_in
from engagement.api.clocks import clock_at
from engagement.rules.events import Checked, EventIn, Ready, Refused, read_batch, read_one
from engagement.rules.forms import BY_ITSELF, names_sender, read_submission
from engagement.rules.verdicts import Verdict, refusal
from engagement.selectors.catalogue import event_catalogue, find_type
from engagement.services.forms import submit_form
from engagement.services.ingest import ingest
from engagement.services.rejections import count_rejections

_encode: Final = msgspec.json.Encoder().encode
_NO_TOKEN: Final = Problem(
    "consentToken", "consent_required", "An event from a web page needs the consent token of its visitor."
)
People = Callable[[HttpRequest], Iterable[Name]]
_TRUE, _FALSE = ("true", "1"), ("false", "0")


class Result(msgspec.Struct, omit_defaults=True, rename="camel"):
    """What became of one event of a batch."""

    index: int
    event_id: str | None
    status: str
    code: str | None = None
    message: str | None = None
    param: str | None = None
    warnings: list[dict[str, str]] | None = None


@door(scope="engagement:write", resource="ingest", from_pages=True)
def post_event(request: HttpRequest, credential: Credential, event_type: str) -> HttpResponse:
    """One event: 202 accepted, 200 duplicate; 400 or 403 with the reason, 404 for a type nobody registered."""

    def read(now: datetime) -> Checked:
        find_type(name=event_type)
        return read_one(json_body(request), type_name=event_type, find=event_catalogue().find, clock=clock_at(now))

    return answer_one(request, credential, event_type, read)


@door(scope="engagement:write", resource="ingest", from_pages=True)
def post_events(request: HttpRequest, credential: Credential) -> HttpResponse:
    """1 to 100 events: 202 when all are stored, 207 when some are, 400 when none is; a verdict for each."""

    def read(now: datetime) -> list[Checked]:
        return read_batch(json_body(request), find=event_catalogue().find, clock=clock_at(now))

    return answer_many(request, credential, read)


def answer_one(
    request: HttpRequest,
    credential: Credential,
    event_type: str,
    read: Callable[[datetime], Checked],
    people: People = people_in,
) -> HttpResponse:
    """What became of the event that `read` answers; `people` says whom the body names when it is refused."""
    now, by = timezone.now(), actor_of(credential, request)
    try:
        _refuse_parameters(request, ())
        return _stored_one(_with_token(read(now), request), request, credential, now)
    except (InvalidInput, Forbidden, NotFound, Conflict) as refused:
        problem = refused.details[0] if refused.details else Problem(refused.param or "", refused.code, refused.message)
        count_rejections(refused=[(event_type, problem)], by=by, now=now)
        _hear_the_refused(request, credential, people)
        return error_response(refused, request)


def answer_many(
    request: HttpRequest,
    credential: Credential,
    read: Callable[[datetime], list[Checked]],
    people: People = people_in,
) -> HttpResponse:
    """What became of each of the events that `read` answers."""
    now, by = timezone.now(), actor_of(credential, request)
    try:
        _refuse_parameters(request, ("atomic",))
        atomic = _flag(request, "atomic")
        checked = read(now)
    except InvalidInput as refused:
        problem = Problem(refused.param or "", refused.code, refused.message)
        count_rejections(refused=[("", problem)], by=by, now=now)
        _hear_the_refused(request, credential, people)
        return error_response(refused, request)
    checked = [_alone(item) for item in checked]
    found = _results([_with_token(item, request) for item in checked], request, by, now, atomic)
    if any(isinstance(item, Refused) for item in checked):
        _hear_the_refused(request, credential, people)
    return _batch_answer(request, found, checked, by, now)


def _hear_the_refused(request: HttpRequest, credential: Credential, people: People) -> None:
    """Keep a Global Privacy Control signal of people whose events never came to the gate."""
    if gpc_on(request):
        hear(request, credential, people(request))


def _stored_one(checked: Checked, request: HttpRequest, credential: Credential, now: datetime) -> HttpResponse:
    if isinstance(checked, Refused):
        raise _absent_token() if checked.problems == [_NO_TOKEN] else _invalid(checked.problems)
    verdict = _verdict(checked, request, credential, now)
    if verdict not in (Verdict.ACCEPTED, Verdict.DUPLICATE):
        problem = _why(verdict, checked.event)
        raise Forbidden(problem.message, code=problem.code, param=problem.param, details=[problem])
    answer: dict[str, Any] = {"eventId": checked.shown, "status": verdict.value}
    if checked.warning:
        answer["warnings"] = [checked.warning.as_dict()]
    return _json(answer, 202 if verdict is Verdict.ACCEPTED else 200)


def _verdict(ready: Ready, request: HttpRequest, credential: Credential, now: datetime) -> Verdict:
    """A form that says who sent it writes customers and consent too, and needs the scopes for that."""
    by, sent = actor_of(credential, request), read_submission(ready.form.kind.name, ready.event.properties)
    if sent is None:
        return ingest(events=[ready], by=by, now=now, gpc=gpc_on(request))[0]
    require_scope(credential, "customers:write")
    if sent.choices:
        require_scope(credential, "consent:write")
    return submit_form(ready=ready, sent=sent, by=by, now=now, gpc=gpc_on(request))


def _alone(checked: Checked) -> Checked:
    """A form that says who sent it comes by itself."""
    if isinstance(checked, Ready) and names_sender(checked.form.kind.name, checked.event.properties):
        return Refused(checked.index, checked.form.kind.name, checked.shown, [BY_ITSELF])
    return checked


def _absent_token() -> ConsentRequired:
    return ConsentRequired(_NO_TOKEN.message, param=_NO_TOKEN.param, details=[_NO_TOKEN])


def _invalid(problems: Sequence[Problem]) -> InvalidInput:
    first = problems[0]
    brief = first.code == "invalid_parameter" and first.param
    message = f"Invalid '{first.param}'" if brief else first.message
    return InvalidInput(message, code=first.code, param=first.param or None, details=problems)


def _why(verdict: Verdict, event: EventIn) -> Problem:
    return refusal(verdict, has_token=event.consent_token is not None, anonymous=event.user_id is None)


def _results(checked: Sequence[Checked], request: HttpRequest, by: Actor, now: datetime, atomic: bool) -> list[Result]:
    ready = [item for item in checked if isinstance(item, Ready)]
    blocked = atomic and len(ready) < len(checked)
    verdicts = [Verdict.BATCH_REJECTED] * len(ready)
    if ready and not blocked:
        verdicts = ingest(events=ready, by=by, now=now, atomic=atomic, gpc=gpc_on(request))
    by_index = {item.index: verdict for item, verdict in zip(ready, verdicts, strict=True)}
    return [_result(item, by_index) for item in checked]


def _result(item: Checked, verdicts: dict[int, Verdict]) -> Result:
    if isinstance(item, Refused):
        return _refused(item.index, item.shown, item.problems[0])
    verdict = verdicts[item.index]
    if verdict in (Verdict.ACCEPTED, Verdict.DUPLICATE):
        warnings = [item.warning.as_dict()] if item.warning else None
        return Result(item.index, item.shown, verdict.value, warnings=warnings)
    return _refused(item.index, item.shown, _why(verdict, item.event))


def _refused(index: int, shown: str | None, problem: Problem) -> Result:
    return Result(index, shown, "rejected", problem.code, problem.message, problem.param or None)


def _batch_answer(
    request: HttpRequest, results: Sequence[Result], checked: Sequence[Checked], by: Actor, now: datetime
) -> HttpResponse:
    refused = [result for result in results if result.status == "rejected"]
    duplicates = sum(result.status == "duplicate" for result in results)
    accepted = len(results) - len(refused) - duplicates
    counts = {"accepted": accepted, "duplicates": duplicates, "rejected": len(refused)}
    if refused:
        problems = [Problem(r.param or "", r.code or "", r.message or "") for r in refused]
        types = [_type_of(checked[r.index]) for r in refused]
        count_rejections(refused=zip(types, problems, strict=True), by=by, now=now)
    if len(refused) == len(results):
        return error_response(_none_accepted(refused, counts, results), request)
    return _json({**counts, "results": results}, 207 if refused else 202)


def _none_accepted(refused: Sequence[Result], counts: dict[str, int], results: Sequence[Result]) -> InvalidInput:
    reasons = {result.code for result in refused} - {"batch_rejected"}
    code = reasons.pop() if len(reasons) == 1 else "batch_rejected"
    extra = {**counts, "results": [msgspec.to_builtins(result) for result in results]}
    return InvalidInput(f"None of the {len(results)} events was stored.", code=code, extra=extra)


def _type_of(item: Checked) -> str:
    return item.type if isinstance(item, Refused) else item.form.kind.name


def _with_token(checked: Checked, request: HttpRequest) -> Checked:
    """A token in the header X-Consent-Token stands for events that carry none; from a web page each needs one."""
    token = request.META.get("HTTP_X_CONSENT_TOKEN")
    if isinstance(checked, Ready) and checked.event.consent_token is None:
        if token:
            checked.event.consent_token = token.strip()
        elif ORIGIN_KEY in request.META:
            return Refused(checked.index, checked.form.kind.name, checked.shown, [_NO_TOKEN])
    return checked


def _refuse_parameters(request: HttpRequest, known: Sequence[str]) -> None:
    if request.META.get("QUERY_STRING"):
        for name in request.GET:
            if name not in known:
                raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=name)


def _flag(request: HttpRequest, name: str) -> bool:
    value = request.GET.get(name, "false").lower() if request.META.get("QUERY_STRING") else "false"
    if value not in _TRUE + _FALSE:
        raise InvalidInput(f"Invalid '{name}'", param=name)
    return value in _TRUE


def _json(body: dict[str, Any], status: int) -> HttpResponse:
    return HttpResponse(_encode(body), status=status, content_type="application/json")
