"""The pages of the console kit, for tests that need screens to look at."""

from tests.support.kit.fixtures import kit

__all__ = ["kit"]
