"""What everything really cost: computed from the world's own facts by a plain reading of the vendors' rules, without
the models' SQL.

The rules followed (the laws of the project):

* A bill line is what was invoiced; the effective cost of a node-hour is the amortised one (savings plan at its net
  rate, reservation at its hourly rate). Only hours and days that a bill covers count: the last day of logs is not
  billed yet.
* A job or serving pod holds whole nodes, so it gets node-hour cost x held seconds / paid seconds, whatever the
  weights of GPU, CPU and memory. The same share of the whole node-hour is productive: the mean engine activity of its
  GPUs in that hour. Where no sample exists the activity is unknown and nothing of the hour is productive.
* A run costs the sum of its attempts and what the bill tags with its id; a managed job what the bill has under its ARN. Lost: of an attempt that did not complete (and is not running), the cost from
  its last checkpoint (from its start where there is none) to its end.
* A deployment's productive cost of an hour goes to its logged requests by work, over the work that the servers'
  counters measured in that hour; the rest is unmetered. Where the engines measure the time of requests in prefill and
  decode, work is that time: prefill by computed prompt tokens, decode by generated ones. Else it is
  (prompt - cached) + 4 x generated.
* A token line's cost goes to the metered requests of its (day or hour, project, model, class) by tokens over the
  tokens that the vendor billed; the rest is unmetered and belongs to the owner of the project.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb

from . import sagemaker
from .aws import ALWAYS
from .company import CORPUS, OLD_CORPUS, SERVED_MODELS
from .database import PARQUET, copy
from .northgrid import NODE_RATE
from .physics import outages
from .timeline import DAY, HOUR, Timeline
from .traffic import BILLING_CLASS

DECODE_WEIGHT = 4
FREE_STATES = ("healthy", "drained", "failed", "not_seen", "not_delivered")


def build(con: duckdb.DuckDBPyConnection, timeline: Timeline) -> None:
    """All truth tables, as tables of the working database named `truth_*`."""
    _costs_of_nodes(con, timeline)
    _free_hours(con, timeline)
    _runs(con, timeline)
    _serving(con)
    _served_models(con)
    _waste(con)
    _datasets(con)
    _api(con, timeline)
    _customers(con)
    _teams(con, timeline)


def _money(sql: str) -> str:
    """An amount as DECIMAL before it is summed: sums of doubles depend on the order of the rows."""
    return f"cast(round({sql}, 12) as decimal(38,12))"


def _costs_of_nodes(con: duckdb.DuckDBPyConnection, timeline: Timeline) -> None:
    """Amortised cost of each paid node-hour, and the part of each hold in it."""
    con.execute(
        f"""create or replace table node_costs as
        select n.node, c.start_at as hour, 'USD' as currency, c.effective as cost
        from cur c
        join nodes n on n.resource_id = c.resource
        where c.line_type in ('Usage', 'SavingsPlanCoveredUsage') and c.itype is not null
        union all
        select h.node, h.hour, 'EUR', cast({NODE_RATE} as decimal(38,12))
        from node_hours h
        join nodes n on n.node = h.node
        where n.cluster = 'northgrid' and h.hour < {timeline.t_bill}"""
    )
    con.execute(
        f"""create or replace table held_costs as
        select h.hold, h.hour, c.currency, h.seconds, n.seconds as paid_seconds, c.cost as node_cost,
            {_money("c.cost::double * h.seconds / n.seconds")} as cost, a.value / 10000.0 as activity
        from hold_hours h
        join holds using (hold)
        join node_hours n on n.node = holds.node and n.hour = h.hour
        join node_costs c on c.node = holds.node and c.hour = h.hour
        left join activity_hours a on a.hold = h.hold and a.hour = h.hour
        where holds.whole_node"""
    )


def _free_hours(con: duckdb.DuckDBPyConnection, timeline: Timeline) -> None:
    """GPU-hours that were paid for and that nobody held, by the reason.

    A GPU is out of order in the hours in which its last XID error says so, the others of its node are drained while Kubernetes takes no
    work for it, the rest is healthy. What the reservation bills without a machine was not delivered. On a day without its metrics a Slurm
    machine on which no job ran is known from the bill alone. Cost is of machines that are free as a whole; of the one in slices it
    depends on what cores and memory weigh.
    """
    missing = ", ".join(str(start) for cluster, start, _ in outages(timeline) if cluster == "northgrid")
    con.execute(
        f"""create or replace table truth_free_hours as
        with held as (
            select h.node, hh.hour, sum(hh.seconds * h.gpu_share) as gpu_seconds
            from hold_hours hh join holds h using (hold) group by all),
        held_days as (select distinct node, hour // {DAY} as day from held where gpu_seconds > 0),
        hours as (
            select h.hour, n.resource_id, n.gpus, n.mig, c.currency, c.cost as node_cost, h.seconds * n.gpus as paid_seconds,
                greatest(0, h.seconds * n.gpus - coalesce(held.gpu_seconds, 0)) as free_seconds,
                case when t.has_failed then {HOUR} else 0 end as failed_seconds, coalesce(t.kubernetes, '') <> '' as is_drained,
                n.cluster = 'northgrid' and h.hour // {DAY} * {DAY} in ({missing}) and d.node is null as is_unseen
            from node_hours h
            join nodes n using (node)
            join node_costs c using (node, hour)
            left join held using (node, hour)
            left join trouble_hours t using (node, hour)
            left join held_days d on d.node = h.node and d.day = h.hour // {DAY}
            where n.gpus > 0),
        parts as (
            select hour, resource_id, currency,
                case when not is_drained and not is_unseen then free_seconds - failed_seconds else 0 end as healthy,
                case when is_drained then free_seconds - failed_seconds else 0 end as drained,
                failed_seconds as failed, case when is_unseen then free_seconds else 0 end as not_seen, 0 as not_delivered,
                case when not mig then {_money("node_cost::double * free_seconds / paid_seconds")} end as cost
            from hours where free_seconds > 0
            union all
            select start_at, null, 'EUR', 0, 0, 0, 0, quantity::double * {HOUR}, effective from northgrid where kind = 'unused')
        select make_timestamp(hour * 1000000)::date as usage_date, resource_id, currency,
            {", ".join(f"round(sum({state}) / {HOUR}, 6)::decimal(38,6) as {state}_gpu_hours" for state in FREE_STATES)},
            sum(cost)::decimal(38,12) as effective_cost
        from parts
        group by all"""
    )


def _runs(con: duckdb.DuckDBPyConnection, timeline: Timeline) -> None:
    """Attempts and runs: what they held, and what was lost after the last checkpoint."""
    lost = _money(
        f"c.node_cost::double / c.paid_seconds * greatest(0, least(a.end_at, c.hour + {HOUR})"
        " - greatest(a.start_at, c.hour, coalesce(a.checkpoint, a.start_at)))"
    )
    con.execute(
        f"""create or replace table attempt_costs as
        select a.run_id, a.attempt_no, a.job_id, a.state, a.start_at, a.end_at, a.checkpoint, c.currency,
            sum(c.cost)::decimal(38,12) as effective_cost,
            sum(case when a.state in ('COMPLETED', 'RUNNING') then 0 else {lost} end)::decimal(38,12) as lost_cost,
            round(sum(c.seconds * h.gpus)::bigint / 3600.0, 6)::decimal(38,6) as gpu_hours
        from attempts a
        join held_costs c on c.hold = a.hold
        join holds h on h.hold = a.hold
        group by all"""
    )
    con.execute(
        """create or replace table truth_attempts as
        select run_id as training_run_id, case when job_id > 0 then job_id::varchar end as slurm_job_id, attempt_no,
            state, make_timestamp(start_at * 1000000) as started_at, make_timestamp(end_at * 1000000) as ended_at,
            currency, effective_cost, lost_cost, gpu_hours
        from attempt_costs"""
    )
    job = sagemaker.run_of(timeline)
    for number, (start, end) in enumerate(sagemaker.stretches(job), start=1):
        state = "PREEMPTED" if end < job.end else "COMPLETED"
        con.execute(
            f"""insert into truth_attempts
            select resource, null, {number}, '{state}', make_timestamp({start * 1_000_000}), make_timestamp({end * 1_000_000}), 'USD',
                sum(effective)::decimal(38,12), 0, round({end - start} * {sagemaker.GPUS} / 3600.0, 6)::decimal(38,6)
            from cur where resource = '{job.run_id}' and start_at + {HOUR} > {start} and start_at < {end} group by resource"""
        )
    con.execute(
        f"""create or replace table tagged_costs as
        select tags->>'user_run_id' as run_id, start_at as day, usage_type like 'EBS%' as is_storage, effective
        from cur where tags->>'user_run_id' is not null and visible_to = {ALWAYS}"""
    )
    con.execute(
        """create or replace table truth_runs as
        with held as (
            select run_id, currency, count(*)::integer as attempts, sum(effective_cost) as cost, sum(lost_cost) as lost,
                sum(gpu_hours) as gpu_hours
            from attempt_costs group by all),
        tagged as (
            select run_id, sum(case when is_storage then effective else 0 end) as storage,
                sum(case when is_storage then 0 else effective end) as transfer
            from tagged_costs group by all)
        select r.run_id as training_run_id, nullif(r.parent_run_id, '') as parent_run_id, r.name as run_name,
            r.team as team_id, nullif(r.model, '') as model_id, r.kind, h.currency, h.attempts,
            (h.cost + coalesce(t.storage + t.transfer, 0))::decimal(38,12) as effective_cost, h.lost::decimal(38,12) as lost_cost,
            h.gpu_hours::decimal(38,6) as gpu_hours, coalesce(t.storage, 0)::decimal(38,12) as storage_cost,
            coalesce(t.transfer, 0)::decimal(38,12) as network_cost, r.steps, r.accuracy,
            nullif(r.repeats_run_id, '') as repeats_run_id
        from held h
        join runs r using (run_id)
        left join tagged t using (run_id)
        union all
        select r.run_id, null, r.name, r.team, r.model, r.kind, 'USD', 2, sum(c.effective)::decimal(38,12), 0, null, 0, 0, null, null, null
        from cur c join runs r on r.run_id = c.resource and c.product_code = 'AmazonSageMaker'
        group by all"""
    )


ORPHANED_VOLUME_DAYS, ORPHANED_DATASET_DAYS, UNCALLED_MODEL_DAYS = 3, 30, 7
IDLE_HOURS, IDLE_GPU_ACTIVITY = 3, 0.05


def _waste(con: duckdb.DuckDBPyConnection) -> None:
    """What was wasted, by kind and what wasted it: no dollar in two rows.

    A volume is an orphan from the third day after its run, or after the day on which the pod that mounted it went, a dataset that nobody
    reads from the thirtieth day on. A deployment is a model that nobody calls on each day that is the seventh without a call, or a later
    one, counted from its last call or from its first day; the day's whole cost is wasted. In other hours it is an idle endpoint where its
    engines counted nothing for three or more hours, one after the other. A GPU is idle in three or more such hours in which it does less
    than a twentieth of an hour's work; what it does is not
    wasted, what is left of the hour is. In this world only what was left alone does so little, and no run is.
    """
    con.execute(
        f"""create or replace table truth_waste as
        with uncalled as (
            select c.deployment, c.hour, c.held
            from deployment_costs c
            where c.hour // {DAY} >= (select min(h.start_at) // {DAY} from holds h where h.deployment = c.deployment) + {UNCALLED_MODEL_DAYS}
                and not exists (
                    select 1 from served_hours s
                    where s.deployment = c.deployment and s.prompt + s.generated > 0
                        and s.hour // {DAY} between c.hour // {DAY} - {UNCALLED_MODEL_DAYS - 1} and c.hour // {DAY})),
        quiet as (
            select c.deployment, c.hour, c.held,
                c.hour - {HOUR} * row_number() over (partition by c.deployment order by c.hour) as streak
            from deployment_costs c
            left join served_hours s on s.deployment = c.deployment and s.hour = c.hour
            where coalesce(s.prompt + s.generated, 0) = 0),
        endpoints as (
            from quiet anti join uncalled using (deployment, hour)
            where (deployment, streak) in (select deployment, streak from quiet group by all having count(*) >= {IDLE_HOURS})),
        still as (
            select c.hold, h.team, c.currency, c.cost - {_money("c.cost::double * c.activity")} as unused,
                c.hour - {HOUR} * row_number() over (partition by c.hold order by c.hour) as streak
            from held_costs c
            join holds h using (hold)
            where c.activity < {IDLE_GPU_ACTIVITY} and h.deployment = ''),
        gpus as (select team, currency, sum(unused) as unused from still group by hold, streak, team, currency having count(*) >= {IDLE_HOURS}),
        first_day as (select min(start_at) as day from cur where resource = '{OLD_CORPUS}')
        select 'failed_run' as waste_kind, run_id as subject, currency, sum(lost_cost)::decimal(38,12) as cost
        from attempt_costs group by all having sum(lost_cost) > 0
        union all
        select 'redundant_run', a.run_id, a.currency, sum(a.effective_cost - a.lost_cost)::decimal(38,12)
        from attempt_costs a join runs r using (run_id) where r.repeats_run_id <> '' group by all
        union all
        select 'orphaned_volume', r.volume, 'USD', sum(t.effective)::decimal(38,12)
        from tagged_costs t join runs r using (run_id)
        where t.is_storage and t.day >= r.end_at // {DAY} * {DAY} + {ORPHANED_VOLUME_DAYS} * {DAY} group by all
        union all
        select 'orphaned_volume', h.volume, 'USD', sum(c.effective)::decimal(38,12)
        from cur c join holds h on c.resource = h.volume and h.volume <> ''
        where c.visible_to = {ALWAYS} and c.start_at >= h.end_at // {DAY} * {DAY} + {ORPHANED_VOLUME_DAYS} * {DAY} group by all
        union all
        select 'orphaned_dataset', '{OLD_CORPUS}', 'USD', sum(effective)::decimal(38,12)
        from cur, first_day
        where resource = '{OLD_CORPUS}' and visible_to = {ALWAYS} and start_at >= first_day.day + {ORPHANED_DATASET_DAYS} * {DAY}
        having sum(effective) > 0
        union all
        select 'uncalled_model', deployment, 'USD', sum(held)::decimal(38,12) from uncalled group by all
        union all
        select 'idle_endpoint', deployment, 'USD', sum(held)::decimal(38,12) from endpoints group by all
        union all
        select 'idle_gpu', team, currency, sum(unused)::decimal(38,12) from gpus group by all"""
    )


def _datasets(con: duckdb.DuckDBPyConnection) -> None:
    """What each declared dataset cost: where it lies, and the runs that make it. Runs that read it carry none of that."""
    con.execute(
        f"""create or replace table truth_datasets as
        with costs as (
            select resource as dataset_id, 'USD' as currency, effective as storage, 0 as preparation
            from cur where resource in ('{CORPUS}', '{OLD_CORPUS}') and visible_to = {ALWAYS}
            union all
            select r.writes_dataset, a.currency, 0, a.effective_cost
            from attempt_costs a join runs r using (run_id) where r.writes_dataset <> '')
        select dataset_id, currency, sum(storage)::decimal(38,12) as storage_cost, sum(preparation)::decimal(38,12) as preparation_cost
        from costs group by all"""
    )


def _serving(con: duckdb.DuckDBPyConnection) -> None:
    """Productive cost of each deployment hour over its logged work; the divisor is the work that the counters saw."""
    con.execute(
        """create or replace table served_work as
        select r.project as deployment, u.hour, r.model_id, r.team, u.customer, u.metered,
            sum(requests)::bigint as requests, sum(case when outcome = 2 then requests else 0 end)::bigint as failed,
            sum(input_uncached_text_tokens)::bigint as computed, sum(input_cache_read_tokens)::bigint as cached,
            sum(output_text_tokens)::bigint as generated
        from usage u
        join routes r on r.meter = u.meter and r.route = u.route
        where u.meter = 'request_log'
        group by all"""
    )
    con.execute(
        f"""create or replace table deployment_costs as
        select h.deployment, c.hour, sum({_money("c.cost::double * c.activity")}) as productive,
            sum(case when c.activity is null then c.cost else 0 end) as unknown, sum(c.cost) as held
        from held_costs c
        join holds h using (hold)
        where h.deployment <> ''
        group by all"""
    )
    con.execute(
        f"""create or replace table serving_costs as
        with work as (
            select l.*, s.prefill_ms is not null as is_measured,
                coalesce(l.computed * s.prefill_ms::double / nullif(s.prompt - s.cached, 0), 0) as prefill_ms,
                coalesce(l.generated * s.decode_ms::double / nullif(s.generated, 0), 0) as decode_ms,
                coalesce(s.prefill_ms + s.decode_ms, s.prompt - s.cached + {DECODE_WEIGHT} * s.generated) as whole
            from served_work l
            join served_hours s using (deployment, hour)),
        phases as (
            select *, case when is_measured then prefill_ms else computed end / nullif(whole, 0) as prefill_share,
                case when is_measured then decode_ms else {DECODE_WEIGHT} * generated end / nullif(whole, 0) as decode_share
            from work)
        select p.deployment, p.hour, p.model_id, p.team, p.customer, p.metered,
            {_money("d.productive::double * p.prefill_share")} as prefill_cost,
            {_money("d.productive::double * p.decode_share")} as decode_cost,
            {_money("d.productive::double * (p.prefill_share + p.decode_share)")} as cost,
            {_money("d.unknown::double * (p.prefill_share + p.decode_share)")} as unknown_cost
        from phases p
        join deployment_costs d using (deployment, hour)
        where p.whole > 0"""
    )


def _served_models(con: duckdb.DuckDBPyConnection) -> None:
    """What each deployment held and served in a day, if nothing. An adapter has what was logged of it; the rest, logged or not, is
    the base model's, under which the engines count everything.
    """
    names = ", ".join(f"('{deployment}', '{model}')" for deployment, model in SERVED_MODELS.items())
    con.execute(
        f"""create or replace table truth_serving_daily as
        with base as (from (values {names}) as b(deployment, model_id)),
        costs as (
            select deployment, make_timestamp(hour * 1000000)::date as day, sum(held) as held_cost,
                sum(coalesce(productive, 0)) as productive_cost, sum(unknown) as unknown_cost
            from deployment_costs group by all),
        counted as (
            select deployment, make_timestamp(hour * 1000000)::date as day, sum(answered) as answered,
                sum(prompt - cached) as computed, sum(cached) as cached, sum(generated) as generated,
                sum(preemptions) as preemptions
            from served_hours group by all),
        phases as (
            select deployment, make_timestamp(hour * 1000000)::date as day, sum(prefill_cost) as prefill_cost,
                sum(decode_cost) as decode_cost
            from serving_costs group by all),
        adapters as (
            select w.deployment, w.model_id, make_timestamp(w.hour * 1000000)::date as day, sum(w.requests - w.failed) as answered,
                sum(w.computed) as computed, sum(w.cached) as cached, sum(w.generated) as generated
            from served_work w join base b using (deployment)
            where w.metered and w.model_id <> b.model_id group by all),
        adapter_costs as (
            select c.deployment, c.model_id, make_timestamp(c.hour * 1000000)::date as day, sum(c.cost) as productive_cost,
                sum(c.prefill_cost) as prefill_cost, sum(c.decode_cost) as decode_cost
            from serving_costs c join base b using (deployment)
            where c.metered and c.model_id <> b.model_id group by all),
        adapter_days as (from adapters join adapter_costs using (deployment, model_id, day)),
        adapter_sums as (
            select deployment, day, sum(answered) as answered, sum(computed) as computed, sum(cached) as cached,
                sum(generated) as generated, sum(productive_cost) as productive_cost, sum(prefill_cost) as prefill_cost,
                sum(decode_cost) as decode_cost
            from adapter_days group by all)
        select c.day as usage_date, c.deployment as deployment_id, b.model_id, c.held_cost, c.unknown_cost,
            coalesce(n.preemptions, 0)::bigint as preemptions,
            c.productive_cost - coalesce(a.productive_cost, 0) as productive_cost,
            coalesce(p.prefill_cost, 0) - coalesce(a.prefill_cost, 0) as prefill_cost,
            coalesce(p.decode_cost, 0) - coalesce(a.decode_cost, 0) as decode_cost,
            (coalesce(n.answered, 0) - coalesce(a.answered, 0))::bigint as answered_requests,
            (coalesce(n.computed, 0) - coalesce(a.computed, 0))::bigint as computed_prompt_tokens,
            (coalesce(n.cached, 0) - coalesce(a.cached, 0))::bigint as cached_prompt_tokens,
            (coalesce(n.generated, 0) - coalesce(a.generated, 0))::bigint as generated_tokens
        from costs c
        join base b using (deployment)
        left join counted n using (deployment, day)
        left join phases p using (deployment, day)
        left join adapter_sums a using (deployment, day)
        union all
        select day, deployment, model_id, null, null, null, productive_cost, prefill_cost, decode_cost, answered::bigint,
            computed::bigint, cached::bigint, generated::bigint
        from adapter_days"""
    )


def _api(con: duckdb.DuckDBPyConnection, timeline: Timeline) -> None:
    """Token lines over the metered requests, by tokens of what the vendor billed; and the part that nobody metered."""
    branches = " union all ".join(
        f"""select u.day, case when r.provider = 'aws' then u.hour else epoch(u.day::timestamp)::bigint end as hour,
            r.provider, r.project, r.model_id, '{billing}' as billing_class, r.route_id, u.customer,
            {token_class}_tokens as tokens
        from usage u
        join routes r on r.meter = u.meter and r.route = u.route
        where u.meter = 'litellm' and u.metered and u.outcome = 0 and {token_class}_tokens > 0"""
        for token_class, billing in BILLING_CLASS.items()
    )
    line = "day, hour, provider, project, model_id, billing_class"
    con.execute(
        f"""create or replace table metered_tokens as
        select {line}, route_id, customer, sum(tokens)::bigint as tokens from ({branches}) group by all"""
    )
    con.execute(
        f"""create or replace table lines as
        select {line}, sum(tokens)::bigint as billed_tokens, sum(contract_cost)::decimal(38,12) as billed_cost,
            day < date '{timeline.bill_end.date()}' as is_billed
        from token_lines group by all"""
    )
    con.execute(
        f"""create or replace table api_costs as
        select m.*, l.is_billed, {_money("l.billed_cost::double * m.tokens / l.billed_tokens")} as cost
        from metered_tokens m
        join lines l using ({line})"""
    )
    con.execute(
        f"""create or replace table truth_unmetered as
        with metered as (select {line}, sum(tokens) as tokens, sum(cost) as cost from api_costs group by all)
        select l.day as usage_date, l.provider as provider_id, l.project, l.model_id, l.billing_class,
            sum(l.billed_tokens)::decimal(38,0) as billed_tokens,
            sum(coalesce(m.tokens, 0))::decimal(38,0) as metered_tokens,
            sum(l.billed_cost)::decimal(38,12) as billed_cost,
            sum(l.billed_cost - coalesce(m.cost, 0))::decimal(38,12) as unmetered_cost
        from lines l
        left join metered m using ({line})
        where l.is_billed
        group by all"""
    )


def _customers(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        """create or replace table truth_customers_monthly as
        with parts as (
            select customer, day, case when is_billed then cost else 0 end as api,
                case when is_billed then 0 else cost end as estimated, 0 as hosted, 0 as unknown
            from api_costs
            union all
            select customer, make_timestamp(hour * 1000000)::date, 0, 0, cost, unknown_cost from serving_costs where metered)
        select c.customer_id, date_trunc('month', p.day)::date as usage_month, 'USD' as currency,
            sum(api)::decimal(38,12) as api_cost, sum(estimated)::decimal(38,12) as api_cost_not_billed_yet,
            sum(hosted)::decimal(38,12) as selfhosted_cost,
            sum(unknown)::decimal(38,12) as selfhosted_activity_unknown_cost
        from parts p
        left join customers c using (customer)
        group by all"""
    )


def _teams(con: duckdb.DuckDBPyConnection, timeline: Timeline) -> None:
    """Parts of a team's cost that the truth knows: what it caused or holds. Shared costs are not in it. What only names a run is
    its account's.
    """
    moved = timeline.day_of(1, 15)
    con.execute(
        f"""create or replace table truth_teams_monthly as
        with owners as (select distinct route_id, team from routes),
        parts as (
            select a.day, 'USD' as currency, 0 as hosted, 0 as training, 0 as tagged,
                case when a.route_id = 'data-labels' and a.day >= date '{moved}' then 'mlplatform' else o.team end
                    as team_id,
                case when is_billed then a.cost else 0 end as api
            from api_costs a
            join owners o using (route_id)
            union all by name
            select make_timestamp(hour * 1000000)::date as day, 'USD' as currency, team as team_id, cost as hosted
            from serving_costs where metered
            union all by name
            select make_timestamp(c.hour * 1000000)::date as day, c.currency, r.team as team_id, c.cost as training
            from held_costs c
            join holds h using (hold)
            join runs r on r.run_id = h.run_id
            union all by name
            select make_timestamp(t.day * 1000000)::date as day, 'USD' as currency, 'platform' as team_id, t.effective as training
            from tagged_costs t
            union all by name
            select make_timestamp(c.start_at * 1000000)::date as day, 'USD' as currency, r.team as team_id, c.effective as training
            from cur c
            join runs r on r.run_id = c.resource and c.product_code = 'AmazonSageMaker'
            union all by name
            select make_timestamp(c.start_at * 1000000)::date as day, 'USD' as currency,
                c.tags->>'user_team' as team_id, c.effective as tagged
            from cur c
            where c.tags->>'user_team' is not null and c.product_code not like 'AmazonBedrock%'
                and c.visible_to = {ALWAYS})
        select team_id, date_trunc('month', day)::date as usage_month, currency,
            coalesce(sum(api), 0)::decimal(38,12) as api_metered_cost,
            coalesce(sum(hosted), 0)::decimal(38,12) as selfhosted_productive_cost,
            coalesce(sum(training), 0)::decimal(38,12) as training_cost,
            coalesce(sum(tagged), 0)::decimal(38,12) as tagged_cost
        from parts
        group by all"""
    )


def totals(con: duckdb.DuckDBPyConnection, rows: list[tuple[str, str, str, Decimal, Decimal, Decimal | None]]) -> None:
    """Table `truth_totals`: issuer, month, currency, billed, effective,
    invoice total (NULL while the month is open)."""
    con.execute(
        "create or replace table truth_totals (invoice_issuer_name varchar, billing_month varchar, currency varchar,"
        " billed_cost decimal(38,12), effective_cost decimal(38,12), invoice_total decimal(38,2))"
    )
    con.executemany("insert into truth_totals values (?, ?, ?, ?, ?, ?)", rows)


TABLES = (
    "truth_free_hours",
    "truth_runs",
    "truth_waste",
    "truth_datasets",
    "truth_attempts",
    "truth_customers_monthly",
    "truth_teams_monthly",
    "truth_unmetered",
    "truth_serving_daily",
    "truth_totals",
)


def write(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    for name in TABLES:
        copy(con, f"select * from {name} order by all", folder / f"{name}.parquet", PARQUET)
