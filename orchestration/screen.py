"""The first screen: what the published marts say of a company, in a minute. Every figure is a query on what is
published.

What does not belong here: business rules. A figure that a mart does not hold is missing in the mart.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
from rich.console import Console

from orchestration.printing import amount, new_table
from orchestration.reading import published_marts
from orchestration.settings import Settings

# Where a dollar went, from what the ledger says of each row. One place, so that the parts sum to the whole.
WHERE_IT_WENT = """
case
    when charge_category = 'Tax' then '8 tax'
    when charge_category = 'Credit' then '9 credits'
    when allocation_step = 'remainder' then '7 unallocated: nobody found'
    when usage_state = 'unused_commitment' then '5 commitment that nobody used'
    when usage_state in ('unallocated', 'stranded') then '4 capacity free or stranded'
    when usage_state = 'allocated_unused' then '3 capacity held but idle'
    when ai_scope = 'ai_tools' then '6 tools and seats'
    when ai_scope = 'model_api' or workload_type = 'serving' or deployment_id is not null then '0 serving (APIs and own)'
    when workload_type = 'experiment' then '2 experiments'
    when workload_type = 'training' or training_run_id is not null then '1 training runs'
    else '6 storage, network, support, shared'
end
"""


def closed_month(connection: duckdb.DuckDBPyConnection) -> object:
    """The newest month with an invoice; None before the first."""
    return connection.execute(
        "select max(billing_month) from accountability.invoice_reconciliation where invoice_total is not null"
    ).fetchone()[0]


def _invoices(connection: duckdb.DuckDBPyConnection, console: Console) -> None:
    month = closed_month(connection)
    if month is None:
        console.print("No invoice is in the books yet.")
        return
    rows = connection.execute(
        """
        select invoice_issuer_name, billing_currency, invoice_total, billed_cost, difference, reconciliation_status, explanation
        from accountability.invoice_reconciliation
        where billing_month = ? and invoice_total is not null
        order by invoice_total desc
        """,
        [month],
    ).fetchall()
    table = new_table(
        f"Does it add up to the invoices? {month:%B %Y}", "<issuer", "<", "invoiced", "ledger", "difference", "<"
    )
    for issuer, currency, invoiced, billed, difference, status, why in rows:
        colour = {"tied": "green", "explained": "yellow"}.get(status, "red")
        words = status if why is None else f"{status}: {why.replace('_', ' ')}"
        table.add_row(issuer, currency, amount(invoiced), amount(billed), amount(difference), f"[{colour}]{words}[/]")
    console.print(table)
    tied = sum(1 for row in rows if row[5] == "tied")
    explained = sum(1 for row in rows if row[5] == "explained")
    status, waiting = connection.execute(
        "select close_status, open_issuers from accountability.month_close where billing_month = ?", [month]
    ).fetchone()
    verdict = (
        "the month can be closed" if status == "closed" else f"the month stays open for {waiting or 'its last days'}"
    )
    console.print(
        f"{tied} of {len(rows)} issuers tie{f', {explained} by what is named beside it' if explained else ''}: {verdict}.\n",
        highlight=False,
    )


def _gateway(connection: duckdb.DuckDBPyConnection, console: Console) -> None:
    month = closed_month(connection)
    row = connection.execute(
        """
        select billing_currency, sum(gateway_cost), sum(gateway_price_error_cost), sum(negotiated_discount_cost), sum(not_yet_billed_cost),
            sum(unmetered_traffic_cost), sum(billed_vs_contracted_cost), sum(billed_cost), sum(gap_cost)
        from accountability.bill_vs_gateway_monthly
        where usage_month = ? and provider_id <> 'self_hosted'
        group by billing_currency
        order by sum(billed_cost) desc
        limit 1
        """,
        [month],
    ).fetchone()
    if row is None:
        return
    currency, gateway, *reasons, billed, gap = row
    names = (
        "prices the gateway has wrong", "negotiated discounts", "not billed yet", "billed but never logged",
        "billed beyond contract price",
    )  # fmt: skip
    table = new_table("Why the gateway's estimate is not the bill", "<", currency)
    table.add_row("estimated by the gateway", amount(gateway))
    for name, part in zip(names, reasons, strict=True):
        if part:
            table.add_row(f"  {name}", f"{part:+,.2f}")
    table.add_row("[bold]use on the vendors' bills[/]", f"[bold]{amount(billed)}[/]")
    console.print(table)
    share = f" ({gap / gateway:+.1%})" if gateway else ""
    console.print(f"Gap {gap:+,.2f} {currency}{share}, every cent of it with a reason.\n", highlight=False)


def where_it_went(connection: duckdb.DuckDBPyConnection, month: object) -> list[tuple]:
    """(bucket, currency, effective cost, share of the currency's total) of a month, in a fixed order."""
    return connection.execute(
        f"""
        with parts as (
            select {WHERE_IT_WENT} as bucket, billing_currency, sum(effective_cost) as cost
            from core.fct_cost_allocation
            where date_trunc('month', usage_date) = ?
            group by all
        )
        select bucket, billing_currency, cost, cost / nullif(sum(cost) over (partition by billing_currency), 0)
        from parts
        where abs(cost) >= 0.005
        order by bucket, billing_currency
        """,
        [month],
    ).fetchall()


def billed(connection: duckdb.DuckDBPyConnection, month: object) -> dict[str, Decimal]:
    """Currency -> what the bills say of the same lines, as it was invoiced: prepaid amounts in the month that paid them."""
    return dict(
        connection.execute(
            "select billing_currency, sum(billed_cost) from core.fct_cost_allocation where date_trunc('month', usage_date) = ? group by all",
            [month],
        ).fetchall()
    )


def _where_it_went(connection: duckdb.DuckDBPyConnection, console: Console) -> None:
    month = closed_month(connection)
    rows = where_it_went(connection, month)
    currencies = sorted({row[1] for row in rows})
    table = new_table(
        "Where the money went (effective cost)", "<", *[name for currency in currencies for name in (currency, "")]
    )
    for bucket in sorted({row[0] for row in rows}):
        cells = []
        for currency in currencies:
            found = next((row for row in rows if row[0] == bucket and row[1] == currency), None)
            cells += [amount(found[2], 0), f"{found[3]:.1%}"] if found else ["", ""]
        table.add_row(bucket[2:], *cells)
    invoiced = billed(connection, month)
    totals = {currency: sum(row[2] for row in rows if row[1] == currency) for currency in currencies}
    # what was paid before it is used, or used after it was paid: otherwise cost and invoices would not seem to be one bill
    other_months = {currency: invoiced[currency] - totals[currency] for currency in currencies}

    def line(words: str, amounts: dict[str, Decimal]) -> None:
        table.add_row(words, *[cell for currency in currencies for cell in (amount(amounts[currency], 0), "")])

    line("[bold]total[/]", totals)
    if any(abs(part) >= 1 for part in other_months.values()):
        line("  paid for the use of other months", other_months)
        line("  billed", invoiced)
    console.print(table, "")


def _gpu_hours(connection: duckdb.DuckDBPyConnection, console: Console) -> None:
    rows = connection.execute(
        """
        select vendor, accelerator_type, billing_currency, sum(paid_gpu_hours), sum(node_cost),
            sum(node_cost) / nullif(sum(paid_gpu_hours), 0), sum(node_cost) / nullif(sum(productive_gpu_hours), 0),
            sum(productive_gpu_hours) / nullif(sum(paid_gpu_hours), 0)
        from unit_economics.cost_per_gpu_hour_daily
        where date_trunc('month', usage_date) = ?
        group by all
        having sum(paid_gpu_hours) > 0
        order by sum(node_cost) desc
        """,
        [closed_month(connection)],
    ).fetchall()
    if not rows:
        return
    table = new_table(
        "What a GPU-hour costs", "<vendor", "<accelerator", "hours paid", "cost", "paid", "productive", "busy", "<"
    )
    for vendor, accelerator, currency, hours, cost, paid, productive, busy in rows:
        table.add_row(
            vendor,
            accelerator,
            amount(hours, 0),
            amount(cost, 0),
            amount(paid),
            amount(productive),
            f"{busy or 0:.0%}",
            currency,
        )
    console.print(table)
    healthy, drained, failed, not_seen, not_delivered = connection.execute(
        """
        select sum(free_healthy_gpu_hours), sum(free_drained_gpu_hours), sum(free_failed_gpu_hours), sum(free_not_seen_gpu_hours),
            sum(not_delivered_gpu_hours)
        from unit_economics.cost_per_gpu_hour_daily
        where date_trunc('month', usage_date) = ?
        """,
        [closed_month(connection)],
    ).fetchone()
    console.print(
        f"Nobody held {amount(healthy + drained + failed + not_seen + not_delivered, 0)} of these hours: healthy {amount(healthy, 0)}, "
        f"drained {amount(drained, 0)}, failed {amount(failed, 0)},\nseen by the bill alone {amount(not_seen, 0)}, "
        f"reserved and not delivered {amount(not_delivered, 0)}.\n",
        highlight=False,
    )


def _dearest_run(connection: duckdb.DuckDBPyConnection, console: Console) -> None:
    row = connection.execute(
        """
        select training_run_id, run_name, model_id, team_id, billing_currency, net_unit_cost, gpu_hours, attempts, unsuccessful_attempts,
            lost_cost, allocated_unused_cost, productive_ratio, transferred_cost
        from unit_economics.cost_per_training_run
        order by coalesce(total_reporting_cost, total_cost) desc
        limit 1
        """
    ).fetchone()
    if row is None:
        return
    run, name, model, team, currency, cost, hours, attempts, unsuccessful, lost, idle, ratio, transferred = row
    console.print("[bold]The dearest training run[/]")
    console.print(
        f"{name} ({model}, team {team}): {amount(cost, 0)} {currency} for {amount(hours, 0)} GPU-hours in {attempts} attempts, "
        f"{unsuccessful} of them unsuccessful.\n{amount(lost, 0)} {currency} were lost after the last checkpoints, "
        f"{amount(idle, 0)} {currency} held while idle; {ratio or 0:.0%} was productive.\n"
        f"Its part of the capacity that nobody held: {amount(transferred, 0)} {currency} on top.\n"
        f"[dim]ai-finops explain run {run}[/]\n",
        highlight=False,
    )


def waste(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    """(kind, currency, wasted effective cost) of all days, the dearest first."""
    return connection.execute(
        """
        select waste_kind, billing_currency, sum(wasted_cost) as cost
        from (
            select waste_kind, billing_currency, wasted_cost from optimization.gpu_waste_daily
            union all
            select waste_kind, billing_currency, wasted_cost from optimization.idle_resources
        )
        group by all
        having sum(wasted_cost) >= 1
        order by cost desc, waste_kind
        """
    ).fetchall()


def _waste(connection: duckdb.DuckDBPyConnection, console: Console) -> None:
    rows = waste(connection)
    if rows:
        named = "; ".join(f"{kind.replace('_', ' ')} {amount(cost, 0)} {currency}" for kind, currency, cost in rows)
        console.print(f"[bold]Waste, named[/]\n{named}.\n", highlight=False)


def _worst_customer(connection: duckdb.DuckDBPyConnection, console: Console) -> None:
    row = connection.execute(
        """
        select costs.customer_id, any_value(customers.name), any_value(customers.plan), any_value(costs.reporting_currency),
            sum(costs.reporting_revenue), sum(costs.billed_direct_reporting_cost), sum(costs.gross_margin_reporting)
        from unit_economics.cost_per_customer_monthly as costs
        left join core.dim_customers as customers on costs.customer_id = customers.customer_id and customers.is_current
        where costs.usage_month = ? and costs.reporting_currency is not null
        group by costs.customer_id
        having sum(costs.reporting_revenue) > 0
        order by sum(costs.gross_margin_reporting)
        limit 1
        """,
        [closed_month(connection)],
    ).fetchone()
    if row is None:
        return
    customer, name, plan, currency, revenue, cost, margin = row
    ratio = f" ({margin / revenue:.0%})" if revenue else ""
    console.print("[bold]The worst customer[/]")
    console.print(
        f"{name or customer} ({plan}): revenue {amount(revenue, 0)} {currency}, AI cost {amount(cost, 0)}, margin {amount(margin, 0)}{ratio}.\n"
        f"[dim]ai-finops explain customer {customer}[/]\n",
        highlight=False,
    )


def _million_tokens(connection: duckdb.DuckDBPyConnection, console: Console) -> None:
    month = closed_month(connection)
    apis = connection.execute(
        """
        select provider_id || ' API', model_id, billing_currency, sum(total_tokens),
            1e6 * sum(metered_cost) / nullif(sum(total_tokens), 0), 1e6 * sum(net_unit_cost) / nullif(sum(total_tokens), 0),
            1e6 * sum(net_unit_cost + transferred_cost) / nullif(sum(total_tokens), 0)
        from unit_economics.cost_per_model_daily
        where date_trunc('month', usage_date) = ? and purpose = 'inference' and provider_id <> 'self_hosted'
        group by all
        having sum(total_tokens) > 0 and sum(metered_cost) > 0
        order by sum(total_tokens) desc
        limit 4
        """,
        [month],
    ).fetchall()
    own = connection.execute(
        """
        select 'own GPUs', model_id, billing_currency, sum(total_tokens), 1e6 * sum(productive_cost) / sum(total_tokens),
            1e6 * sum(direct_cost) / sum(total_tokens), 1e6 * sum(fully_loaded_cost) / sum(total_tokens)
        from unit_economics.self_hosted_serving_daily
        where date_trunc('month', usage_date) = ?
        group by all
        having sum(total_tokens) > 0
        order by sum(total_tokens) desc
        limit 4
        """,
        [month],
    ).fetchall()
    if not apis and not own:
        return
    table = new_table(
        "A million tokens, by API and on our own GPUs",
        "<served by", "<model", "tokens (M)", "used", "with idle", "fully loaded", "<",
    )  # fmt: skip
    for kind, model, currency, tokens, used, held, loaded in [*apis, *own]:
        table.add_row(kind, model, amount(tokens / 1_000_000, 1), amount(used), amount(held), amount(loaded), currency)
    console.print(table)
    console.print("[dim]Fully loaded: with its part of the capacity that nobody held, by declared rules.[/]\n")
    _own_or_api(connection, console, month)


def _own_or_api(connection: duckdb.DuckDBPyConnection, console: Console, month: object) -> None:
    """Own deployments beside the API that is their declared alternative, as they are used and from which use they pay."""
    rows = connection.execute(
        """
        select deployment_id, api_provider_id, reporting_currency, 1e6 * sum(api_list_reporting_cost) / sum(total_tokens),
            1e6 * sum(fully_loaded_reporting_cost) / sum(total_tokens), sum(productive_cost) / nullif(sum(fully_loaded_cost), 0),
            sum(usage_reporting_cost) / nullif(sum(api_list_reporting_cost), 0)
        from unit_economics.self_hosted_serving_daily
        where date_trunc('month', usage_date) = ? and api_list_reporting_cost is not null and fully_loaded_reporting_cost is not null
        group by deployment_id, api_provider_id, reporting_currency
        having sum(total_tokens) > 0
        order by sum(fully_loaded_reporting_cost) desc
        limit 4
        """,
        [month],
    ).fetchall()
    if not rows:
        return
    table = new_table(
        "Own GPUs or the API, a million tokens",
        "<deployment",
        "<alternative",
        "API asks",
        "own",
        "in use",
        "pays from",
        "<",
    )
    for deployment, provider, currency, api, own, in_use, break_even in rows:
        table.add_row(
            deployment, f"{provider} API", amount(api), amount(own), f"{in_use or 0:.0%}",
            "" if break_even is None else f"{break_even:.0%}" if break_even <= 1 else "never", currency,
        )  # fmt: skip
    console.print(table)
    console.print(
        "[dim]The same tokens at list price of the API that serving_map names; own GPUs pay from the use at which fully loaded costs no "
        "more.[/]\n"
    )


def _restatements(connection: duckdb.DuckDBPyConnection, console: Console) -> None:
    rows = connection.execute(
        """
        select billing_month, source, feed, version, billing_currency, billed_difference, rows_replaced, rows_loaded
        from accountability.restatements
        where is_correction
        order by billing_month desc, abs(billed_difference) desc, load_id, billing_currency
        limit 3
        """
    ).fetchall()
    table = new_table("What was restated", "<month", "<bill", "<said again", "<", "billed", "rows")
    for month, source, feed, version, currency, difference, replaced, loaded in rows:
        table.add_row(
            f"{month:%Y-%m}", f"{source}/{feed}", version, currency, f"{difference:+,.2f}", f"{replaced:,} → {loaded:,}"
        )
    console.print(table if rows else "Nothing was restated.", "")


def example_request(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Id of a dear, billed API request of the closed month, for the command that explains one."""
    row = connection.execute(
        """
        select request_id from core.fct_inference_requests
        where is_of_record and date_trunc('month', usage_date) = ? and contracted_cost > 0
        order by contracted_cost desc, request_id
        limit 1
        """,
        [closed_month(connection)],
    ).fetchone()
    return row[0] if row else None


def print_screen(settings: Settings, console: Console | None = None) -> None:
    """Print the whole screen.

    Raises:
        NothingPublishedError: Before the first publication.
    """
    console = console or Console()
    with published_marts(settings) as connection:
        console.print()
        for part in (
            _invoices, _gateway, _where_it_went, _gpu_hours, _dearest_run, _waste, _worst_customer, _million_tokens, _restatements,
        ):  # fmt: skip
            part(connection, console)
        request = example_request(connection)
        if request is not None:
            console.print(
                f"One request, from its tokens to the invoice:  [bold]ai-finops explain request {request}[/]",
                highlight=False,
            )
        marts = Path(settings.published / "current" / "marts.duckdb")
        console.print(f"Everything above is SQL on {marts}\n", highlight=False)
