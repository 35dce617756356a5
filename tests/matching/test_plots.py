import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from django.template import Context, Template

from matching import plots
from matching.core.blocking import BlockingReport, RuleReport
from matching.core.calibration import reliability, threshold_curve
from matching.core.explain import Step
from matching.core.thirds import Vouched
from matching.plots import Plot

NOTHING = np.empty(0)
PROBABILITY = np.linspace(0.01, 0.99, 99)
TRUTH = PROBABILITY > 0.4
STEPS = [
    Step("prior", "prior", "before comparing: one pair in 1,000 is a match", -10.0),
    Step("name", "same", "same <b>names</b> & more", 12.0, "Ann", "Ann"),
    Step("phone", "missing", "no phone number on either side", 0.0),
    Step("total", "total", "match probability 0.8000", 2.0),
]
BLOCKING = BlockingReport((RuleReport("e-mail", 9, 70, 20, 0, 0, 0, ()), RuleReport("silent", 5, 0, 0, 0, 0, 0, ())), 70)
PLOTS = {
    "calibration": plots.calibration(reliability(PROBABILITY, TRUTH)),
    "calibration with what is vouched for": plots.calibration(
        reliability(PROBABILITY[[2, 60]], TRUTH[[2, 60]]),
        Vouched(np.array([5, 0]), np.array([0.0, np.nan]), np.array([0.0, np.nan]), np.array([0.5, np.nan])),
    ),
    "calibration of nothing": plots.calibration(reliability(NOTHING, NOTHING.astype(bool))),
    "thresholds": plots.threshold_curve(threshold_curve(PROBABILITY, TRUTH), auto=0.9, review=0.3),
    "thresholds of nothing": plots.threshold_curve(threshold_curve(NOTHING, NOTHING.astype(bool))),
    "blocking": plots.blocking(BLOCKING, plots.Missed(12, 5, 40)),
    "blocking without rules": plots.blocking(BlockingReport((), 0)),
    "waterfall": plots.waterfall(STEPS),
    "weights": plots.match_weights(np.linspace(-9, 9, 50), auto=0.9, review=0.3),
    "weights with the truth": plots.match_weights(np.linspace(-9, 9, 50), auto=0.9, review=0.3, truth=np.arange(50) > 20),
    "no weights": plots.match_weights(NOTHING, auto=0.9, review=0.3),
    "sizes": plots.cluster_sizes(np.array([1, 1, 1, 2, 7])),
    "no sizes": plots.cluster_sizes(np.empty(0, np.int64)),
}


@pytest.fixture(params=PLOTS)
def plot(request: pytest.FixtureRequest) -> Plot:
    return PLOTS[request.param]


def _texts(plot: Plot) -> str:
    return " ".join("".join(element.itertext()) for element in ET.fromstring(plot).iter("{http://www.w3.org/2000/svg}text"))  # noqa: S314


def test_a_plot_has_a_name_and_says_in_words_what_it_shows(plot: Plot) -> None:
    root = ET.fromstring(plot)  # noqa: S314
    title, description = root[0], root[1]
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text
    assert description.text == plot.alternative


def test_a_plot_asks_for_nothing_outside_and_styles_nothing_but_itself(plot: Plot) -> None:
    addresses = set(re.findall(r"https?://[^\"' ]+", plot))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert "style" not in plot
    assert "<!DOCTYPE" not in plot


def test_a_plot_takes_its_colours_from_the_page(plot: Plot) -> None:
    assert set(re.findall(r'(?:fill|stroke)="(#[^"]+)"', plot)) == set()


def test_plots_of_one_page_share_no_ids() -> None:
    ids = [identity for plot in PLOTS.values() for identity in re.findall(r'\bid="([^"]+)"', plot)]
    assert len(ids) == len(set(ids))


def test_every_reference_inside_a_plot_is_to_itself(plot: Plot) -> None:
    ids = set(re.findall(r'\bid="([^"]+)"', plot))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', plot)) <= ids


def test_the_same_data_gives_the_same_picture() -> None:
    assert plots.waterfall(STEPS) == PLOTS["waterfall"]


def test_texts_of_a_source_are_no_markup_in_a_template() -> None:
    page = Template("{{ plot }}").render(Context({"plot": PLOTS["waterfall"]}))
    assert page == str(PLOTS["waterfall"])
    assert "same &lt;b&gt;names&lt;/b&gt; &amp; more" in page


def test_a_waterfall_leaves_out_what_is_missing_and_ends_with_the_sum() -> None:
    text = _texts(PLOTS["waterfall"])
    assert "phone" not in text
    assert text.index("−10.0" if "−10.0" in text else "-10.0") < text.index("+12.0") < text.index("+2.0")


def test_blocking_names_the_rules_that_cost_and_what_all_miss() -> None:
    text = _texts(PLOTS["blocking"])
    assert "e-mail: 70 pairs, 20 only by it" in text
    assert "silent" not in text
    assert "missed by all, estimated: 12 matches (5 to 40)" in text


def test_many_rules_share_the_last_bar() -> None:
    rules = tuple(RuleReport(f"rule {number}", 9, 100 - number, 2, 0, 0, 0, ()) for number in range(30))
    text = _texts(plots.blocking(BlockingReport(rules, 500)))
    assert "rule 15: 85 pairs, 2 only by it" in text
    assert "14 further rules: 1,085 pairs, 28 only by one of them" in text


def test_an_estimate_without_an_upper_bound_says_what_is_the_least() -> None:
    assert "12 matches (at least 5)" in _texts(plots.blocking(BLOCKING, plots.Missed(12, 5, float("inf"))))
