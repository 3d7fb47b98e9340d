"""The published marts of the demo company against its truth, which is computed without the models' SQL."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal

import duckdb
import pytest
from rich.console import Console

from orchestration.explain import print_explanation

CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def marts(demo):
    """The published file, with the truth tables and the published requests as views."""
    con = duckdb.connect()
    con.execute(f"attach '{demo.published}/marts.duckdb' as marts (read_only); use marts")
    for path in sorted(demo.world.truth.glob("*.parquet")):
        con.execute(f"create temp view {path.stem} as select * from read_parquet('{path}')")
    con.execute(
        f"create temp view truth_requests as select * from read_parquet('{demo.world.truth}/truth_requests/*.parquet')"
    )
    con.execute(
        "create temp view requests as select * from read_parquet("
        f"'{demo.published}/parquet/core/fct_inference_requests/*/*.parquet', hive_partitioning = false) where is_of_record"
    )
    yield con
    con.close()


def rows(con, sql: str) -> list[tuple]:
    return con.execute(sql).fetchall()


def test_every_bill_is_in_the_ledger_to_the_last_place(marts):
    different = rows(
        marts,
        """
        with ledger as (
            select invoice_issuer_name, strftime(billing_period_start, '%Y-%m') as billing_month, billing_currency as currency,
                sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
            from core.fct_cost_allocation where cost_status <> 'estimated' group by all)
        select coalesce(l.invoice_issuer_name, t.invoice_issuer_name), coalesce(l.billing_month, t.billing_month),
            l.billed_cost, t.billed_cost, l.effective_cost, t.effective_cost
        from ledger l full join truth_totals t
            on l.invoice_issuer_name = t.invoice_issuer_name and l.billing_month = t.billing_month and l.currency = t.currency
        where l.billed_cost is distinct from t.billed_cost or l.effective_cost is distinct from t.effective_cost
        """,
    )
    assert different == []


def test_each_request_costs_what_the_vendor_charges_within_a_billionth_of_a_dollar(marts):
    wrong = rows(
        marts,
        """
        select request_id, r.contracted_cost, t.contracted_cost, r.pricing_status
        from requests r full join truth_requests t using (request_id, meter)
        where t.request_id is null or r.request_id is null
            or (t.provider_id <> 'self_hosted' and (
                coalesce(abs(r.contracted_cost - t.contracted_cost), case when t.contracted_cost = 0 then 0 else 1 end) > 1e-9
                or coalesce(abs(r.list_cost - t.list_cost), case when t.list_cost = 0 then 0 else 1 end) > 1e-9))
        limit 5
        """,
    )
    assert wrong == []


def test_token_classes_of_each_request_are_the_true_ones(marts):
    classes = ("input_uncached_text", "input_cache_read", "output_text", "output_reasoning")
    differs = " or ".join(f"coalesce(r.{name}_tokens, 0) <> coalesce(t.{name}_tokens, 0)" for name in classes)
    wrong = rows(
        marts,
        f"select request_id from requests r join truth_requests t using (request_id, meter) where not t.is_failed and ({differs}) limit 5",
    )
    assert wrong == []


def test_each_training_run_costs_what_it_cost_to_the_cent(marts):
    wrong = rows(
        marts,
        f"""
        with ledger as (
            select training_run_id, billing_currency as currency, sum(effective_cost) as cost
            from core.fct_cost_allocation where training_run_id is not null and cost_status <> 'estimated' group by all)
        select training_run_id, coalesce(l.currency, t.currency), l.cost, t.effective_cost
        from ledger l full join truth_runs t using (training_run_id, currency)
        where coalesce(abs(coalesce(l.cost, 0) - coalesce(t.effective_cost, 0)), 1) > {CENT}
        """,
    )
    assert wrong == []


def test_each_run_held_the_gpu_hours_that_it_really_held(marts):
    """Hours to the second (the truth has 6 places an attempt), and their node cost to the cent."""
    wrong = rows(
        marts,
        f"""
        with held as (
            select training_run_id, billing_currency as currency, sum(gpu_hours) as gpu_hours, sum(node_cost) as cost
            from core.fct_gpu_hours where training_run_id is not null group by all),
        truth as (
            select training_run_id, currency, sum(gpu_hours) as gpu_hours, sum(effective_cost) as cost from truth_attempts group by all)
        select training_run_id, currency, h.gpu_hours, t.gpu_hours, h.cost, t.cost from held h full join truth t using (training_run_id, currency)
        where abs(coalesce(h.gpu_hours, 0) - coalesce(t.gpu_hours, 0)) > 0.001 or abs(coalesce(h.cost, 0) - coalesce(t.cost, 0)) > {CENT}
        """,
    )
    assert wrong == []


def test_free_hours_are_healthy_drained_failed_or_not_delivered_as_they_really_were(marts):
    """Hours to the second, by day and machine; cost to the cent where a machine was free as a whole. An application's XID is no failure."""
    states = ("healthy", "drained", "failed", "not_seen")
    measures = ", ".join(
        f"coalesce(sum(gpu_hours) filter (hours_state = 'free_{state}'), 0) as {state}_gpu_hours" for state in states
    )
    differs = " or ".join(
        f"abs(coalesce(m.{state}_gpu_hours, 0) - coalesce(t.{state}_gpu_hours, 0)) > 0.001"
        for state in (*states, "not_delivered")
    )
    wrong = rows(
        marts,
        f"""
        with mart as (
            select usage_date, resource_id, {measures},
                coalesce(sum(gpu_hours) filter (hours_state = 'not_delivered'), 0) as not_delivered_gpu_hours, sum(node_cost) as cost
            from core.fct_gpu_hours where hours_state like 'free_%' or hours_state = 'not_delivered' group by all)
        select m.*, t.* from mart m full join truth_free_hours t
            on m.usage_date = t.usage_date and m.resource_id is not distinct from t.resource_id
        where {differs} or abs(m.cost - t.effective_cost) > {CENT}
        """,
    )
    assert wrong == []
    found = rows(
        marts,
        "select sum(free_healthy_gpu_hours) > 0, sum(free_drained_gpu_hours), sum(free_failed_gpu_hours), sum(not_delivered_gpu_hours)"
        " from unit_economics.cost_per_gpu_hour_daily group by billing_currency order by billing_currency",
    )
    assert found == rows(
        marts,
        "select true, sum(drained_gpu_hours), sum(failed_gpu_hours), sum(not_delivered_gpu_hours) from truth_free_hours group by currency"
        " order by currency",
    )
    assert [(drained > 0, failed > 0, missing > 0) for _, drained, failed, missing in found] == [
        (False, True, True),  # the neocloud takes drained machines back
        (True, True, False),
    ]
    [(failed, truth)] = rows(
        marts,
        "select sum(failed_hours) filter (usage_date < (select max(usage_date) + 1 from truth_free_hours)),"
        " (select sum(failed_gpu_hours) from truth_free_hours) from unit_economics.gpu_devices_daily",
    )
    assert failed == truth


def test_what_a_run_lost_is_known_to_the_cent(marts, demo):
    billed_until = f"{demo.world.timeline.bill_end:%Y-%m-%d}"
    wrong = rows(
        marts,
        f"""
        with marts as (
            select training_run_id, billing_currency as currency, sum(lost_cost) as lost, max(attempts) as attempts, max(ended_at) as ended_at
            from unit_economics.cost_per_training_run group by all)
        select training_run_id, m.lost, t.lost_cost, m.attempts, t.attempts
        from truth_runs t left join marts m using (training_run_id, currency)
        where m.training_run_id is null or abs(m.lost - t.lost_cost) > {CENT}
            -- the truth counts the attempts that a bill has reached
            or (m.ended_at < timestamp '{billed_until}' and m.attempts <> t.attempts)
        """,
    )
    assert wrong == []


def test_a_run_has_the_storage_and_the_transfer_that_name_it_and_the_price_of_its_steps(marts):
    """One run left a volume behind and sent its weights out; a run in Weights & Biases counts like one in MLflow."""
    wrong = rows(
        marts,
        f"""
        select t.training_run_id, m.storage_cost, t.storage_cost, m.network_cost, t.network_cost, m.steps, t.steps, m.cost_per_step
        from truth_runs t left join unit_economics.cost_per_training_run m
            on m.training_run_id = t.training_run_id and m.billing_currency = t.currency
        where m.training_run_id is null or abs(m.storage_cost - t.storage_cost) > {CENT} or abs(m.network_cost - t.network_cost) > {CENT}
            or (t.steps is not null and m.steps is distinct from t.steps) or abs(m.cost_per_step * t.steps - t.effective_cost) > {CENT}
            or m.repeats_run_id is distinct from t.repeats_run_id
        """,
    )
    assert wrong == []
    [(storage, transfer, repeats)] = rows(
        marts,
        "select count(*) filter (storage_cost > 0), count(*) filter (network_cost > 0), count(repeats_run_id) from truth_runs",
    )
    assert (storage, transfer, repeats) == (1, 1, 1)
    assert {row[0] for row in rows(marts, "select distinct tracker from core.fct_training_runs")} == {
        "mlflow", "wandb", "sagemaker",
    }  # fmt: skip


def test_each_kind_of_waste_costs_what_it_cost_to_the_cent(marts):
    found = rows(
        marts,
        f"""
        with named as (
            select waste_kind, coalesce(training_run_id, team_id) as subject, billing_currency as currency, sum(wasted_cost) as cost
            from optimization.gpu_waste_daily where waste_kind not in ('free_gpu', 'undelivered_gpu') group by all
            union all
            select waste_kind, resource_id, billing_currency, sum(wasted_cost) from optimization.idle_resources group by all)
        select coalesce(n.waste_kind, t.waste_kind), coalesce(n.subject, t.subject), n.cost, t.cost
        from named n full join truth_waste t using (waste_kind, subject, currency)
        where abs(coalesce(n.cost, 0) - coalesce(t.cost, 0)) > {CENT}
        """,
    )
    assert found == []
    kinds = {row[0] for row in rows(marts, "select distinct waste_kind from truth_waste")}
    assert kinds == {
        "failed_run", "redundant_run", "uncalled_model", "idle_endpoint", "idle_gpu", "orphaned_volume", "orphaned_dataset",
    }  # fmt: skip


def test_a_model_is_uncalled_from_its_eighth_day_on_and_an_idle_endpoint_before(marts, demo):
    """The server of the replaced model is up all the time and nobody calls it; it is the waste of the team that had it."""
    first = demo.world.timeline.start.date()
    last = demo.world.timeline.bill_end.date() - timedelta(days=1)
    eighth = first + timedelta(days=7)
    assert rows(
        marts,
        "select waste_kind, team_id, min(first_idle_date), max(last_idle_date), sum(idle_days) from optimization.idle_resources"
        " where resource_id = 'chat-8b' group by all order by 1",
    ) == [
        ("idle_endpoint", "assistant", first, eighth - timedelta(days=1), 7),
        ("uncalled_model", "assistant", eighth, last, (last - eighth).days + 1),
    ]
    assert rows(
        marts,
        "select bool_and(direct_cost > 0 and total_tokens = 0 and allocation_cost_per_million_tokens is null)"
        " from unit_economics.self_hosted_serving_daily where deployment_id = 'chat-8b'",
    ) == [(True,)]


def test_a_volume_of_a_cluster_is_its_claims_and_an_orphan_when_its_pod_is_gone(marts, demo):
    """The notebook's volume has no tag on the bill; the cluster says whose claim it is. 2,000 GB for 0.08 a month are 66.6666666667 GB-Mo a
    day and 5.3333333333 USD, 4.853333333303 after 9 %. The notebook opens on the third day and is deleted on the sixteenth.
    """
    a_day = Decimal("4.853333333303")
    opened = demo.world.timeline.start.date() + timedelta(days=2)
    deleted = opened + timedelta(days=13)
    last = demo.world.timeline.bill_end.date() - timedelta(days=1)
    [(volume, team, first_idle, idle_days, wasted)] = rows(
        marts,
        "select resource_id, team_id, min(first_idle_date), sum(idle_days)::integer, sum(wasted_cost) from optimization.idle_resources"
        f" where waste_kind = 'orphaned_volume' and evidence = 'last mounted by a pod {deleted}' group by all",
    )
    orphaned_days = (last - deleted).days - 2
    assert (team, first_idle, idle_days) == ("evaluation", deleted + timedelta(days=3), orphaned_days)
    assert wasted == orphaned_days * a_day
    assert rows(
        marts,
        "select a.team_id, a.rule_id, min(a.usage_date), max(a.usage_date), sum(a.effective_cost) from core.fct_cost_allocation a"
        f" join focus.cost_and_usage f on f.x_ChargeId = a.charge_id where f.ResourceId = '{volume}' group by all",
    ) == [("evaluation", "claim_label", opened, last, ((last - opened).days + 1) * a_day)]


def test_a_dataset_costs_where_it_lies_and_the_runs_that_prepare_it(marts, demo):
    """To the cent; of the runs that read it, it has nothing."""
    wrong = rows(
        marts,
        f"""
        select coalesce(m.dataset_id, t.dataset_id), m.storage_cost, t.storage_cost, m.preparation_cost, t.preparation_cost
        from unit_economics.cost_per_dataset m full join truth_datasets t
            on m.dataset_id = t.dataset_id and m.billing_currency = t.currency
        where coalesce(abs(m.storage_cost - t.storage_cost), 1) > {CENT} or coalesce(abs(m.preparation_cost - t.preparation_cost), 1) > {CENT}
        """,
    )
    assert wrong == []
    assert rows(
        marts,
        "select dataset_id, preparation_cost > 0, runs_reading > 0, team_ids from unit_economics.cost_per_dataset order by dataset_id",
    ) == [
        ("meridian-corpus", True, True, "dataplatform; foundation"),
        ("meridian-crawl-2024", False, False, "foundation"),
    ]
    assert rows(
        marts,
        "select count(*), count(distinct produced_dataset_id), bool_and(status = 'FINISHED') from core.fct_training_runs"
        " where run_purpose = 'prepare_data'",
    ) == [(len(demo.world.timeline.months), 1, True)]


def test_what_nobody_held_is_waste_of_its_owner_to_the_cent(marts):
    """By day. The neocloud's machines are free as a whole or not at all: foundation's, who reserved them, or while out of order the platform's."""
    wrong = rows(
        marts,
        f"""
        with mart as (
            select usage_date, sum(wasted_cost) as cost from optimization.gpu_waste_daily
            where waste_kind in ('free_gpu', 'undelivered_gpu') and billing_currency = 'EUR' group by all),
        truth as (
            select usage_date, sum(effective_cost) as cost, count(*) as machines from truth_free_hours where currency = 'EUR' group by all)
        select m.*, t.* from mart m full join truth t using (usage_date)
        where abs(coalesce(m.cost, 0) - coalesce(t.cost, 0)) > {CENT} * coalesce(t.machines, 1)
        """,
    )
    assert wrong == []
    owners = rows(
        marts,
        "select distinct waste_kind, team_id from optimization.gpu_waste_daily"
        " where holder_cost is null and billing_currency = 'EUR' and wasted_cost > 0 order by all",
    )
    assert owners == [("free_gpu", "foundation"), ("free_gpu", "platform"), ("undelivered_gpu", "foundation")]


def test_evaluations_measure_the_runs_that_they_name(marts):
    """The harness' accuracy is the run's own here; a gain is against the run before it of the same model and experiment."""
    wrong = rows(
        marts,
        """
        select training_run_id, m.quality_value, t.accuracy, m.quality_gain_points, b.accuracy
        from unit_economics.cost_per_training_run m join truth_runs t using (training_run_id)
        left join truth_runs b on b.training_run_id = m.baseline_run_id
        where t.accuracy is not null and m.quality_value is distinct from t.accuracy
            or abs(m.quality_gain_points - (t.accuracy - b.accuracy) * 100) > 1e-6
        """,
    )
    assert wrong == []
    [(harness, gains)] = rows(
        marts,
        "select count(*) filter (quality_metric like 'lm_eval/%'), count(cost_per_quality_point) from unit_economics.cost_per_training_run",
    )
    assert harness > 0
    assert gains > 0


def test_no_dollar_is_on_the_wrong_customer(marts):
    wrong = rows(
        marts,
        f"""
        with ledger as (
            select customer_id, cast(date_trunc('month', usage_date) as date) as usage_month,
                sum(case when allocation_step = 'token_work' and deployment_id is null and cost_status <> 'estimated' then effective_cost else 0 end) as api_cost,
                sum(case when deployment_id is not null then effective_cost else 0 end) as hosted_cost
            from core.fct_cost_allocation where customer_id is not null group by all)
        select coalesce(l.customer_id, t.customer_id), coalesce(l.usage_month, t.usage_month), l.api_cost, t.api_cost, l.hosted_cost, t.selfhosted_cost
        from ledger l full join (select * from truth_customers_monthly where customer_id is not null) t
            on l.customer_id = t.customer_id and l.usage_month = t.usage_month
        where abs(coalesce(l.api_cost, 0) - coalesce(t.api_cost, 0)) > {CENT}
            or abs(coalesce(l.hosted_cost, 0) - coalesce(t.selfhosted_cost, 0)) > {CENT}
        """,
    )
    assert wrong == []


def test_each_team_has_the_training_it_ran_to_the_cent(marts):
    wrong = rows(
        marts,
        f"""
        with ledger as (
            select team_id, cast(date_trunc('month', usage_date) as date) as usage_month, billing_currency as currency,
                sum(case when training_run_id is not null then effective_cost else 0 end) as training_cost,
                sum(case when allocation_step = 'token_work' and deployment_id is null and usage_state = 'used' then effective_cost else 0 end) as api_cost
            from core.fct_cost_allocation where cost_status <> 'estimated' group by all)
        select t.team_id, t.usage_month, t.currency, l.training_cost, t.training_cost, l.api_cost, t.api_metered_cost
        from truth_teams_monthly t left join ledger l using (team_id, usage_month, currency)
        where t.team_id is not null and (abs(coalesce(l.training_cost, 0) - t.training_cost) > {CENT}
            or abs(coalesce(l.api_cost, 0) - t.api_metered_cost) > {CENT})
        """,
    )
    assert wrong == []


def test_what_was_billed_and_not_logged_is_named_unmetered(marts):
    wrong = rows(
        marts,
        f"""
        with ledger as (
            select project_id, model_id, cast(date_trunc('month', usage_date) as date) as usage_month, sum(effective_cost) as cost
            from core.fct_cost_allocation where allocation_step = 'token_work' and usage_state = 'unmetered' and deployment_id is null group by all),
        truth as (
            select project as project_id, model_id, cast(date_trunc('month', usage_date) as date) as usage_month, sum(unmetered_cost) as cost
            from truth_unmetered group by all)
        select project_id, model_id, usage_month, l.cost, t.cost from ledger l full join truth t using (project_id, model_id, usage_month)
        where abs(coalesce(l.cost, 0) - coalesce(t.cost, 0)) > {CENT}
        """,
    )
    assert wrong == []


def test_bill_and_log_differ_by_the_lines_that_were_never_logged_and_by_what_is_not_billed_yet(marts):
    dropped = rows(
        marts,
        """
        with mart as (
            select usage_date, provider_id, model_id, sum(unmetered_traffic_cost) as cost, sum(unmetered_quantity) as tokens
            from accountability.bill_vs_usage_daily where ai_scope = 'model_api' group by all),
        truth as (
            select usage_date, provider_id, model_id, sum(unmetered_cost) as cost, sum(billed_tokens - metered_tokens) as tokens
            from truth_unmetered group by all)
        select usage_date, model_id, m.cost, t.cost, m.tokens, t.tokens from mart m full join truth t using (usage_date, provider_id, model_id)
        where abs(coalesce(m.cost, 0) - coalesce(t.cost, 0)) > 1e-9 or abs(coalesce(m.tokens, 0) - coalesce(t.tokens, 0)) > 0.001
        """,
    )
    assert dropped == []
    [(timing, waiting, others, price, used)] = rows(
        marts,
        """
        select -sum(timing_cost), (select sum(api_cost_not_billed_yet) from truth_customers_monthly),
            sum(abs(tier_cost) + abs(cache_class_cost) + abs(unexplained_cost) + abs(credit_cost) + abs(tax_cost) + abs(fee_cost)),
            sum(abs(price_cost)), sum(used_cost)
        from accountability.bill_vs_usage_daily where ai_scope = 'model_api'
        """,
    )
    assert timing > 1
    assert abs(timing - waiting) < CENT
    assert others == 0
    # only a line that mixes long and short contexts has a price of its own, for what was logged as for what was not
    assert 0 < price < used / 1000
    # the sum of single days is the range, whatever is grouped (B22)
    assert rows(
        marts,
        """
        select sum(bill_cost - used_cost - timing_cost - unmetered_traffic_cost - price_cost - rounding_cost)
        from accountability.bill_vs_usage_daily
        """,
    ) == [(0,)]


def test_capacity_of_a_deployment_is_under_the_model_that_it_is_held_for(marts):
    """What no request caused is under the base model's own name, however many adapters it serves and whatever its pods' labels say."""
    named = rows(
        marts,
        """
        select deployment_id, model_id from core.fct_cost_allocation
        where workload_type = 'serving' and allocation_group_id is null
            and deployment_id in (select distinct deployment_id from truth_serving_daily)
        group by all order by all
        """,
    )
    assert named == rows(
        marts,
        "select distinct deployment_id, model_id from truth_serving_daily where held_cost is not null order by all",
    )


def test_a_version_has_what_its_fine_tuning_and_its_service_cost(marts):
    """The adapter's versions went into service with the months; what it served cost what it really cost, whichever version it was."""
    versions = rows(
        marts,
        "select model_version, fine_tuning_cost > 0, serving_cost > 0 from unit_economics.cost_per_model_version"
        " where model_id = 'llama-3.3-70b-support-sft' and first_served_date is not null order by 1",
    )
    assert versions == [("none", False, True), ("v3", True, True), ("v6", True, True)]
    [(difference, days)] = rows(
        marts,
        "select sum(productive_cost) - (select sum(serving_cost) from unit_economics.cost_per_model_version where model_id ="
        " 'llama-3.3-70b-support-sft'), count(*) from truth_serving_daily where model_id = 'meridian/llama-3.3-70b-support'",
    )
    assert abs(difference) <= CENT * days


def test_served_models_cost_and_served_what_they_did(marts):
    """To the cent and to the token, by day, deployment and model: an adapter has what was logged of it, found by its name alone; its
    base model the rest, logged or not. Prefill and decode are told apart by measured time where the engine has it."""
    wrong = rows(
        marts,
        f"""
        with mart as (
            select usage_date, deployment_id, model_id, sum(productive_cost) as productive_cost,
                sum(usage_input_cost) / nullif(sum(usage_input_cost + usage_output_cost), 0) as prefill_share,
                sum(answered_requests) as answered_requests, sum(computed_prompt_tokens) as computed_prompt_tokens,
                sum(cached_prompt_tokens) as cached_prompt_tokens, sum(generated_tokens) as generated_tokens, sum(preemptions) as preemptions
            from unit_economics.self_hosted_serving_daily
            where deployment_id in (select distinct deployment_id from truth_serving_daily)
            group by all)
        select usage_date, deployment_id, model_id, m.productive_cost, t.productive_cost, m.prefill_share,
            t.prefill_cost / nullif(t.prefill_cost + t.decode_cost, 0), m.computed_prompt_tokens, t.computed_prompt_tokens
        from mart m full join truth_serving_daily t using (usage_date, deployment_id, model_id)
        where coalesce(abs(m.productive_cost - t.productive_cost), 1) > {CENT}
            or coalesce(abs(m.prefill_share - t.prefill_cost / nullif(t.prefill_cost + t.decode_cost, 0)), 0) > 1e-6
            or (m.prefill_share is null) <> (t.prefill_cost + t.decode_cost = 0)
            or m.answered_requests is distinct from t.answered_requests
            or m.computed_prompt_tokens is distinct from t.computed_prompt_tokens
            or m.cached_prompt_tokens is distinct from t.cached_prompt_tokens
            or m.generated_tokens is distinct from t.generated_tokens
            or m.preemptions is distinct from t.preemptions
        """,
    )
    assert wrong == []
    assert rows(
        marts,
        "select deployment_id, model_rule, max(work_basis), bool_or(is_co_hosted) from unit_economics.self_hosted_serving_daily"
        " where total_tokens > 0 group by all order by all",
    ) == [
        ("chat-70b", "serving_map", "inference_seconds", True),
        ("code-32b", "serving_map", "weighted_tokens", False),
    ]


def test_a_deployment_costs_what_its_servers_cost(marts):
    """Busy, idle or not measured: every dollar of its nodes in an hour is with the deployment that held them."""
    wrong = rows(
        marts,
        f"""
        with mart as (
            select usage_date, deployment_id, sum(direct_cost) as held_cost, sum(activity_unknown_cost) as unknown_cost
            from unit_economics.self_hosted_serving_daily group by all),
        truth as (select * from truth_serving_daily where held_cost is not null)
        select usage_date, deployment_id, m.held_cost, t.held_cost, m.unknown_cost, t.unknown_cost
        from mart m right join truth t using (usage_date, deployment_id)
        where coalesce(abs(m.held_cost - t.held_cost), 1) > {CENT} or coalesce(abs(m.unknown_cost - t.unknown_cost), 1) > {CENT}
        """,
    )
    assert wrong == []


def test_a_self_hosted_request_is_explained_down_to_its_machines(marts, demo):
    """Of the adapter, whose log names no deployment: the pods of that hour, their nodes, and the nodes' lines in the bill."""
    [(request, resource)] = rows(
        marts,
        """
        select r.request_id, l.ResourceId
        from requests r
        join core.fct_cost_allocation a on a.usage_date = r.usage_date and a.allocation_group_id = r.allocation_group_id
        join focus.cost_and_usage l on l.x_ChargeId = a.charge_id
        where r.raw_model = 'support-lora' and not r.is_failed
        order by r.request_id, l.ResourceId limit 1
        """,
    )
    page = io.StringIO()
    print_explanation(demo.settings, "request", request, console=Console(file=page, width=300))
    text = page.getvalue()
    [(node, pod)] = rows(
        marts,
        f"""
        select node_name, namespace || '/' || pod_name from core.bridge_deployment_pods p
        join requests r on r.request_id = '{request}' and p.usage_date = r.usage_date and p.deployment_id = 'chat-70b'
        where resource_id = '{resource}' and held_from < r.usage_hour + interval 1 hour and held_until > r.usage_hour
        """,
    )
    for found in ("Deployment chat-70b", "serving map", "Llama-3.3-70B", "inference seconds", pod, node, resource):
        assert found in text, text
    assert [line for line in text.splitlines() if resource in line and "Elastic Compute Cloud" in line]


def test_own_gpus_are_compared_with_the_api_that_the_map_names(marts):
    """At the prices of Together and Cloudflare in genai-prices; neither has one for cached tokens, which cost like any others."""
    prices = {
        ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"): (Decimal("0.88"), Decimal("0.88")),
        ("cloudflare", "@cf/qwen/qwen2.5-coder-32b-instruct"): (Decimal("0.66"), Decimal("1")),
    }
    compared = rows(
        marts,
        """
        select api_provider_id, api_model_id, sum(prompt_tokens), sum(generated_tokens), sum(api_list_cost_usd),
            count(*) filter (where api_list_cost_usd is null and total_tokens > 0)
        from unit_economics.self_hosted_serving_daily where api_model_id is not null group by all
        """,
    )
    assert {row[:2] for row in compared} == set(prices)
    for provider, model, prompt, generated, cost, unpriced in compared:
        price = prices[provider, model]
        assert abs(cost - (prompt * price[0] + generated * price[1]) / 1_000_000) < CENT
        assert unpriced == 0


def test_at_most_three_percent_has_no_owner(marts):
    [(share,)] = rows(
        marts,
        """
        select coalesce(sum(effective_cost) filter (team_id is null), 0) / sum(effective_cost)
        from core.fct_cost_allocation where cost_status <> 'estimated'
        """,
    )
    assert share <= 0.03


def test_invoices_tie_but_for_the_credit_that_the_issuer_has_not_exported_yet(marts):
    found = rows(
        marts,
        """
        select t.invoice_issuer_name, t.billing_month, t.invoice_total, r.invoice_total, r.reconciliation_status
        from truth_totals t
        left join accountability.invoice_reconciliation r
            on t.invoice_issuer_name = r.invoice_issuer_name and t.billing_month = strftime(r.billing_month, '%Y-%m')
        where t.invoice_total is not null
        order by all
        """,
    )
    assert len(found) == 8
    assert [row for row in found if row[2] != row[3]] == []
    assert [row[:2] for row in found if row[4] != "tied"] == [("Northgrid GmbH", "2026-09")]
    assert {row[4] for row in found} == {"tied", "explained"}


def test_a_rate_that_comes_after_the_close_changes_nothing_that_is_closed(marts, demo):
    """Treasury says 1.25 for the first month when it is long closed; its own table had said 1.1584."""
    first = demo.world.timeline.months[0]
    rates = rows(
        marts,
        f"select distinct rate_set, cast(rate as varchar), is_frozen from core.dim_currency_rates"
        f" where from_currency = 'EUR' and is_reporting_rate and strftime(rate_date, '%Y-%m') = '{first.label}'",
    )
    assert first.status == "closed"
    assert rates == [("corporate_month", "1.158400000000", True)]


def test_the_ledger_adds_up_in_the_reporting_currency(marts):
    """Per currency and day: the view's pieces and rounding rows are the ledger's total at the day's rate, but for the places that a
    day's sum of converted charges is rounded to."""
    different = rows(
        marts,
        """
        with pieces as (
            select usage_date, billing_currency, sum(effective_reporting_cost) as converted, count(*) as charges
            from core.cost_allocation_reporting group by all),
        whole as (
            select l.usage_date, l.billing_currency, sum(l.effective_cost) * max(r.rate) as converted
            from core.fct_cost_allocation l join core.dim_currency_rates r
                on r.from_currency = l.billing_currency and r.rate_date = l.usage_date and r.is_reporting_rate
            group by all)
        select * from pieces full join whole using (usage_date, billing_currency)
        where pieces.converted is null or whole.converted is null or abs(pieces.converted - whole.converted) > 1e-12 * pieces.charges
        """,
    )
    assert different == []


def test_what_is_left_of_the_credits_is_what_was_paid_and_has_not_cost_anything_yet(marts):
    """To the last place: the truth's billed less its effective cost of the prepaid vendor, over all months."""
    [(left,)] = rows(
        marts,
        "select sum(billed_cost) - sum(effective_cost) from truth_totals where invoice_issuer_name = 'Anthropic, PBC'",
    )
    [(closing,)] = rows(
        marts,
        "select closing_balance from accountability.commitment_balance_monthly where contract_id = 'anthropic-credits'"
        " order by balance_month desc limit 1",
    )
    assert closing == left > 0


def test_a_reservation_of_a_closed_month_was_used_or_expired(marts):
    """Northgrid's fee of a month is what its nodes used and what stood unused, so no balance goes on into the next."""
    months = rows(
        marts,
        """
        select b.balance_month, b.purchased > 0, b.expired > 0, b.purchased - b.drawn - b.expired
        from accountability.commitment_balance_monthly b join truth_totals t
            on strftime(b.balance_month, '%Y-%m') = t.billing_month and t.invoice_issuer_name = b.invoice_issuer_name
        where b.contract_id = 'rsv-2026-h200' and t.invoice_total is not null
        """,
    )
    assert len(months) > 1
    assert {row[1:] for row in months} == {(True, True, 0)}
