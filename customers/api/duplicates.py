"""/duplicates: pairs of profiles that may be one person, and what people say about them."""

from typing import Any

from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.views import ApiView, ApiViewSet
from customers.api.merge_answers import MergeSerializer, merge_answer
from customers.api.merges import checked
from customers.models import DuplicatePair, PairState
from customers.selectors.duplicates import find_pair, list_pairs
from customers.selectors.recipients import check_leaving, rows_leaving
from customers.services.duplicates import decide_pair

DECISIONS = [PairState.MERGE.value, PairState.DIFFERENT.value, PairState.LATER.value]


class EvidenceSerializer(serializers.Serializer[object]):
    """How one field of both agrees, and what that adds to the score."""

    field = serializers.CharField()
    agreement = serializers.ChoiceField(choices=["same", "close", "different"])
    weight = serializers.FloatField()


class DuplicateSerializer(serializers.Serializer[object]):
    """Two profiles that may be one person; the older one is `customer`."""

    id = serializers.CharField()
    customer = serializers.CharField()
    other = serializers.CharField()
    score = serializers.FloatField(help_text="Sum of log2 weights; 14 is worth a look, 20 is likely.")
    evidence = EvidenceSerializer(many=True)
    state = serializers.ChoiceField(choices=PairState.values)
    created_at = serializers.DateTimeField()
    decided_by = serializers.CharField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class DecisionInputSerializer(serializers.Serializer[object]):
    """What a person says about a pair."""

    decision = serializers.ChoiceField(choices=DECISIONS)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class DecisionSerializer(DuplicateSerializer):
    """The pair, and the merge that was asked for."""

    merge = MergeSerializer(allow_null=True)


class DuplicateFilter(FilterSet):  # type: ignore[misc]
    """What pairs can be narrowed by."""

    state = ChoiceFilter(choices=PairState.choices)


class DuplicateViewSet(ApiViewSet):
    """/api/v1/duplicates."""

    scopes = {"list": "customers:read", "retrieve": "customers:read"}
    tag = "Merges"
    queryset = DuplicatePair.objects.all()
    filterset_class = DuplicateFilter
    sort_fields = ("score", "created_at")
    default_sort = "-score"

    @extend_schema(responses=DuplicateSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List pairs that may be one person.

        The likeliest first; evidence names fields and weights, no values.
        """
        now = timezone.now()
        rows = rows_leaving(list_pairs(), "left", "right", recipient=self.credential.client_id, now=now)
        page = self.list_page(rows, filterset=DuplicateFilter, now=now)
        return self.page_response(page, [pair_answer(pair) for pair in page.rows])

    @extend_schema(responses=DuplicateSerializer)
    def retrieve(self, request: Request, pair_id: str) -> Response:
        """Read a pair."""
        self.only()
        pair = find_pair(public_id=pair_id)
        both = [pair.left_id, pair.right_id]
        check_leaving(self.credential.client_id, customer_ids=both, now=timezone.now())
        return Response(pair_answer(pair))


class DecideDuplicate(ApiView):
    """POST /api/v1/duplicates/{id}/decide."""

    scopes = {"post": "customers:write"}
    tag = "Merges"

    @extend_schema(operation_id="decideDuplicate", request=DecisionInputSerializer, responses=DecisionSerializer)
    def post(self, request: Request, pair_id: str) -> Response:
        """Decide about a pair.

        `merge` asks for the merge, which still needs its second person; `different` is not proposed again.
        """
        self.only()
        sent = checked(DecisionInputSerializer(data=request.data))
        pair = find_pair(public_id=pair_id)
        merge = decide_pair(
            pair=pair, decision=sent["decision"], reason=sent["reason"], by=self.actor, now=timezone.now()
        )
        pair.refresh_from_db()
        return Response(pair_answer(pair) | {"merge": merge_answer(merge) if merge else None})


def pair_answer(pair: DuplicatePair) -> dict[str, Any]:
    """A pair as partners see it."""
    return {
        "id": pair.public_id,
        "customer": pair.left.public_id,
        "other": pair.right.public_id,
        "score": float(pair.score),
        "evidence": pair.evidence,
        "state": pair.state,
        "created_at": pair.created_at,
        "decided_by": pair.decided_by or None,
        "decided_at": pair.decided_at,
    }
