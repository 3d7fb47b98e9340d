"""Where a cost comes from, as a chain: what was used, at which price, by which step of the ledger, on which bill, on
which invoice.

Reads the published marts only. What does not belong here: arithmetic that a mart should hold.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import duckdb
from rich.console import Console

from orchestration.printing import amount, new_table
from orchestration.reading import published_marts
from orchestration.settings import Settings


class NotFoundError(LookupError):
    """Nothing of that kind has this id; the message shows ids that exist."""


def _rows(connection: duckdb.DuckDBPyConnection, query: str, *parameters: object) -> list[dict]:
    found = connection.execute(query, list(parameters))
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _or_not_found(
    rows: list[dict],
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    identifier: str,
    examples: str,
    month: str | None = None,
) -> list[dict]:
    """The rows; without any, an error that shows ids that exist."""
    if not rows:
        known = ", ".join(str(row[0]) for row in connection.execute(examples).fetchall())
        when = f" in {month}" if month else ""
        raise NotFoundError(f"no {kind} {identifier!r} is published{when}; for example: {known or 'none yet'}")
    return rows


def _month(connection: duckdb.DuckDBPyConnection, month: str | None, condition: str, identifier: str) -> date:
    """First day of the asked month, else of the newest month with cost."""
    if month is not None:
        return date.fromisoformat(f"{month}-01")
    query = f"select cast(date_trunc('month', max(usage_date)) as date) from core.fct_cost_allocation where {condition}"
    return connection.execute(query, [identifier]).fetchone()[0]


def _invoices(connection: duckdb.DuckDBPyConnection, console: Console, charges: list[dict]) -> None:
    """The last link: what the issuers invoiced for the months of these charges."""
    keys = sorted(
        {
            (row["invoice_issuer_name"], row["billing_account_id"], row["billing_period_start"])
            for row in charges
            if row["billing_account_id"]
        }
    )
    table = new_table("Invoice", "<issuer", "<month", "<invoice", "invoiced", "ledger of that bill", "difference", "<")
    for issuer, account, period in keys:
        for row in _rows(
            connection,
            """
            select billing_currency, first_invoice_id, invoice_total, billed_cost, difference, reconciliation_status
            from accountability.invoice_reconciliation
            where invoice_issuer_name = ? and billing_account_id = ? and billing_month = ?
            """,
            issuer, account, period,
        ):  # fmt: skip
            table.add_row(
                issuer, f"{period:%Y-%m}", row["first_invoice_id"] or "none yet", amount(row["invoice_total"]), amount(row["billed_cost"]),
                amount(row["difference"]), row["reconciliation_status"].replace("_", " "),
            )  # fmt: skip
    if table.row_count:
        console.print(table)
    else:
        console.print("[bold]Invoice[/]\nNo bill covers this yet: what stands above is an estimate at contract price.")


def _deployment(connection: duckdb.DuckDBPyConnection, console: Console, request: dict) -> None:
    """For a model on own GPUs: which deployment answered, on which pods and nodes in that hour, and the bill lines that pay for them."""
    if request["deployment_id"] is None:
        return
    served = _rows(
        connection,
        """
        select max(case when not is_co_hosted then model_id end) as own_model_id, max(model_rule) as model_rule,
            max(work_basis) as work_basis, 1e6 * sum(fully_loaded_cost) / nullif(sum(total_tokens), 0) as cost, max(billing_currency) as currency
        from unit_economics.self_hosted_serving_daily
        where usage_date = ? and deployment_id = ?
        group by billing_currency
        order by sum(fully_loaded_cost) desc
        limit 1
        """,
        request["usage_date"], request["deployment_id"],
    )  # fmt: skip
    console.print(f"[bold]Deployment {request['deployment_id']}[/]", highlight=False)
    for row in served:
        console.print(
            f"held for {row['own_model_id'] or 'an unknown model'} ({(row['model_rule'] or 'nothing').replace('_', ' ')} says so); "
            f"{amount(row['cost'])} {row['currency']} a million tokens that day, idle and passed on included; "
            f"input and output by {(row['work_basis'] or 'nothing').replace('_', ' ')}",
            highlight=False,
        )
    nodes = _rows(
        connection,
        """
        with pods as (
            select resource_id, any_value(node_name) as node_name, any_value(deployment_rule) as deployment_rule,
                string_agg(namespace || '/' || pod_name, ', ' order by namespace, pod_name) as pods
            from core.bridge_deployment_pods
            where usage_date = ? and deployment_id = ?
                and coalesce(held_from < ? + interval 1 hour and held_until > ?, true)
            group by resource_id
        )
        select pods.*, lines.ServiceName as service_name, lines.x_ChargeId as charge_id, lines.BillingCurrency as billing_currency,
            sum(ledger.effective_cost) as effective_cost
        from core.fct_cost_allocation as ledger
        inner join focus.cost_and_usage as lines on ledger.charge_id = lines.x_ChargeId
        left join pods on coalesce(lines.x_MachineId, lines.ResourceId) = pods.resource_id
        where ledger.usage_date = ? and ledger.usage_hour = ? and ledger.deployment_id = ?
        group by all
        order by effective_cost desc, charge_id
        limit 12
        """,
        request["usage_date"], request["deployment_id"], request["usage_hour"], request["usage_hour"],
        request["usage_date"], request["usage_hour"], request["deployment_id"],
    )  # fmt: skip
    table = new_table(
        f"Its machines in the hour {request['usage_hour']:%H:%M}",
        "<pods", "<found by", "<node", "<in the bill", "deployment's cost", "<", "<bill line",
    )  # fmt: skip
    for row in nodes:
        table.add_row(
            row["pods"] or "", (row["deployment_rule"] or "").replace("_", " "), row["node_name"] or "", row["resource_id"] or "",
            amount(row["effective_cost"], 6), row["billing_currency"], f"{row['service_name'] or ''} {row['charge_id'][:12]}",
        )  # fmt: skip
    console.print(table if nodes else "No bill covers its machines in this hour yet.", "")


def _request(connection: duckdb.DuckDBPyConnection, console: Console, identifier: str, month: str | None) -> None:
    del month
    found = _rows(
        connection,
        "select * from core.fct_inference_requests where request_id = ? order by requested_at, meter, feed",
        identifier,
    )
    examples = "select request_id from core.fct_inference_requests where is_of_record order by contracted_cost desc nulls last, request_id limit 3"
    for request in _or_not_found(found, connection, "request", identifier, examples):
        console.print(
            f"[bold]Request {request['request_id']}[/]  {request['requested_at']:%Y-%m-%d %H:%M:%S} UTC, metered by {request['meter']}/{request['feed']}"
            f"{'' if request['is_of_record'] else '; not of record, counted by ' + request['meter_of_record']}\n"
            f"{request['provider_id']} {request['model_id']} (logged as {request['raw_model']}), {request['status'] or 'status unknown'}; "
            f"team {request['team_id'] or 'unknown'}, customer {request['customer_id'] or 'none'}, feature {request['feature'] or 'none'}\n",
            highlight=False,
        )
        tokens = {
            name.removesuffix("_tokens"): value
            for name, value in request.items()
            if name.endswith("_tokens") and "total" not in name and value
        }
        costs = {row["token_class"]: row for row in _rows(
            connection,
            """
            select token_class, billing_currency, cost_status, quantity, group_quantity, allocated_cost
            from core.inference_request_costs
            where usage_date = ? and meter = ? and feed = ? and request_id = ?
            """,
            request["usage_date"], request["meter"], request["feed"], request["request_id"],
        )}  # fmt: skip
        table = new_table(
            "Tokens and what they were charged", "<class", "tokens", "part of its group", "charged", "<", "<status"
        )
        for name in sorted({*tokens, *costs}):
            cost = costs.get(name)
            part = f"{cost['quantity'] / cost['group_quantity']:.4%}" if cost and cost["group_quantity"] else ""
            table.add_row(
                name, f"{tokens.get(name, 0):,}", part, amount(cost and cost["allocated_cost"], 9),
                cost["billing_currency"] if cost else "", cost["cost_status"] if cost else "",
            )  # fmt: skip
        console.print(table)
        console.print(
            f"list {amount(request['list_cost'], 9) or 'unknown'}, contract {amount(request['contracted_cost'], 9) or 'unknown'}, "
            f"gateway said {amount(request['gateway_cost'], 9) or 'nothing'} {request['cost_currency'] or ''}; {request['pricing_status']}, "
            f"price version {request['price_version'] or 'none'}\n",
            highlight=False,
        )
        _deployment(connection, console, request)
        ledger = _rows(
            connection,
            """
            select token_class, allocation_step, method, rule_id, driver, sum(driver_quantity) as driver_quantity, usage_state, charge_id,
                cost_status, billing_currency, service_name, invoice_issuer_name, billing_account_id, billing_period_start,
                sum(effective_cost) as effective_cost
            from core.fct_cost_allocation
            where usage_date = ? and allocation_group_id = ?
            group by all
            order by token_class, effective_cost desc
            """,
            request["usage_date"], request["allocation_group_id"],
        )  # fmt: skip
        table = new_table(
            f"Ledger: its group of the hour {request['usage_hour']:%H:%M} (same key, model, customer, feature)",
            "<class", "<step", "<method", "<driver", "quantity", "group cost", "<", "<bill line",
        )  # fmt: skip
        for row in ledger[:12]:
            table.add_row(
                row["token_class"] or "", row["allocation_step"], row["method"], row["driver"] or "", amount(row["driver_quantity"], 0),
                amount(row["effective_cost"], 6), row["billing_currency"], f"{row['service_name'] or ''} {row['charge_id'][:12]}",
            )  # fmt: skip
        console.print(table)
        if len(ledger) > 12:
            console.print(f"[dim]and {len(ledger) - 12} more charges[/]", highlight=False)
        console.print()
        _invoices(connection, console, ledger)


def _service(row: dict) -> str:
    """Provider and service, the provider once: `AWS Amazon Bedrock`, `OpenAI API`."""
    provider, service = row["service_provider_name"] or "", row["service_name"] or ""
    return service if service.startswith(provider) else f"{provider} {service}"


def _steps(
    connection: duckdb.DuckDBPyConnection, console: Console, title: str, condition: str, *parameters: object
) -> list[dict]:
    """The ledger rows of a condition by bill, step, method and state; returned with what identifies their invoices."""
    rows = _rows(
        connection,
        f"""
        select service_provider_name, service_name, allocation_step, method, rule_id, driver, usage_state, cost_status, billing_currency,
            invoice_issuer_name, billing_account_id, billing_period_start, min(usage_date) as first_day,
            count(distinct charge_id) as charges, sum(effective_cost) as effective_cost
        from core.fct_cost_allocation
        where {condition}
        group by all
        order by effective_cost desc
        """,
        *parameters,
    )
    table = new_table(
        title, "<bill", "<of", "<step", "<method", "<rule", "<state", "<status", "lines", "effective cost", "<"
    )
    for row in rows[:20]:
        table.add_row(
            _service(row), f"{row['billing_period_start'] or row['first_day']:%Y-%m}", row["allocation_step"], f"{row['method']} by {row['driver']}" if row["driver"] else row["method"], row["rule_id"] or "",
            row["usage_state"], row["cost_status"], f"{row['charges']:,}", amount(row["effective_cost"]), row["billing_currency"],
        )  # fmt: skip
    console.print(table)
    rest = rows[20:]
    for currency in sorted({row["billing_currency"] for row in rest}):
        smaller = sum(row["effective_cost"] for row in rest if row["billing_currency"] == currency)
        console.print(f"[dim]and {amount(smaller)} {currency} in smaller parts[/]", highlight=False)
    for currency in sorted({row["billing_currency"] for row in rows}):
        total = sum(row["effective_cost"] for row in rows if row["billing_currency"] == currency)
        console.print(f"total {amount(total)} {currency}", highlight=False)
    console.print()
    return rows


def _transfers(connection: duckdb.DuckDBPyConnection, console: Console, condition: str, *parameters: object) -> None:
    """What declared rules pass on from or to the rows of a condition; nothing where no rule does."""
    rows = _rows(
        connection,
        f"""
        select rule_id, service_provider_name, sum(transferred_cost) filter (direction <> 'received') as given,
            sum(transferred_cost) filter (direction = 'received') as received, sum(transferred_cost) as net, billing_currency
        from core.fct_cost_transfer
        where {condition}
        group by all
        order by billing_currency, rule_id, service_provider_name
        """,
        *parameters,
    )
    if not rows:
        return
    table = new_table("Passed on by declared rules", "<rule", "<capacity of", "given away", "received", "net", "<")
    for row in rows:
        table.add_row(
            row["rule_id"], row["service_provider_name"] or "", amount(row["given"]), amount(row["received"]), amount(row["net"]),
            row["billing_currency"],
        )  # fmt: skip
    console.print(table, "")


def _run(connection: duckdb.DuckDBPyConnection, console: Console, identifier: str, month: str | None) -> None:
    del month
    found = _rows(
        connection, "select * from unit_economics.cost_per_training_run where training_run_id = ?", identifier
    )
    examples = "select training_run_id from unit_economics.cost_per_training_run order by total_cost desc, training_run_id limit 3"
    for run in _or_not_found(found, connection, "training run", identifier, examples):
        console.print(
            f"[bold]Training run {run['run_name'] or identifier}[/]  {identifier}\n"
            f"{run['model_id'] or 'model unknown'} {run['model_version'] or ''}, team {run['team_id'] or 'unknown'}, {run['status'] or 'status unknown'}; "
            f"{amount(run['total_cost'])} {run['billing_currency']}, {amount(run['gpu_hours'], 1)} GPU-hours, "
            f"{amount(run['lost_cost'])} lost, {amount(run['allocated_unused_cost'])} held while idle\n"
            f"fully loaded {amount(run['fully_loaded_cost'])} {run['billing_currency']}: {amount(run['transferred_cost'])} "
            f"passed on by declared rules\n",
            highlight=False,
        )
    attempts = _rows(
        connection,
        """
        select attempts.*, costs.cost, costs.billing_currency
        from core.fct_training_attempts as attempts
        left join (
            select attempt_id, billing_currency, sum(effective_cost) as cost from core.fct_cost_allocation
            where training_run_id = ? group by all
        ) as costs on attempts.attempt_id = costs.attempt_id
        where attempts.training_run_id = ?
        order by attempts.started_at
        """,
        identifier, identifier,
    )  # fmt: skip
    table = new_table(
        "Attempts", "<attempt", "<scheduler", "<outcome", "<started", "<ended", "GPUs", "<last checkpoint", "cost", "<"
    )
    for row in attempts:
        times = [
            f"{row[name]:%m-%d %H:%M}" if row[name] else "" for name in ("started_at", "ended_at", "last_checkpoint_at")
        ]
        table.add_row(
            row["attempt_id"][:28], row["scheduler"], f"{row['outcome']} ({row['state']})", times[0], times[1], amount(row["gpu_count"], 0), times[2],
            amount(row["cost"]), row["billing_currency"] or "",
        )  # fmt: skip
    console.print(table, "")
    steps = _steps(connection, console, "Ledger", "training_run_id = ?", identifier)
    _transfers(connection, console, "training_run_id = ?", identifier)
    _invoices(connection, console, steps)


def _customer(connection: duckdb.DuckDBPyConnection, console: Console, identifier: str, month: str | None) -> None:
    first = _month(connection, month, "customer_id = ?", identifier)
    found = _rows(
        connection,
        """
        select costs.*, customers.name, customers.plan from unit_economics.cost_per_customer_monthly as costs
        left join core.dim_customers as customers on costs.customer_id = customers.customer_id and customers.is_current
        where costs.customer_id = ? and costs.usage_month = ?
        """,
        identifier, first,
    )  # fmt: skip
    examples = "select customer_id from unit_economics.cost_per_customer_monthly group by 1 order by sum(billed_direct_cost) desc, 1 limit 3"
    for row in _or_not_found(found, connection, "customer", identifier, examples, month):
        console.print(
            f"[bold]Customer {row['name'] or identifier}[/]  {identifier}, {row['plan'] or 'plan unknown'}, {first:%B %Y}, {row['cost_status']}\n"
            f"revenue {amount(row['revenue'])} {row['billing_currency']}, billed cost {amount(row['billed_direct_cost'])} "
            f"(APIs {amount(row['api_cost'])}, own GPUs {amount(row['self_hosted_cost'])}), estimated on top {amount(row['estimated_direct_cost'])}, "
            f"{row['requests'] or 0:,} requests\n"
            f"fully loaded {amount(row['fully_loaded_cost'])} {row['billing_currency']}: {amount(row['transferred_cost'])} "
            f"passed on by declared rules\n",
            highlight=False,
        )
    condition = "customer_id = ? and date_trunc('month', usage_date) = ?"
    by_model = _rows(
        connection,
        f"select provider_id, model_id, feature, billing_currency, sum(effective_cost) as cost from core.fct_cost_allocation "
        f"where {condition} group by all order by cost desc limit 8",
        identifier, first,
    )  # fmt: skip
    table = new_table("By model and feature", "<provider", "<model", "<feature", "cost", "<")
    for row in by_model:
        table.add_row(
            row["provider_id"] or "",
            row["model_id"] or "",
            row["feature"] or "",
            amount(row["cost"]),
            row["billing_currency"],
        )
    console.print(table, "")
    steps = _steps(connection, console, "Ledger", condition, identifier, first)
    _transfers(connection, console, condition, identifier, first)
    _invoices(connection, console, steps)


def _team(connection: duckdb.DuckDBPyConnection, console: Console, identifier: str, month: str | None) -> None:
    units = "select unit_id from core.dim_org_units where is_current order by unit_id limit 8"
    first = _month(connection, month, "team_id = ?", identifier)
    named = _rows(
        connection,
        "select name, parent_name, cost_center, owner_email from core.dim_org_units where unit_id = ? and is_current",
        identifier,
    )
    condition = "team_id = ? and date_trunc('month', usage_date) = ?"
    has_cost = (
        first is not None
        and connection.execute(
            f"select count(*) from core.fct_cost_allocation where {condition}", [identifier, first]
        ).fetchone()[0]
    )
    _or_not_found([{}] if has_cost else [], connection, "cost of team", identifier, units, month)
    unit = named[0] if named else {"name": identifier, "parent_name": None, "cost_center": None, "owner_email": None}
    console.print(
        f"[bold]Team {unit['name']}[/]  {identifier}, under {unit['parent_name'] or 'nobody'}, cost centre {unit['cost_center'] or 'unknown'}, "
        f"{first:%B %Y}\n",
        highlight=False,
    )
    steps = _steps(connection, console, "Ledger", condition, identifier, first)
    _transfers(connection, console, condition, identifier, first)
    _invoices(connection, console, steps)


_KINDS: dict[str, Callable[[duckdb.DuckDBPyConnection, Console, str, str | None], None]] = {
    "request": _request,
    "run": _run,
    "customer": _customer,
    "team": _team,
}


def print_explanation(
    settings: Settings, kind: str, identifier: str, month: str | None = None, console: Console | None = None
) -> None:
    """Print the chain of one request, training run, customer or team.

    Args:
        settings: The warehouse.
        kind: request, run, customer or team.
        identifier: Its id.
        month: `2026-09`, for customers and teams; default the newest with cost.
        console: Where to print.

    Raises:
        NotFoundError: If nothing has this id.
        NothingPublishedError: Before the first publication.
    """
    console = console or Console()
    with published_marts(settings) as connection:
        _KINDS[kind](connection, console, identifier, month)
