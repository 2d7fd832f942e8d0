from customers.rules.fields import DICTIONARY, PROFILE_FIELDS, personal_fields


def test_profile_fields__every_entry__is_complete_and_unique():
    assert len(DICTIONARY) == len(PROFILE_FIELDS)
    assert all(field.meaning.endswith(".") and field.purpose and field.origin for field in PROFILE_FIELDS)


def test_personal_fields__what_identifies_a_person__is_among_them_and_the_public_id_is_not():
    personal = personal_fields()

    assert {"email", "phone", "external_id", "first_name", "last_name", "birth_date"} <= personal
    assert "id" not in personal
