"""What somebody pasted becomes rows of a file."""

from customers.rules.pasted import as_csv


def test_as_csv__entries_of_every_kind__stand_in_their_columns():
    pasted = " 1001\nJane.Doe@example.com, +49 30 901820;cus_abc\t\n\n"

    rows = as_csv(pasted).decode().splitlines()

    assert rows == ["external_id,email,phone", "1001,,", ",Jane.Doe@example.com,", ",,+49 30 901820", "cus_abc,,"]


def test_as_csv__quotes__stay_inside_their_cell():
    assert as_csv('say "hi"').decode().splitlines() == ["external_id,email,phone", '"say ""hi""",,']


def test_as_csv__nothing__is_a_header():
    assert as_csv(" \n,; ").decode().splitlines() == ["external_id,email,phone"]
