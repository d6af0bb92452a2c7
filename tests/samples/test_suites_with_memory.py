"""The suites of the repository's datasets hold against a release of the same sample, and notice what changed."""

from pathlib import Path

import pytest

from vidkryto.catalogue import load_all, load_dataset
from vidkryto.pipeline import judging, new_job, stages
from vidkryto.pipeline.job import Job, Tables
from vidkryto.quality import Measurement
from vidkryto.quality.suite import load_suite
from vidkryto.settings import Settings
from vidkryto_samples.registry import SAMPLES

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX

ROOT = Path(__file__).parents[2]
CHECKED = "transport/public-transport-stops"


def judged(job: Job) -> Tables:
    """The dataset's tables after the stage quality."""
    tables = stages.validate_tables(job, stages.read_exports(job, stages.pull_exports(job)))
    assert tables.complete, [finding.message("en") for finding in tables.findings]
    return judging.judge_quality(job, tables)


def remember(job: Job, tables: Tables, **changes: float) -> None:
    """Write the metrics of a run into the history, some of them changed."""
    job.history.append(
        tuple(Measurement(job.run, "2026-10-05T04:00:00Z", n, {**m, **changes}) for n, m in tables.metrics.items())
    )


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name == CHECKED else pytest.mark.slow) for name in sorted(SAMPLES)],
)
def test_a_suite_holds_against_a_release_of_the_same_sample(name: str, tmp_path: Path) -> None:
    """The second release of the same export has no finding of quality above a note: bands, drift, totals, keys."""
    job = new_job(load_dataset(ROOT / "datasets" / name), Settings(root=ROOT, home=tmp_path))
    remember(job, judged(job))
    told = [item for item in judged(job).findings if item.code.startswith("expectation")]
    assert [item.message("en") for item in told if item.severity != "note"] == []


def test_a_table_that_shrank_is_told_with_its_band(tmp_path: Path) -> None:
    """The last release had three times the rows: the row band of the contract is broken, and says which it is."""
    job = new_job(load_dataset(ROOT / "datasets" / CHECKED), Settings(root=ROOT, home=tmp_path))
    tables = judged(job)
    remember(job, tables, rows=3 * tables.typed["stops"].num_rows)
    (finding,) = [item for item in judged(job).findings if item.code == "expectation-failed"]
    assert "(fixed band around the last release): found " in finding.message("en")


def test_every_kind_of_memory_is_used_by_a_dataset() -> None:
    """Row band, fill, mean, drift of categories, freshness, vanished keys, sums across rows, columns and tables."""
    suites = [load_suite(item.folder).all() for item in load_all(ROOT / "datasets")[0]]
    named = {name for suite in suites for item in suite for name in item.wanted_parameters()}
    for prefix in ("rows_low", "fill_low_", "mean_low_", "shares_last_", "fresh_after"):
        assert any(name.startswith(prefix) for name in named), prefix
    kinds = {item.type for suite in suites for item in suite}
    assert kinds >= {
        "expect_keys_of_last_release_to_remain",
        "expect_parts_to_sum_to_total",
        "expect_columns_to_sum_to_column",
        "expect_query_to_find_nothing",
        "expect_column_values_to_be_edrpou",
        "expect_column_values_to_be_katottg",
    }
