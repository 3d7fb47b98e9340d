"""Machines, schedulers and telemetry: formats parse as their vendors say,
and truth follows from what the files hold."""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal

from orchestration.simulation.northgrid import hostlist

HOUR = 3600


def _series(entries) -> list[tuple[dict, list]]:
    found = []
    for entry in entries:
        for path in entry["paths"]:
            page = json.loads(path.read_text())
            assert page["status"] == "success"
            assert page["data"]["resultType"] == "matrix"
            found += [(s["metric"], s["values"]) for s in page["data"]["result"]]
    return found


def _sacct(delivered) -> dict[tuple, dict]:
    """Job records by (id, start): a record with an end replaces one without."""
    records: dict[tuple, dict] = {}
    for entry in delivered("slurm"):
        for path in entry["paths"]:
            for row in csv.DictReader(path.open(), delimiter="|"):
                key = (row["JobIDRaw"], row["Start"])
                if key not in records or records[key]["End"] == "Unknown":
                    records[key] = row
    return records


def _expand(nodes: str) -> list[str]:
    match = re.fullmatch(r"(.*)\[(.*)\]", nodes)
    if not match:
        return [nodes]
    names = []
    for part in match[2].split(","):
        low, _, high = part.partition("-")
        names += [f"{match[1]}{n:0{len(low)}d}" for n in range(int(low), int(high or low) + 1)]
    return names


def test_hostlist_notation():
    assert hostlist(["n-003"]) == "n-003"
    assert hostlist(["n-001", "n-002", "n-004"]) == "n-[001-002,004]"
    assert _expand("n-[001-002,004]") == ["n-001", "n-002", "n-004"]


def test_slurm_records_hold_whole_nodes_one_at_a_time(delivered):
    records = _sacct(delivered)
    held = defaultdict(list)
    ended: dict[str, str] = {}
    for row in sorted(records.values(), key=lambda r: r["Start"]):
        # a requeued job is submitted anew when it was put back into the queue
        assert ended.get(row["JobIDRaw"], row["Submit"]) == row["Submit"] <= row["Start"]
        ended[row["JobIDRaw"]] = row["End"]
        names = _expand(row["NodeList"])
        assert len(names) == int(row["NNodes"])
        assert f"gres/gpu={8 * len(names)}," in row["AllocTRES"]
        start = datetime.fromisoformat(row["Start"])
        if row["End"] != "Unknown":
            end = datetime.fromisoformat(row["End"])
            assert (end - start).total_seconds() == int(row["ElapsedRaw"]) > 0
            for name in names:
                held[name].append((start, end))
    for spans in held.values():
        spans.sort()
        assert all(a[1] <= b[0] for a, b in zip(spans, spans[1:], strict=False))
    states = {row["State"] for row in records.values()}
    assert {"COMPLETED", "PREEMPTED", "FAILED", "RUNNING"} <= states
    requeued = [row for row in records.values() if int(row["Restarts"]) > 0]
    assert requeued
    assert all(
        re.match(r"run_id=[0-9a-f]{32}(;checkpoint=\d{4}-\d\d-\d\dT[\d:]{8})?$", row["Comment"]) for row in requeued
    )


def test_slurm_run_cost_follows_from_export_and_accounting(delivered, truth):
    """Node-hour rate of the FOCUS export x held hours, cut at the end of the bill; lost = after the last checkpoint."""
    export = [r for e in delivered("focus", "northgrid") for p in e["paths"] for r in csv.DictReader(p.open())]
    rate = {Decimal(r["EffectiveCost"]) for r in export if r["CommitmentDiscountStatus"] == "Used"}
    assert len(rate) == 1
    per_second = rate.pop() / HOUR
    bill_end = datetime.fromisoformat("2026-10-20")  # sacct times carry no zone; the cluster runs in UTC
    cost, lost = defaultdict(Decimal), defaultdict(Decimal)
    for row in _sacct(delivered).values():
        run = re.match(r"run_id=(\w+)", row["Comment"])[1]
        start = datetime.fromisoformat(row["Start"])
        end = bill_end if row["End"] == "Unknown" else min(datetime.fromisoformat(row["End"]), bill_end)
        seconds = max(0, int((end - start).total_seconds()))
        cost[run] += per_second * seconds * int(row["NNodes"])
        if row["State"] not in ("COMPLETED", "RUNNING"):
            checkpoint = re.search(r"checkpoint=(\S+)", row["Comment"])
            since = datetime.fromisoformat(checkpoint[1]) if checkpoint else start
            lost[run] += per_second * max(0, int((end - since).total_seconds())) * int(row["NNodes"])
    rows = {r["training_run_id"]: r for r in truth("truth_runs.parquet", "currency = 'EUR'")}
    assert len(rows) > 20
    for run, row in rows.items():
        assert abs(row["effective_cost"] - cost[run]) < Decimal("0.01")
        assert abs(row["lost_cost"] - lost[run]) < Decimal("0.01")


def test_on_demand_run_costs_its_nodes_of_the_bill(delivered, truth):
    """A launched node lives as long as its job: the run costs the net bill lines of its instances."""
    node_of, instance_of = defaultdict(set), {}
    run_of_uid = {}
    for metric, _ in _series(delivered("kube_state_metrics")):
        if metric["__name__"] == "kube_node_info":
            instance_of[metric["node"]] = metric["provider_id"].rsplit("/", 1)[1]
        elif metric["__name__"] == "kube_pod_labels" and {"label_mlflow_run_id", "label_wandb_run_id"} & set(metric):
            run_of_uid[metric["uid"]] = metric.get("label_mlflow_run_id") or metric["label_wandb_run_id"]
    for metric, _ in _series(delivered("kube_state_metrics")):
        if metric["__name__"] == "kube_pod_container_resource_requests" and metric["uid"] in run_of_uid:
            node_of[run_of_uid[metric["uid"]]].add(instance_of[metric["node"]])
    lines = defaultdict(Decimal)
    newest = {p.name: p for e in delivered("aws_cur") for p in e["paths"]}
    for path in newest.values():
        for row in csv.DictReader(path.open()):
            if row["line_item_line_item_type"] == "Usage" and row["product_instance_type"] in (
                "p5.48xlarge",
                "p4d.24xlarge",
                "g6e.12xlarge",
            ):
                lines[row["line_item_resource_id"]] += Decimal(row["line_item_net_unblended_cost"])
    checked = 0
    for row in truth("truth_runs.parquet", "currency = 'USD'"):
        nodes = node_of[row["training_run_id"]]
        if nodes and all(n in lines for n in nodes):
            assert abs(
                row["effective_cost"] - row["storage_cost"] - row["network_cost"] - sum(lines[n] for n in nodes)
            ) < Decimal("0.01")
            checked += 1
    assert checked > 20


def _instances(delivered) -> dict[str, str]:
    """Pod -> instance of the bill that it is on, by what Kubernetes says."""
    node_of, instance_of = {}, {}
    for metric, _ in _series(delivered("kube_state_metrics")):
        if metric["__name__"] == "kube_node_info":
            instance_of[metric["node"]] = metric["provider_id"].rsplit("/", 1)[1]
        elif metric["__name__"] == "kube_pod_container_resource_requests":
            node_of[metric["pod"]] = metric["node"]
    return {pod: instance_of[node] for pod, node in node_of.items()}


def _net_lines(delivered) -> dict[str, dict[int, Decimal]]:
    """Instance -> hour -> net cost of its lines in the newest bills."""
    lines = defaultdict(dict)
    for path in {p.name: p for e in delivered("aws_cur") for p in e["paths"]}.values():
        for row in csv.DictReader(path.open()):
            if row["line_item_line_item_type"] == "Usage" and row["product_instance_type"]:
                start = datetime.fromisoformat(row["line_item_usage_start_date"]).replace(tzinfo=UTC)
                lines[row["line_item_resource_id"]][int(start.timestamp())] = Decimal(
                    row["line_item_net_unblended_cost"]
                )
    return lines


def test_what_was_left_alone_wastes_what_bill_and_samples_say(delivered, truth):
    """A notebook's hours below a twentieth of activity, less what it did; a server whose counters stand still, idle for a week and then
    one that nobody calls."""
    lines, instances = _net_lines(delivered), _instances(delivered)
    waste = {(r["waste_kind"], r["subject"]): r["cost"] for r in truth("truth_waste.parquet")}
    quiet = {
        at + 1 - HOUR: Decimal(value)
        for metric, values in _series(delivered("dcgm"))
        if metric["__name__"] == "DCGM_FI_PROF_GR_ENGINE_ACTIVE" and metric.get("pod") == "notebook-rubric-study"
        for at, value in values
        if float(value) < 0.05
    }
    hours = sorted(quiet)
    assert len(hours) > 200
    assert hours[-1] - hours[0] == (len(hours) - 1) * HOUR, "one stretch"
    paid = lines[instances["notebook-rubric-study"]]
    unused = sum(paid[hour] * (1 - activity) for hour, activity in quiet.items())
    assert abs(waste["idle_gpu", "evaluation"] - unused) < Decimal("0.000001")
    assert hours[0] - min(paid) > 48 * HOUR, "two days of work come first"

    [pod] = {metric["pod"] for metric, _ in _series(delivered("vllm")) if metric["pod"].startswith("chat-8b-")}
    counters = defaultdict(set)
    for metric, values in _series(delivered("vllm")):
        if metric["pod"] == pod:
            counters[metric["__name__"]] |= {value for _, value in values}
    assert all(len(seen) == 1 for seen in counters.values()), "no counter moves"
    paid = lines[instances[pod]]
    eighth = int(datetime(2026, 8, 8, tzinfo=UTC).timestamp())
    assert waste["idle_endpoint", "chat-8b"] == sum(cost for hour, cost in paid.items() if hour < eighth)
    assert waste["uncalled_model", "chat-8b"] == sum(cost for hour, cost in paid.items() if hour >= eighth)


def test_a_dataset_is_prepared_by_runs_on_machines_of_their_own(delivered, truth):
    lines, instances = _net_lines(delivered), _instances(delivered)
    runs = {}
    for entry in delivered("mlflow"):
        for path in entry["paths"]:
            for run in json.loads(path.read_text())["runs"]:
                tags = {t["key"]: t["value"] for t in run["data"]["tags"]}
                if "produces_dataset" in tags:
                    runs[run["info"]["run_name"]] = tags
                    assert run["inputs"]["dataset_inputs"] == []
    assert set(runs) == {"corpus-dedup-2026-08", "corpus-dedup-2026-09", "corpus-dedup-2026-10"}
    assert {(t["produces_dataset"], t["purpose"], t["team"]) for t in runs.values()} == {
        ("meridian-corpus", "prepare_data", "dataplatform")
    }
    paid = sum(cost for name in runs for cost in lines[instances[f"{name}-1-worker-0"]].values())
    prepared = {r["dataset_id"]: r["preparation_cost"] for r in truth("truth_datasets.parquet")}
    assert prepared["meridian-crawl-2024"] == 0
    assert abs(prepared["meridian-corpus"] - paid) < Decimal("0.000001")


def test_free_machines_are_out_of_order_in_hours_that_are_paid_and_that_nobody_holds(delivered, truth):
    """As the exporters say it: an error after which the device needs a reset, a node that takes no work. Nobody's activity is there."""
    end = datetime(2026, 10, 20, tzinfo=UTC).timestamp() // HOUR  # of the bills
    failed, drained, busy = defaultdict(set), defaultdict(set), defaultdict(set)
    errors, resource_of = set(), {}
    for metric, values in _series(delivered("dcgm")):
        if metric["__name__"] == "DCGM_FI_DEV_XID_ERRORS":
            errors |= {value for _, value in values}
            failed[metric["Hostname"]] |= {at // HOUR for at, value in values if value != "43"}
        elif {"pod", "hpc_job"} & set(metric):
            busy[metric["Hostname"]] |= {at // HOUR for at, _ in values}
    for metric, values in _series(delivered("kube_state_metrics")):
        if metric["__name__"] == "kube_node_info":
            resource_of[metric["node"]] = metric["provider_id"].rsplit("/", 1)[1]
        elif metric["__name__"] in ("kube_node_spec_unschedulable", "kube_node_status_condition"):
            takes_none = "1" if metric["__name__"] == "kube_node_spec_unschedulable" else "0"
            assert {value for _, value in values} == {takes_none}
            drained[metric["node"]] |= {at // HOUR for at, _ in values}
    assert errors == {"43", "79", "95", "119"}
    found = {}
    for name in failed.keys() | drained.keys():
        assert not busy[name] & (failed[name] | drained[name])
        # one GPU of a machine fails; the other seven of a machine that takes no work are drained
        hours = (
            sum(hour < end for hour in failed[name]),
            sum(8 - (hour in failed[name]) for hour in drained[name] if hour < end),
        )
        if any(hours):
            found[resource_of.get(name, name)] = hours
    expected = defaultdict(lambda: (0, 0))
    for row in truth("truth_free_hours.parquet"):
        if row["failed_gpu_hours"] or row["drained_gpu_hours"]:
            before = expected[row["resource_id"]]
            expected[row["resource_id"]] = (before[0] + row["failed_gpu_hours"], before[1] + row["drained_gpu_hours"])
    assert found == expected
    assert any(failed_hours and drained_hours for failed_hours, drained_hours in found.values())


def test_no_sample_contradicts_another(delivered):
    """One value for each series and instant, apart from the copies that an HA pair gives."""
    for source in ("dcgm", "kube_state_metrics", "vllm"):
        seen: dict[tuple, str] = {}
        for metric, values in _series(delivered(source)):
            name = json.dumps(metric, sort_keys=True)
            for at, value in values:
                assert seen.setdefault((name, at), value) == value


def test_gpu_samples_are_averages_of_full_hours(delivered):
    for metric, values in _series(delivered("dcgm")):
        assert metric["UUID"]
        assert metric["Hostname"]
        assert metric["__name__"].startswith("DCGM_FI_")
        times = [v[0] for v in values]
        assert times == sorted(times)
        assert all(t % HOUR == HOUR - 1 for t in times)
        if metric["__name__"] == "DCGM_FI_PROF_GR_ENGINE_ACTIVE":
            assert all(0 <= float(v) <= 1 for _, v in values)


def test_gpu_samples_are_missing_in_an_outage_not_zero(delivered):
    day = int(datetime(2026, 9, 22, tzinfo=UTC).timestamp())
    times = [v[0] for _, values in _series(delivered("dcgm", "northgrid")) for v in values]
    assert not [t for t in times if day <= t < day + 86400]
    assert [t for t in times if day - 86400 <= t < day]


def test_mig_slices_and_replicas_are_there(delivered):
    series = _series(delivered("dcgm", "eks"))
    assert {m.get("GPU_I_PROFILE") for m, _ in series} == {None, "3g.40gb", "1g.10gb"}
    assert {m.get("prometheus_replica") for m, _ in series} == {None, "prometheus-0", "prometheus-1"}


def test_pod_times_are_exact_and_finished_pods_linger(delivered):
    started, ended, last_seen = {}, {}, {}
    for metric, values in _series(delivered("kube_state_metrics")):
        if metric["__name__"] == "kube_pod_start_time":
            started[metric["uid"]] = int(values[0][1])
        elif metric["__name__"] == "kube_pod_completion_time":
            ended[metric["uid"]] = int(values[0][1])
        elif metric["__name__"] == "kube_pod_container_resource_requests":
            last_seen[metric["uid"]] = max(last_seen.get(metric["uid"], 0), values[-1][0])
    assert ended
    assert all(started[uid] < end for uid, end in ended.items())
    assert any(last_seen[uid] > end for uid, end in ended.items())


def test_counters_measure_the_logged_work_and_a_little_more(delivered, truth):
    """Increases of the counters over the window: logged tokens plus the calls that no log has; one engine starts
    again.
    """
    series = defaultdict(dict)
    for metric, values in _series(delivered("vllm")):
        series[metric["__name__"], metric["pod"]].update({t: float(v) for t, v in values})
    increase, resets = defaultdict(int), 0
    for (name, _), samples in series.items():
        ordered = [samples[t] for t in sorted(samples)]
        for before, after in zip(ordered, ordered[1:], strict=False):
            resets += after < before
            increase[name] += after - before if after >= before else after
    assert resets == 10  # the counters of one engine
    rows = truth("truth_requests/request_log-*.parquet")
    logged = sum(r["output_text_tokens"] for r in rows)
    assert logged < increase["vllm:generation_tokens_total"] < 1.05 * logged
    prompt = sum(r["input_uncached_text_tokens"] + r["input_cache_read_tokens"] for r in rows)
    assert prompt < increase["vllm:prompt_tokens_total"] < 1.05 * prompt
    cached = increase["vllm:prompt_tokens_cached_total"] + increase["vllm:gpu_prefix_cache_hits_total"]
    assert 0 < cached < increase["vllm:prompt_tokens_total"]
    # the newer engine looks waiting requests up again; the older one does not measure its time
    assert increase["vllm:prefix_cache_hits_total"] > increase["vllm:prompt_tokens_cached_total"]
    assert increase["vllm:num_preemptions_total"] > 0
    timed = {pod for name, pod in series if name == "vllm:request_decode_time_seconds_sum"}
    assert 0 < len(timed) < len({pod for _, pod in series})


def test_an_adapter_is_asked_for_by_its_name_and_counted_under_its_base(delivered, truth):
    served = {metric["model_name"] for metric, _ in _series(delivered("vllm"))}
    asked = {r["model_id"] for r in truth("truth_requests/request_log-*.parquet")}
    assert len(asked - served) == 1
    assert served - asked == {"meta-llama/Llama-3.1-8B-Instruct"}, "the model that was replaced"


def test_mlflow_has_a_sweep_and_a_run_that_never_ends(delivered, truth):
    runs = {}
    for entry in delivered("mlflow"):
        for path in entry["paths"]:
            for run in json.loads(path.read_text())["runs"]:
                runs[run["info"]["run_id"]] = run
    tags = {run_id: {t["key"]: t["value"] for t in run["data"]["tags"]} for run_id, run in runs.items()}
    parents = {t["mlflow.parentRunId"] for t in tags.values() if "mlflow.parentRunId" in t}
    assert parents
    assert parents <= set(runs)
    assert all("slurm_job_id" not in tags[p] and "k8s.pod_uid" not in tags[p] for p in parents)
    jobs = {row["JobIDRaw"]: row for row in sorted(_sacct(delivered).values(), key=lambda r: r["Start"])}
    crashed = [
        run_id
        for run_id, run in runs.items()
        if run["info"]["status"] == "RUNNING"
        and jobs.get(tags[run_id].get("slurm_job_id", ""), {}).get("State") == "FAILED"
    ]
    assert len(crashed) == 1
    others = {
        json.loads(line)["name"]
        for entry in delivered("wandb")
        for path in entry["paths"]
        for line in path.read_text().splitlines()
    }
    others |= {
        json.loads(path.read_text())["TrainingJobArn"] for entry in delivered("sagemaker") for path in entry["paths"]
    }
    assert not others & set(runs)
    assert {r["training_run_id"] for r in truth("truth_runs.parquet")} <= set(runs) | others


def test_customers_pay_and_some_lose_money(delivered, truth):
    paths = delivered("accounting")[-1]["paths"]
    revenue = defaultdict(Decimal)
    for row in csv.DictReader(next(p for p in paths if p.name == "revenue.csv").open()):
        rate = Decimal("1.16") if row["currency"] == "EUR" else 1
        revenue[row["customer_id"], row["revenue_month"]] += Decimal(row["amount"]) * rate
    margin = {
        row["customer_id"]: revenue[row["customer_id"], "2026-09-01"] - row["api_cost"] - row["selfhosted_cost"]
        for row in truth(
            "truth_customers_monthly.parquet", "usage_month = date '2026-09-01' and customer_id is not null"
        )
    }
    assert len(margin) == 30
    assert {c for c, value in margin.items() if value < 0} == {"cust-002", "cust-010", "cust-022"}
