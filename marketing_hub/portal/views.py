"""The documentation at /docs/: pages from files, pages made from code and schema, and the search over all of them."""

from typing import Any

from django.conf import settings
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core.api.credentials import client_ip
from core.errors import DomainError
from marketing_hub.changelog import PREVIEW, RELEASES
from marketing_hub.error_codes import ERROR_CODES
from marketing_hub.portal import models, pages, postman, search
from marketing_hub.portal.ratings import rate_page


def draw(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    """A page with the navigation beside it."""
    return render(request, f"docs/{template}.html", {"sections": pages.navigation(), "here": request.path, **context})


def overview(request: HttpRequest) -> HttpResponse:
    """GET /docs/: what the product is for, and the resources it shows."""
    document = pages.page(pages.INDEX)
    return draw(request, "overview", title=document.title, document=document, resources=models.resources())


def page(request: HttpRequest, name: str) -> HttpResponse:
    """GET /docs/{name}: the page of docs/{name}.md, or of the README in that folder; 404 without one."""
    plain = name.rstrip("/").removesuffix(".md")
    found = plain if plain in pages.names() else f"{plain}/README"
    if found not in pages.names():
        raise Http404("There is no such page.")
    if request.path != pages.url_of(found):
        return HttpResponsePermanentRedirect(pages.url_of(found))
    document = pages.page(found)
    below = [n for n in pages.names() if found.endswith("/README") and n.startswith(f"{plain}/") and n != found]
    children = [pages.Link(pages.page(child).title, pages.url_of(child)) for child in below]
    return draw(request, "document", title=document.title, document=document, children=children)


@csrf_exempt
@require_POST
def rate(request: HttpRequest) -> HttpResponse:
    """POST /docs/rate: one vote for a page, with a comment or without.

    The form sets no cookie, hence has no token against forgery: a browser sends the session of a member of staff only
    from our own pages (SameSite=Lax).
    """
    page, said = request.POST.get("page", ""), request.POST.get("helpful", "")
    comment, staff = request.POST.get("comment", ""), str(getattr(request.user, "public_id", ""))
    if said not in ("yes", "no"):
        return HttpResponse("Say yes or no.", status=400, content_type="text/plain; charset=utf-8")
    try:
        rate_page(
            page=page,
            helpful=said == "yes",
            comment=comment,
            address=client_ip(request),
            staff=staff,
            now=timezone.now(),
        )
    except DomainError as refusal:
        return HttpResponse(refusal.message, status=refusal.status, content_type="text/plain; charset=utf-8")
    return HttpResponseRedirect(f"{page}?rated=1#rated", status=303)


def find(request: HttpRequest) -> HttpResponse:
    """GET /docs/search?q=: where the words stand."""
    query = request.GET.get("q", "").strip()[: search.LONGEST]
    return draw(request, "search", title="Search", query=query, hits=search.find(query))


def data_model(request: HttpRequest) -> HttpResponse:
    """GET /docs/data: every shape of the API, by resource."""
    return draw(request, "data", title="Data model", resources=models.resources())


def shape(request: HttpRequest, name: str) -> HttpResponse:
    """GET /docs/data/{name}: the fields of one shape and the operations that use it; 404 without one."""
    found = models.shapes().get(name)
    if found is None:
        raise Http404("There is no such shape.")
    return draw(request, "shape", title=name, shape=found)


def changelog(request: HttpRequest) -> HttpResponse:
    """GET /docs/changelog: what changed in each version."""
    return draw(request, "changelog", title="Changes of the API", releases=RELEASES, preview=PREVIEW)


def errors(request: HttpRequest) -> HttpResponse:
    """GET /docs/errors: every machine code, what it means and what to do."""
    return draw(request, "errors", title="Errors of the API", codes=ERROR_CODES)


def limits(request: HttpRequest) -> HttpResponse:
    """GET /docs/limits: the windows of each rate class."""
    tiers = [
        (tier, [(name, limit, seconds) for name, (limit, seconds) in windows.items()])
        for tier, windows in settings.API_TIERS.items()
    ]
    return draw(request, "limits", title="Limits of the API", tiers=tiers)


def downloads(request: HttpRequest) -> HttpResponse:
    """GET /docs/downloads: the files that tools work with."""
    return draw(request, "downloads", title="Downloads")


def support(request: HttpRequest) -> HttpResponse:
    """GET /docs/support: whom to ask, how soon there is an answer, who is next."""
    return draw(request, "support", title="Support", support=settings.SUPPORT)


def postman_collection(request: HttpRequest) -> HttpResponse:
    """GET /api/postman.json: the Postman collection."""
    return _file("collection.json", postman.as_json(postman.collection()))


def postman_environment(request: HttpRequest) -> HttpResponse:
    """GET /docs/postman/environment.json: the variables that the collection needs."""
    return _file("environment.json", postman.as_json(postman.environment()))


def _file(name: str, body: bytes) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "public, max-age=300"}
    return HttpResponse(body, content_type="application/json", headers=headers)
