"""Gate 2's own checks: the new marts file is judged before anyone can see it.

Each check is a query that returns (failed rows, dollars, message); what dbt tests can say of single models is theirs.
The connection has `build` (the build file), `marts` (the new file) and, where there is one, `previous` (what readers
see now).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from orchestration.gates.expected import ExpectedGate
from orchestration.gates.results import CRITICAL, ERROR, FAIL, PASS, WARNING, GateResult
from orchestration.gates.thresholds import Thresholds
from orchestration.publishing.catalog import PublishedModel
from orchestration.publishing.columns import columns_of
from orchestration.publishing.history import history_of

KIND = "publish_check"
SCOPE = "published"


@dataclass(frozen=True)
class Context:
    """What a check may look at."""

    connection: duckdb.DuckDBPyConnection
    models: Sequence[PublishedModel]
    thresholds: Thresholds
    as_of: datetime
    has_previous: bool
    dirty_days: Collection[date] | None
    cadence_hours: dict[str, float]

    def row(self, query: str, *parameters: object) -> tuple:
        """First row of a query."""
        return self.connection.execute(query, list(parameters)).fetchone()


@dataclass(frozen=True)
class Finding:
    """What a check found; `failed` says whether its claim is broken."""

    failed: bool
    rows: int = 0
    dollars: Decimal | None = None
    message: str = ""
    severity: str = CRITICAL


def published_file_equals_build(context: Context) -> Finding:
    """Each table of the file has the rows and the sums of money that the build file has: no day was missed by the
    replacement.
    """
    broken = []
    for model in (model for model in context.models if model.kind == "table"):
        types = columns_of(context.connection, "build", model.schema, model.name)
        decimals = [column for column, kind in types.items() if kind.startswith("DECIMAL")]
        sums = "".join(f', sum("{name}")' for name in decimals)
        built, made = (
            context.row(f"select count(*){sums} from {catalog}.{model.relation}") for catalog in ("build", "marts")
        )
        if built != made:
            broken.append(f"{model.schema}.{model.name} ({made[0]:,} rows, built {built[0]:,})")
    return Finding(bool(broken), len(broken), message=", ".join(broken))


def ledger_equals_bills(context: Context) -> Finding:
    """Per currency, the published ledger sums to focus.cost_and_usage, billed and effective, to the last place."""
    rows, dollars = context.row(
        """
        with bill as (
            select BillingCurrency as currency, sum(BilledCost) as billed, sum(EffectiveCost) as effective
            from build.focus.cost_and_usage group by all
        ), ledger as (
            select billing_currency as currency, sum(billed_cost) as billed, sum(effective_cost) as effective
            from marts.core.fct_cost_allocation where cost_status <> 'estimated' group by all
        ), difference as (
            select coalesce(ledger.billed, 0) - coalesce(bill.billed, 0) as billed,
                coalesce(ledger.effective, 0) - coalesce(bill.effective, 0) as effective
            from bill full outer join ledger on bill.currency = ledger.currency
        )
        select count(*), sum(abs(billed) + abs(effective)) from difference where billed <> 0 or effective <> 0
        """
    )
    return Finding(rows > 0, rows, dollars, "currencies in which the ledger and the bills differ" if rows else "")


def unpriced_requests_share(context: Context) -> Finding:
    """Few billable requests have no price."""
    limit = context.thresholds.of("unpriced_requests_share")
    unpriced, total = context.row(
        """
        select coalesce(sum(unpriced_requests), 0), coalesce(sum(requests), 0)
        from build.intermediate.int_request_groups_hourly where provider_id <> 'self_hosted'
        """
    )
    share = Decimal(int(unpriced)) / int(total) if total else Decimal(0)
    message = f"{share:.2%} of {int(total):,} requests have no price, allowed are {limit.limit:.2%}"
    return Finding(share > limit.limit, int(unpriced), message=message, severity=limit.severity)


def _share_of_ledger(context: Context, name: str, part: str, whole: str) -> Finding:
    """Worst currency's share of the money of `part` in the money of `whole`, both conditions on the ledger."""
    limit = context.thresholds.of(name)
    worst = context.row(
        f"""
        select billing_currency, count(*) filter (where {part}),
            coalesce(sum(effective_cost) filter (where {part}), 0), sum(effective_cost)
        from marts.core.fct_cost_allocation
        where {whole}
        group by billing_currency
        having sum(effective_cost) > 0
        order by coalesce(sum(effective_cost) filter (where {part}), 0) / sum(effective_cost) desc, billing_currency
        limit 1
        """
    )
    if worst is None:
        return Finding(False, severity=limit.severity)
    currency, rows, dollars, total = worst
    share = dollars / total
    return Finding(
        share > limit.limit,
        rows,
        dollars,
        f"{share:.2%} of {total:,.2f} {currency}, allowed are {limit.limit:.2%}",
        limit.severity,
    )


def unallocated_cost_share(context: Context) -> Finding:
    """Little AI cost ends without an owner: a ledger that dumps everything there conserves money too."""
    return _share_of_ledger(
        context,
        "unallocated_cost_share",
        "allocation_step = 'remainder'",
        "ai_scope <> 'not_ai' and charge_category = 'Usage'",
    )


def unmetered_cost_share(context: Context) -> Finding:
    """Most of what model APIs billed was also logged."""
    return _share_of_ledger(
        context,
        "unmetered_cost_share",
        "usage_state = 'unmetered'",
        "ai_scope = 'model_api' and charge_category = 'Usage' and cost_status <> 'estimated'",
    )


def published_volume_drop(context: Context) -> Finding:
    """No day loses most of its cost by being rebuilt."""
    limit = context.thresholds.of("published_volume_drop")
    if not context.has_previous:
        return Finding(False, severity=limit.severity)
    rows, dollars, first = context.row(
        """
        with before as (
            select usage_date, billing_currency, sum(effective_cost) as cost from previous.core.fct_cost_allocation group by all
        ), after as (
            select usage_date, billing_currency, sum(effective_cost) as cost from marts.core.fct_cost_allocation group by all
        )
        select count(*), sum(before.cost - coalesce(after.cost, 0)), min(before.usage_date)
        from before left join after on before.usage_date = after.usage_date and before.billing_currency = after.billing_currency
        where before.cost > 0 and coalesce(after.cost, 0) < before.cost * (1 - ?::decimal(18, 6))
        """,
        limit.limit,
    )
    message = f"days that lost more than {limit.limit:.0%} of their cost, the first is {first}" if rows else ""
    return Finding(rows > 0, rows, dollars, message, limit.severity)


def closed_periods_stand(context: Context) -> Finding:
    """No bill of a closed period was changed by this run: corrections come in a later, open period. As delivered it informs, because
    a vendor may; bill_beliefs_daily has both states. The seed's severity decides whether it freezes closed periods instead.
    """
    limit = context.thresholds.of("closed_periods_stand")
    if ("accountability", "bill_beliefs_daily") not in set(filter(None, map(history_of, context.models))):
        return Finding(False, severity=limit.severity)
    changed = context.connection.execute(
        """
        select billing_currency, count(*),
            sum(abs(billed_cost - previous_billed_cost)) as billed, sum(abs(effective_cost - previous_effective_cost)) as effective,
            min(charge_date), max(charge_date)
        from marts.accountability.bill_beliefs_daily
        where
            known_from = ? and previous_cost_status = 'billed_closed'
            and (billed_cost <> previous_billed_cost or effective_cost <> previous_effective_cost)
        group by billing_currency
        having greatest(billed, effective) > ?::decimal(38, 12)
        order by greatest(billed, effective) desc, billing_currency
        """,
        [context.as_of, limit.limit],
    ).fetchall()
    if not changed:
        return Finding(False, severity=limit.severity)
    parts = [
        f"{currency} {billed:,.2f} billed and {effective:,.2f} effective, charges of {first} to {last}"
        for currency, _, billed, effective, first, last in changed
    ]
    # Two currencies are never added up: the money is that of the first, all are in the message.
    message = f"bills of closed periods changed: {'; '.join(parts)}"
    return Finding(True, sum(row[1] for row in changed), max(changed[0][2:4]), message, limit.severity)


def sources_are_fresh(context: Context) -> Finding:
    """No raw table with a declared cadence lags more than its multiple of it behind the run's clock. A late source
    quarantines itself.
    """
    limit = context.thresholds.of("freshness")
    newest = dict(
        context.connection.execute(
            "select table_name, max(last_day) from build.raw.load_ledger where outcome = 'loaded' and last_day is not null group by all"
        ).fetchall()
    )
    late = []
    for table, hours in sorted(context.cadence_hours.items()):
        if table in newest:
            behind = context.as_of - datetime.combine(newest[table] + timedelta(days=1), time())
            if behind > timedelta(hours=hours * float(limit.limit)):
                late.append(f"{table} ends with {newest[table]}")
    return Finding(bool(late), len(late), message=", ".join(late), severity=limit.severity)


# What publishing expects by name, each with a passing result; a check of severity `warning` informs and need not pass.
PUBLISH_CHECKS: dict[str, Callable[[Context], Finding]] = {
    check.__name__: check
    for check in (
        published_file_equals_build,
        ledger_equals_bills,
        unpriced_requests_share,
        unallocated_cost_share,
        unmetered_cost_share,
        published_volume_drop,
        closed_periods_stand,
        sources_are_fresh,
    )
}


def run_publish_checks(
    connection: duckdb.DuckDBPyConnection,
    models: Sequence[PublishedModel],
    *,
    run_id: str,
    as_of: datetime,
    evaluated_at: str,
    thresholds: Thresholds,
    previous: Path | None,
    dirty_days: Collection[date] | None,
    cadence_hours: dict[str, float] | None = None,
    checks: dict[str, Callable[[Context], Finding]] | None = None,
) -> list[GateResult]:
    """Run every check; one that breaks is an error, which blocks like a failure.

    Args:
        connection: With `build` and `marts` attached.
        models: Published models.
        run_id: Run that the results belong to.
        as_of: The run's clock.
        evaluated_at: ISO time to record.
        thresholds: The seed.
        previous: marts.duckdb of the version that readers see.
        dirty_days: Days that were rebuilt.
        cadence_hours: Raw table -> hours in which its source promises news; tables without promise are left out.
        checks: Other checks, for tests.
    """
    has_previous = False
    if previous is not None:
        connection.execute(f"attach '{previous}' as previous (read_only)")
        has_previous = _has_ledger(connection)
    context = Context(connection, models, thresholds, as_of, has_previous, dirty_days, cadence_hours or {})
    results = []
    for name, check in (PUBLISH_CHECKS if checks is None else checks).items():
        try:
            finding = check(context)
            status = FAIL if finding.failed else PASS
            rows = finding.rows if finding.failed else 0
            dollars = finding.dollars if finding.failed else None
            result = GateResult(
                run_id, name, KIND, SCOPE, finding.severity, status, rows, dollars, finding.message, evaluated_at
            )
        except (duckdb.Error, KeyError) as error:
            message = str(error).splitlines()[0]
            result = GateResult(run_id, name, KIND, SCOPE, CRITICAL, ERROR, 0, None, message, evaluated_at)
        results.append(result)
    if previous is not None:
        connection.execute("detach previous")
    return results


def _has_ledger(connection: duckdb.DuckDBPyConnection) -> bool:
    return bool(
        connection.execute(
            "select 1 from duckdb_tables() where database_name = 'previous' and schema_name = 'core' and table_name = 'fct_cost_allocation'"
        ).fetchone()
    )


def expected_checks(results: Sequence[GateResult]) -> set[ExpectedGate]:
    """Every publish check by name; one that found a warning has been run and informs, so it need not pass."""
    informed = {result.check_name for result in results if result.severity == WARNING and result.status == FAIL}
    return {ExpectedGate(name, SCOPE) for name in PUBLISH_CHECKS if name not in informed}
