"""Bad input of exporters of accelerators and of owned hardware: good rows are kept, each other has its field and reason."""

from __future__ import annotations

import json

import pytest

SMI = "timestamp, index, uuid, name, utilization.gpu [%], memory.used [MiB], power.draw [W]\n"
READING = "2026/11/03 09:00:00.000, 0, GPU-{n}, NVIDIA A30, {utilization}, 100 MiB, 150.00 W\n"
BERLIN = {"time_zone": "=Europe/Berlin", "hostname": "=n1"}


def rejects(warehouse) -> list[tuple]:
    return warehouse.query("select row_number, field, reason from raw.load_rejects order by row_number")


def test_nvidia_smi_without_a_declared_zone_is_refused_with_what_to_do(own_schemas):
    result = own_schemas.deliver("nvidia_smi", SMI + READING.format(n=1, utilization="5 %"), "smi.csv")
    assert (result.outcome, result.loaded) == ("refused", 0)
    assert "time_zone" in result.reason


def test_a_cell_that_is_neither_number_nor_word_in_brackets_is_rejected(own_schemas):
    good = "".join(READING.format(n=n, utilization="[N/A]" if n % 2 else "50 %") for n in range(200))
    result = own_schemas.deliver(
        "nvidia_smi", SMI + READING.format(n="x", utilization="high") + good, "smi.csv", mapping=BERLIN
    )
    assert (result.outcome, result.loaded, result.rejected) == ("loaded", 200, 1)
    [(row, field, _)] = rejects(own_schemas)
    assert (row, field) == (2, "utilization_gpu")


def test_local_time_goes_to_the_day_in_utc(own_schemas):
    """Half past midnight in Berlin in November is the day before."""
    text = SMI + READING.format(n=1, utilization="5 %").replace("09:00:00", "00:30:00")
    own_schemas.deliver("nvidia_smi", text, "smi.csv", mapping=BERLIN)
    assert own_schemas.query("select cast(_day as varchar) from raw.nvidia_smi_samples") == [("2026-11-02",)]


@pytest.mark.parametrize(
    ("source", "body", "reason"),
    [
        ("opencost", json.dumps({"code": 500, "message": "no"}), "it has no `data`"),
        ("opencost", "<html>login</html>", "an HTML or XML page"),
        ("cloud_monitoring", "a,b\n1,2\n", "A page of timeSeries.list is expected"),
        ("neuron", "neuron-monitor: command not found\n", "JSON with one object a line is expected"),
    ],
)  # fmt: skip
def test_what_is_no_answer_of_the_api_is_refused(own_schemas, source, body, reason):
    result = own_schemas.deliver(source, body, "answer.json")
    assert (result.outcome, result.loaded) == ("refused", 0)
    assert reason in result.reason


def test_gcloud_prints_series_as_an_array(own_schemas):
    point = {
        "interval": {"startTime": "2026-11-03T10:00:00Z", "endTime": "2026-11-03T10:01:00Z"},
        "value": {"int64Value": "85"},
    }
    labels = {"accelerator_id": "0", "make": "cloud-tpu", "model": "tpu-v6e-slice"}
    one = {
        "metric": {"type": "kubernetes.io/node/accelerator/duty_cycle", "labels": labels},
        "resource": {"type": "k8s_node", "labels": {"cluster_name": "c", "node_name": "n"}},
        "points": [point, point],
    }
    result = own_schemas.deliver("cloud_monitoring", json.dumps([one]), "series.json")
    assert (result.outcome, result.rows_in, result.loaded, result.duplicate) == ("loaded", 2, 1, 1)
    assert own_schemas.query(
        "select metric, value, node_name, model, cast(observed_at as varchar) from raw.cloud_monitoring_points"
    ) == [("kubernetes.io/node/accelerator/duty_cycle", 85.0, "n", "tpu-v6e-slice", "2026-11-03 10:01:00")]


def test_an_asset_without_months_or_with_a_pue_below_1_is_refused(own_schemas):
    head = "asset_id,resource_id,instance_type,owner_account,currency,capex,months,pue,valid_from\n"
    result = own_schemas.deliver(
        "reference", head + "a,n,x,o,USD,100,0,1.2,2026-01-01\nb,m,x,o,USD,100,36,0.9,2026-01-01\n", "gpu_assets.csv"
    )
    assert result.outcome == "refused"
    assert "months is below 1" in result.reason
    assert "pue is below 1" in result.reason
