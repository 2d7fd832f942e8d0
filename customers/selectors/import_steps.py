"""Where files are prepared whose rows an upper floor reads: registered by that floor."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preparing:
    """Who may prepare such a file, and the steps: label, name of the screen (with the file's id), icon."""

    permission: str
    steps: tuple[tuple[str, str, str], ...]


_registered: dict[str, Preparing] = {}


def register_preparing(*, target: str, preparing: Preparing) -> None:
    """Files of this target are prepared on these screens, and on no other."""
    _registered[target] = preparing


def preparing_of(target: str, /) -> Preparing | None:
    """The screens of such files; None for those that are prepared on the common ones."""
    return _registered.get(target)
