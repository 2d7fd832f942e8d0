"""Migrations are named by what they do and complete."""

import re

import pytest
from django.core.management import call_command

from tests.architecture.sources import python_files, short


def test_migrations__names__say_what_they_do():
    names = [f for f in python_files(migrations=True) if f.stem != "__init__"]
    unnamed = [short(f) for f in names if re.search(r"_auto_|_alter_.*_and_more$", f.stem)]

    assert unnamed == []


@pytest.mark.django_db
def test_migrations__against_the_models__are_complete():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
