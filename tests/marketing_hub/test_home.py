"""Homes of the embedded servers: one holder at a time, folders of others neither opened nor left behind."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from marketing_hub import home
from marketing_hub.env import ConfigError
from marketing_hub.processes import StartError

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands its servers to a system user")
not_root = pytest.mark.skipif(os.geteuid() == 0, reason="root runs its servers under a system user")


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout and a /var/lib of one's own, in a place that everyone can enter."""
    with tempfile.TemporaryDirectory(prefix="hub-checkout-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        monkeypatch.setattr("marketing_hub.env.BASE_DIR", place / "checkout")
        monkeypatch.setattr("marketing_hub.home._ROOT_DATA", place / "lib")
        monkeypatch.delenv("HUB_DATA_DIR", raising=False)
        (place / "checkout").mkdir()
        yield place / "checkout"


def test_lock__held__names_the_holder_and_the_way_out(tmp_path):
    with (
        home.lock(tmp_path),
        pytest.raises(StartError, match=f"in use by process {os.getpid()}; .*HUB_DATA_DIR"),
        home.lock(tmp_path),
    ):
        pass


def test_lock__released__can_be_taken_again(tmp_path):
    with home.lock(tmp_path):
        pass

    with home.lock(tmp_path):
        assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_throwaway__at_the_end__is_gone():
    with home.throwaway() as lent:
        assert lent.sockets.is_dir()

    assert not lent.data.exists()


def test_locate__deep_folder__keeps_socket_addresses_short(monkeypatch, checkout):
    deep = checkout / ("d" * 100)
    monkeypatch.setenv("HUB_DATA_DIR", str(deep))

    found = home.locate()

    assert found.data == deep
    assert len(f"{found.sockets}/.s.PGSQL.5432") < 100
    found.sockets.rmdir()


def test_locate__folder_cannot_be_made__is_refused(monkeypatch, checkout):
    (checkout / "file").touch()
    monkeypatch.setenv("HUB_DATA_DIR", str(checkout / "file" / "data"))

    with pytest.raises(ConfigError, match="HUB_DATA_DIR must be a folder that can be made"):
        home.locate()


@not_root
def test_locate__ordinary_user__is_var_of_the_checkout(checkout):
    assert home.locate().data == checkout / "var"


@root_only
def test_locate__root_in_an_open_checkout__is_var_with_folders_of_the_system_user(checkout):
    found = home.locate()

    assert found.account is not None
    assert found.data == checkout / "var"
    assert found.sockets.stat().st_uid == found.account.uid
    assert stat.S_IMODE(found.sockets.stat().st_mode) == 0o700


@root_only
def test_locate__root_in_a_private_checkout__is_elsewhere_and_the_checkout_stays_private(checkout):
    checkout.chmod(0o700)

    found = home.locate()

    assert found.data.parent == checkout.parent / "lib"
    assert stat.S_IMODE(checkout.stat().st_mode) == 0o700


@root_only
def test_locate__checkout_opened_later__keeps_the_data_where_they_began(checkout):
    checkout.chmod(0o700)
    began = home.locate()
    began.postgres_data.mkdir()
    checkout.chmod(0o755)

    assert home.locate().data == began.data


@root_only
def test_locate__data_in_a_checkout_made_private__is_refused_rather_than_started_empty(checkout):
    home.locate().postgres_data.mkdir()
    checkout.chmod(0o700)

    with pytest.raises(ConfigError, match="cannot enter"):
        home.locate()

    assert not (checkout.parent / "lib").exists()


@root_only
def test_locate__given_folder_is_private__is_refused_and_stays_private(monkeypatch, checkout):
    private = checkout / "private"
    private.mkdir(mode=0o700)
    monkeypatch.setenv("HUB_DATA_DIR", str(private / "data"))

    with pytest.raises(ConfigError, match=r"HUB_DATA_DIR is .*/private/data, which the system user .* cannot enter"):
        home.locate()

    assert stat.S_IMODE(private.stat().st_mode) == 0o700


@root_only
def test_locate__folder_of_another_user__is_refused(checkout):
    found = home.locate()
    os.chown(found.sockets, 12345, 12345)

    with pytest.raises(ConfigError, match="belongs to user number 12345"):
        home.locate()


@root_only
@pytest.mark.parametrize("name", ["root", "nobody-of-this-name"])
def test_locate__unusable_system_user__is_refused(monkeypatch, checkout, name):
    monkeypatch.setenv("HUB_SYSTEM_USER", name)

    with pytest.raises(ConfigError, match=f"HUB_SYSTEM_USER must name a user .* {name} cannot be used"):
        home.locate()
