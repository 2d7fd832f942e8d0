"""Who is among the share that the next version answers."""

from integrations.rules.canaries import is_taken, next_address

KEYS = [f"req_{number}" for number in range(4_000)]


def taken(share, client_id="cli_a"):
    return {key for key in KEYS if is_taken(client_id=client_id, key=key, share=share)}


def test_is_taken__share_grows__keeps_whom_it_had_and_takes_about_the_share():
    five, twenty = taken(5), taken(20)

    assert five < twenty
    assert 0.035 < len(five) / len(KEYS) < 0.065
    assert 0.17 < len(twenty) / len(KEYS) < 0.23


def test_is_taken__nothing_or_everything__takes_none_or_all():
    assert taken(0) == set()
    assert taken(100) == set(KEYS)


def test_is_taken__another_client__is_chosen_by_its_own():
    assert taken(20) != taken(20, "cli_b")


def test_is_taken__known_keys__answers_the_same_in_every_process():
    assert is_taken(client_id="cli_a", key="till-1", share=31)
    assert not is_taken(client_id="cli_a", key="till-1", share=30)


def test_next_address__of_the_current_version__is_the_same_one_in_the_next():
    assert next_address("/api/v1/me") == "/api/v2/me"
    assert next_address("/api/engagement/click") == ""
