"""Engines' counters, pods and the declared map, landed as Prometheus and the company give them, up to what each deployment
computed in an hour.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from built_models import build_from_files

HOUR = int(datetime(2026, 11, 3, 10, tzinfo=UTC).timestamp())


def _page(path: Path, series: list[tuple[str, dict[str, str], list[tuple[int, float]]]]) -> Path:
    """A `query_range` answer in which both servers of an HA pair observed each series."""
    result = [
        {
            "metric": {"__name__": name, **labels, "prometheus_replica": replica},
            "values": [[t, str(v)] for t, v in values],
        }
        for name, labels, values in series
        for replica in ("a", "b")
    ]
    path.write_text(json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}))
    return path


def _counted(name: str, labels: dict[str, str], *values: float) -> tuple[str, dict[str, str], list[tuple[int, float]]]:
    """A counter at the full hours from 10:00 on."""
    return name, labels, [(HOUR + 3600 * i, value) for i, value in enumerate(values)]


@pytest.fixture(scope="module")
def hours(tmp_path_factory) -> dict[tuple[str, int], dict]:
    """(deployment, hour of the day) to the row of int_deployment_token_work_hourly."""
    folder = tmp_path_factory.mktemp("engines")
    vllm = {"namespace": "serving", "pod": "chat-7f9c-x2", "model_name": "llama", "engine": "0"}
    sglang = {"namespace": "serving", "pod": "code-1", "model_name": "qwen"}
    engines = _page(
        folder / "engines.json",
        [
            _counted("vllm:prompt_tokens_total", vllm, 5000, 6000, 400),  # restarted between 11:00 and 12:00
            _counted("vllm:generation_tokens_total", vllm, 10, 110, 30),
            _counted("vllm:request_success_total", vllm | {"finished_reason": "stop"}, 1, 8, 2),
            _counted("vllm:request_success_total", vllm | {"finished_reason": "length"}, 0, 1, 0),
            _counted("vllm:num_preemptions_total", vllm, 3, 5, 0),
            _counted("vllm:request_prefill_time_seconds_bucket", vllm | {"le": "0.3"}, 1, 500, 900),
            _counted("vllm:request_prefill_time_seconds_sum", vllm, 1.5, 4.25, 0.5),
            _counted("vllm:request_decode_time_seconds_sum", vllm, 2, 12, 1),
            _counted("vllm:lora_requests_info", vllm | {"running_lora_adapters": "support"}, HOUR, HOUR, HOUR),
            _counted("sglang:prompt_tokens_total", sglang, 0, 900, 900),
            _counted("sglang:cached_tokens_total", sglang | {"cache_source": "device"}, 0, 200, 200),
            _counted("sglang:cached_tokens_total", sglang | {"cache_source": "host"}, 0, 100, 100),
            _counted("sglang:generation_tokens_total", sglang | {"is_streaming": "true"}, 0, 30, 30),
            _counted("sglang:generation_tokens_total", sglang | {"is_streaming": "false"}, 0, 12, 12),
        ],
    )
    pods = []
    for pod in (vllm, sglang):
        identity = {"namespace": "serving", "pod": pod["pod"], "uid": pod["pod"], "node": "n1"}
        pods += [
            _counted("kube_pod_start_time", identity, *[HOUR] * 3),
            _counted("kube_pod_labels", identity | {"label_app": "engine"}, 1, 1, 1),
        ]
    kube = _page(folder / "kube.json", pods)
    (folder / "serving_map.csv").write_text(
        "model_alias,model_id,deployment_id,namespace,pod_app,pod_name,valid_from,valid_to\n"
        "llama,,chat-old,serving,,chat-*,2026-01-01,2026-11-03\n"
        "llama,,chat,serving,,chat-*,2026-11-03,\n"
        "other,,elsewhere,batch,,*,2026-01-01,\n"
    )
    database = build_from_files(
        folder,
        [
            ("vllm", "prom", engines),
            ("kube_state_metrics", "prom", kube),
            ("reference", "company", folder / "serving_map.csv"),
        ],
        ["+int_deployment_token_work_hourly"],
        as_of=datetime(2026, 11, 4),
    )
    with duckdb.connect(str(database), read_only=True) as con:
        relation = con.sql("select * from intermediate.int_deployment_token_work_hourly")
        rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    return {(row["deployment_id"], row["usage_hour"].hour): row for row in rows}


def test_pods_are_found_by_the_map_of_the_day_else_by_their_label(hours):
    assert {deployment for deployment, _ in hours} == {"chat", "engine"}
    assert hours["chat", 10]["served_model_name"] == "llama"


def test_two_servers_of_prometheus_count_once_and_a_restart_begins_at_zero(hours):
    first, second = hours["chat", 10], hours["chat", 11]
    assert (first["prompt_tokens"], first["generated_tokens"], first["preemptions"]) == (1000, 100, 2)
    assert (second["prompt_tokens"], second["generated_tokens"], second["preemptions"]) == (400, 30, 0)


def test_series_that_labels_tell_apart_add_up_and_buckets_are_no_counters(hours):
    assert hours["chat", 10]["answered_requests"] == 8
    assert (float(hours["chat", 10]["prefill_seconds"]), float(hours["chat", 10]["decode_seconds"])) == (2.75, 10)
    served = hours["engine", 10]
    assert (served["prompt_tokens"], served["cached_prompt_tokens"], served["generated_tokens"]) == (900, 300, 42)
    assert served["prefill_seconds"] is None
