"""`manage.py import`."""

import json

import pytest
from django.core.management import CommandError, call_command

from customers.models import Customer, ImportFile

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"
    (tmp_path / "people.csv").write_text("nr,Email\n1,one@example.com\n2,broken\n")
    (tmp_path / "mapping.json").write_text(json.dumps({"columns": {"nr": "external_id", "Email": "email"}}))
    return tmp_path


def test_import__customers__prints_the_report_as_json(files, capsys):
    call_command("import", "customers", files / "people.csv", mapping=files / "mapping.json", json=True)

    report = json.loads(capsys.readouterr().out)
    assert (report["state"], report["created"], report["reasons"]) == ("succeeded", 1, {"invalid_email": 1})
    assert Customer.objects.count() == 1


def test_import__dry_run__stores_nothing_and_reports_in_words(files, capsys):
    call_command("import", "customers", files / "people.csv", mapping=files / "mapping.json", dry_run=True)

    assert "created            1" in capsys.readouterr().out
    assert not Customer.objects.exists()


@pytest.mark.parametrize("name", ["absent.csv", "mapping.json"])
def test_import__file_that_cannot_be_used__is_refused_in_one_sentence(files, name):
    with pytest.raises(CommandError):
        call_command("import", "purchases", files / name)

    assert not ImportFile.objects.exists()
