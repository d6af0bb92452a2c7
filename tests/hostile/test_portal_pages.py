"""ASVS 5.0, 1.2.1 on the portal: what an export says stays text on the pages of a real CKAN."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from tests.pipeline.conftest import City, make_city
from tests.pipeline.test_pipeline import ask, contract, live_rows

__all__ = ["make_city"]
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX
def test_asvs_1_2_1_markup_of_an_export_is_text_on_the_portal(make_city: Callable[..., City]) -> None:
    """A cell holds a script: the rows say it literally, and no page of the dataset has it as markup."""
    city = make_city("hostile-pages", contract())
    city.export(f'uid;label;lat;lon;opened\n1;"{SCRIPT}";49,4201;26,9801;01.09.2020\n', name="<b>stops.csv")
    record = city.run()
    assert record.outcome == "Published", record.reason
    assert live_rows(city)[0]["label"] == SCRIPT
    package = ask(city, "package_show", id="hostile-pages")
    pages = [
        f"/dataset/{package['name']}",
        *(f"/dataset/{package['name']}/resource/{one['id']}" for one in package["resources"]),
    ]
    for page in pages:
        answer = requests.get(city.settings.ckan_url + page, timeout=60)
        assert answer.ok, page
        assert "<script>alert(1)" not in answer.text, page
        assert "<img src=x" not in answer.text, page
