import gzip
import hashlib
import lzma

from marketing_hub.demo.derive import compact
from marketing_hub.demo.retail import BUNDLE


def test_bundle__attribution__names_its_checksums_and_size():
    attribution = BUNDLE.with_name("ATTRIBUTION.md").read_text()
    packed = BUNDLE.read_bytes()

    assert hashlib.sha256(packed).hexdigest() in attribution
    assert hashlib.sha256(lzma.decompress(packed)).hexdigest() in attribution
    assert len(packed) < 1_000_000


def test_compact__published_set__gives_the_bundle_byte_for_byte(shared_data):
    with gzip.open(shared_data / "purchases/online_retail.csv.gz", "rt", encoding="utf-8", newline="") as published:
        content = compact(published)

    assert content == lzma.decompress(BUNDLE.read_bytes())
