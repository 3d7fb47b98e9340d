"""Real exports on the project's own schemas; figures are those of the data's README."""

from __future__ import annotations

import os
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.lake.raw_views import register
from orchestration.landing.deliveries import land
from orchestration.landing.load import LoadResult, load_pending
from orchestration.settings import PROJECT_DIR, Settings

DATA = Path(os.environ.get("AI_FINOPS_SHARED_DATA") or PROJECT_DIR.parent / "shared" / "data")
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"real data is not here: AI_FINOPS_SHARED_DATA ({DATA})")

AZURE = {
    "requested_at": "TIMESTAMP",
    "input_tokens": "ContextTokens",
    "output_tokens": "GeneratedTokens",
    "provider": "=azure",
    "model": "=gpt-4-32k",
}
OBSERVED = "2026-10-01T10:00:00Z"
# (source, file, options, table, rows in, rows loaded, query, answer)
SOUND = [
    pytest.param(
        "aws_cur",
        "focus_converters_samples/aws_sample-anonymous-aws-export-dataset.csv",
        {},
        (1281, 1281),
        "select sum(cast(line_item_unblended_cost as decimal(38, 12))), "
        "sum(cast(pricing_public_on_demand_cost as decimal(38, 12))) from raw.aws_cur_line_items",
        (Decimal("1.682308697400"), Decimal("3.356172694900")),
        id="legacy CUR",
    ),
    pytest.param(
        "aws_cur",
        "nise_openshift_on_aws/October-2026-None.csv",
        {},
        (2088, 2088),
        "select sum(cast(line_item_unblended_cost as decimal(38, 12))), "
        "sum(cast(line_item_unblended_cost as decimal(38, 12))) filter (where line_item_resource_id = 'i-55555555') "
        "from raw.aws_cur_line_items",
        (Decimal("2828.093941007980"), Decimal("7.403751976080")),
        id="CUR of 209 columns, some alike but for case",
    ),
    pytest.param(
        "focus",
        "focus_1_0_sample/focus_sample.csv",
        {},
        (1000, 1000),
        "select sum(cast(billed_cost as decimal(38, 12))), sum(cast(effective_cost as decimal(38, 12))) "
        "from raw.focus_charges",
        (Decimal("20.520226728990"), Decimal("14.976514185860")),
        id="FOCUS 1.0",
    ),
    pytest.param(
        "request_log",
        "azure_llm_2023/AzureLLMInferenceTrace_conv.csv",
        {"mapping": AZURE},
        (19366, 19366),
        "select sum(input_tokens), sum(output_tokens), max(_extra) from raw.request_log",
        (22361870, 4088665, '{"assumed":{"model":"gpt-4-32k","provider":"azure"}}'),
        id="Azure trace",
    ),
    pytest.param(
        "dcgm",
        "dcgm_metrics/v1.35_kops.prom",
        {"observed_at": OBSERVED},
        (46, 23),
        "select count(distinct metric), count(distinct uuid), min(observed_at) from raw.dcgm_samples",
        (23, 1, datetime(2026, 10, 1, 10)),
        id="dump with every sample twice",
    ),
    pytest.param(
        "openshift",
        "nise_openshift_on_aws/October-2026-my-ocp-cluster-1-ocp_pod_usage.csv",
        {},
        (792, 792),
        "select count(distinct resource_id) from raw.openshift_pod_usage",
        (4,),
        id="OpenShift pods",
    ),
    pytest.param(
        "openshift",
        "nise_openshift_on_aws/October-2026-my-ocp-cluster-1-ocp_gpu_usage.csv",
        {},
        (0, 0),
        "select count(*) from raw.openshift_gpu_usage",
        (0,),
        id="OpenShift GPUs, a header without rows",
    ),
    *(
        pytest.param(
            "nvidia_smi",
            f"nvidia_smi/linux-x86_64__nvidia-h100-{kind}__590.48.01.{load}.query-gpu.csv",
            {"mapping": {"time_zone": "=Europe/Helsinki", "hostname": "=lab"}},
            (1, 1),
            # what staging makes of it: words in brackets are no number
            "select hostname, trim(gpu_model), try_cast(nullif(regexp_extract(trim(utilization_gpu), '^[0-9.]+'), '') as double),"
            " trim(power_draw), trim(mig_mode), _day from raw.nvidia_smi_samples",
            ("lab", "NVIDIA H100 80GB HBM3", utilization, power, mig, date(2026, 7, 14)),
            id=f"nvidia-smi {kind} {load}",
        )
        for kind, load, utilization, power, mig in (
            ("80gb-hbm3", "idle", 0.0, "69.85 W", "Disabled"),
            ("80gb-hbm3", "load", 100.0, "631.95 W", "Disabled"),
            # in MIG mode utilisation is [N/A], idle at 71 W as under load at 434 W
            ("mig", "idle", None, "71.15 W", "Enabled"),
            ("mig", "load", None, "433.78 W", "Enabled"),
        )
    ),
]


def load(settings: Settings, source: str, file: str, **options: object) -> LoadResult:
    land(source, [DATA / file], settings=settings, version="1", **options)
    (result,) = load_pending(settings, as_of=datetime(2026, 11, 21))
    return result


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path, project_dir=PROJECT_DIR, lake_catalog_uri=f"sqlite:///{tmp_path / 'lake' / 'catalog.db'}"
    )


@pytest.mark.parametrize(("source", "file", "options", "rows", "sql", "answer"), SOUND)
def test_real_file(settings, source, file, options, rows, sql, answer):
    result = load(settings, source, file, **options)
    assert (result.outcome, result.reason) == ("loaded", "")
    assert (result.rows_in, result.loaded) == rows
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        register(con, settings)
        assert con.execute(sql).fetchone() == answer


def test_elided_labels_are_refused(settings):
    result = load(
        settings, "dcgm", "dcgm_metrics/v1.35_viettel-ai-platform_accelerator_metrics.prom", observed_at=OBSERVED
    )
    assert result.outcome == "refused"
    assert "line 3 has labels that are cut out" in result.reason
