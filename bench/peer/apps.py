"""Start-up of the peer."""

from django.apps import AppConfig


class PeerConfig(AppConfig):
    """Registers the peer."""

    name = "bench.peer"
    label = "peer"
