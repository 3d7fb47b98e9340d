"""Capacity blocks in a Cost and Usage Report: one fee, hours billed at 0 (or at their operating system), and a declaration of when and how many.

AWS's price page has an hour of a block by machine and by accelerator: p5.48xlarge in Ohio 39.33 and 4.916 (8 H100), trn1.32xlarge in Melbourne
15.49 and 0.968 (16 Trainium), p4d.24xlarge 14.75; the fee is that by machines and hours. All blocks end at 11:30 UTC.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.landing.deliveries import land
from orchestration.landing.load import load_pending
from orchestration.settings import PROJECT_DIR, Settings
from tests.built_models import build_file, build_models, raw_tables, run_dbt

AS_OF = datetime(2026, 10, 10)
START, END = datetime(2026, 10, 1, 11, 30), datetime(2026, 10, 2, 11, 30)
ARN = "arn:aws:ec2:us-east-2:222222222222:capacity-reservation/"

LAWS = [
    "assert_ledger_conserves_every_charge",
    "assert_paid_gpu_hours_sum_to_their_parts",
    "assert_gpu_hours_cost_what_the_ledger_says",
    "assert_commitment_balances_add_up",
    "assert_charges_hold_together",
    "unique_combination_capacity_blocks*",
]
DECLARED = (
    "contract_id,kind,currency,committed_quantity,quantity_unit,valid_from,valid_to,starts_at,ends_at,instance_type\n"
    # two machines for a day
    "cr-p5,capacity_block,USD,48,Hours,2026-10-01,2026-10-03,2026-10-01 11:30:00,2026-10-02 11:30:00,p5.48xlarge\n"
    # its lines name no reservation
    "melbourne,capacity_block,USD,24,Hours,2026-10-01,2026-10-03,2026-10-01 11:30:00,2026-10-02 11:30:00,trn1.32xlarge\n"
    # three machines, of which somebody counted two
    "cr-few,Capacity Block,USD,48,Hours,2026-10-01,2026-10-03,2026-10-01 11:30:00,2026-10-02 11:30:00,p5.48xlarge\n"
)


def line(cost: str, usage_type: str, start: datetime, **columns: str) -> dict[str, str]:
    return {
        "bill_billing_period_start_date": "2026-10-01 00:00:00", "bill_payer_account_id": "111111111111",
        "line_item_usage_account_id": "222222222222", "line_item_line_item_type": "Usage",
        "line_item_usage_start_date": f"{start}", "line_item_usage_end_date": f"{start + timedelta(hours=1)}", "line_item_product_code": "AmazonEC2",
        "line_item_usage_type": usage_type, "line_item_operation": "RunInstances:CB", "line_item_usage_amount": "1",
        "line_item_currency_code": "USD", "line_item_unblended_cost": cost, "pricing_public_on_demand_cost": cost, "pricing_unit": "Hrs",
        "pricing_rate_code": "A.B.C", "product_region_code": "us-east-2",
    } | columns  # fmt: skip


def fee(cost: str, instance_type: str, **columns: str) -> dict[str, str]:
    return line(
        cost, f"USE2-CapacityBlockFee:{instance_type}", datetime(2026, 10, 1), line_item_line_item_type="Fee", **columns
    )


def machine(name: str, instance_type: str, start: datetime, hours: float, cost: str = "0", **columns: str) -> list:
    """A line for each clock hour, with the part of it in which the machine ran, as the report has them."""
    end = start + timedelta(hours=hours)
    clock_hour = start.replace(minute=0)
    found = []
    while clock_hour < end:
        next_hour = clock_hour + timedelta(hours=1)
        part = (min(end, next_hour) - max(start, clock_hour)) / timedelta(hours=1)
        more = {"line_item_resource_id": name, "line_item_usage_amount": f"{part}"}
        amount = f"{Decimal(cost) * Decimal(part)}"
        found.append(line(amount, f"USE2-BoxUsage:{instance_type}", clock_hour, **columns | more))
        clock_hour = next_hour
    return found


def reservation(name: str) -> dict[str, str]:
    return {"capacity_reservation_capacity_reservation_arn": ARN + name}


def bill() -> list[dict[str, str]]:
    used = reservation("cr-p5") | {"capacity_reservation_capacity_reservation_status": "used"}
    # 39.33 x 2 machines x 24 hours; one machine runs for 23.5 hours (AWS ends it half an hour early), the other one for 10
    lines = [fee("1887.84", "p5.48xlarge", **reservation("cr-p5"))]
    lines += machine("i-long", "p5.48xlarge", START, 23.5, **used) + machine(
        "i-short", "p5.48xlarge", START, 10, **used
    )
    # what it is taxed, and what a promotion takes off, is no price of it
    for kind, cost in (("Tax", "10"), ("Credit", "-4")):
        lines.append(fee(cost, "p5.48xlarge", **reservation("cr-p5")) | {"line_item_line_item_type": kind})
    # 15.49 x 24, with no reservation on any line
    melbourne = {"product_region_code": "ap-southeast-4"}
    lines += [fee("371.76", "trn1.32xlarge", **melbourne)] + machine("i-trn", "trn1.32xlarge", START, 24, **melbourne)
    # 14.75 x 24 and Red Hat at 0.13 an hour; nobody has declared it
    lines += [fee("354", "p4d.24xlarge", **reservation("cr-unknown"))]
    lines += machine("i-a100", "p4d.24xlarge", START, 24, cost="0.13", **reservation("cr-unknown"))
    # a fee that no number of hours divides, before a tenth off; more hours run than are declared
    few = reservation("cr-few") | {"bill_payer_account_id": "999999999999"}
    lines += [fee("1000.01", "p5.48xlarge", line_item_net_unblended_cost="900.009", **few)]
    for name in ("i-one", "i-two", "i-three"):
        lines += machine(name, "p5.48xlarge", START, 24, **few)
    # the report goes on
    lines += [line("5", "USE2-BoxUsage:m5.large", datetime(2026, 10, 4), line_item_operation="RunInstances")]
    return lines


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blocks")
    lines = bill()
    with (folder / "cur.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, sorted({name for one in lines for name in one}))
        writer.writeheader()
        writer.writerows(lines)
    (folder / "commitments.csv").write_text(DECLARED)
    home = folder / "home"
    settings = Settings(
        home=home, project_dir=PROJECT_DIR, lake_catalog_uri=f"sqlite:///{home / 'lake' / 'catalog.db'}"
    )
    land("aws_cur", [folder / "cur.csv"], settings=settings, feed="cur", version="1")
    land("reference", [folder / "commitments.csv"], settings=settings, feed="commitments", version="1")
    for result in load_pending(settings, as_of=AS_OF):
        assert (result.outcome, result.rejected, result.reason) == ("loaded", 0, ""), result
    database = build_file(folder)
    raw_tables(settings, database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AI_FINOPS_AS_OF", AS_OF.isoformat())
        build_models(
            database,
            [
                "+cost_per_gpu_hour_daily",
                "capacity_blocks",
                "service_subcategories",
                "+commitment_balance_monthly",
                "+fct_cost_allocation",
            ],
        )
        run_dbt(database, "test", LAWS)
    return database


@pytest.fixture
def marts(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(database), read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        yield con


def prices(marts, accelerator: str) -> list[tuple]:
    return marts.execute(
        "select usage_date::varchar, purchase_option, paid_gpu_hours, not_delivered_gpu_hours, unpriced_gpu_hours, node_cost,"
        " round(cost_per_paid_gpu_hour, 6), round(list_cost_per_paid_gpu_hour, 6), round(contracted_cost_per_paid_gpu_hour, 6)"
        " from unit_economics.cost_per_gpu_hour_daily where accelerator_type = ? and vendor = 'AWS' order by all",
        [accelerator],
    ).fetchall()


def test_an_hour_of_a_declared_block_costs_what_aws_says_it_does(marts):
    """25 of 48 machine hours are of the first day: 25 x 39.33 = 983.25, and 8 x 25 = 200 GPU-hours at 39.33 / 8 = 4.91625. 12.5 + 10 machine
    hours ran, so 8 x 2.5 were not delivered. Of the second day 11 of 23: 8 x 12."""
    price = Decimal("4.91625")
    assert marts.execute(
        "select usage_date::varchar, sum(gpu_hours), sum(node_cost), sum(list_cost), sum(contracted_cost),"
        " sum(gpu_hours) filter (where hours_state = 'not_delivered') from core.fct_gpu_hours"
        f" where resource_id in ('i-long', 'i-short', '{ARN}cr-p5') group by all order by all"
    ).fetchall() == [
        ("2026-10-01", 200, 200 * price, 200 * price, 200 * price, 20),
        ("2026-10-02", 184, 184 * price, 184 * price, 184 * price, 96),
    ]


def test_lines_that_name_no_reservation_are_of_the_only_block_of_their_machine_type(marts):
    """16 Trainium, all hours ran: 12.5 x 16 at 15.49 / 16 = 0.968125, which AWS shows as 0.968."""
    price = Decimal("0.968125")
    assert prices(marts, "Trainium1-32GB") == [
        ("2026-10-01", "capacity_block", 200, 0, 0, 200 * price, price, price, price),
        ("2026-10-02", "capacity_block", 184, 0, 0, 184 * price, price, price, price),
    ]


def test_an_undeclared_block_has_hours_and_no_price(marts):
    """Red Hat's 0.13 is not what an hour of eight A100 costs."""
    assert prices(marts, "A100-40GB") == [
        ("2026-10-01", "capacity_block", 100, 0, 100, Decimal("1.625"), None, None, None),
        ("2026-10-02", "capacity_block", 92, 0, 92, Decimal("1.495"), None, None, None),
    ]
    assert marts.execute(
        "select capacity_reservation_id, instance_type, fee_cost, unspread_fee_cost, instance_hours, unpriced_instance_hours"
        " from quality.capacity_blocks where not is_spread"
    ).fetchall() == [(f"{ARN}cr-unknown", "p4d.24xlarge", 354, 354, 24, 24)]


def test_declared_blocks_are_spread_whole(marts):
    assert marts.execute(
        "select capacity_reservation_id, fee_cost, spread_cost, instance_hours from quality.capacity_blocks where is_spread order by all"
    ).fetchall() == [
        (f"{ARN}cr-few", Decimal("900.009"), Decimal("900.009"), 72),
        (f"{ARN}cr-p5", Decimal("1887.84"), Decimal("1887.84"), 48),
        ("melbourne", Decimal("371.76"), Decimal("371.76"), 24),
    ]


def test_b1_a_block_costs_its_fee_to_the_last_place(marts):
    """The list price is before the tenth off; hours beyond the declared ones share the day."""
    assert marts.execute(
        'select ChargeCategory, sum("BilledCost"), sum("EffectiveCost"), sum("ListCost"), sum("ContractedCost") from focus.cost_and_usage'
        f" where CapacityReservationId = '{ARN}cr-few' group by all order by all"
    ).fetchall() == [
        ("Purchase", Decimal("900.009"), 0, Decimal("900.009"), Decimal("900.009")),
        ("Usage", 0, Decimal("900.009"), Decimal("1000.01"), Decimal("900.009")),
    ]
    # fees, tax and credit, 24 hours of Red Hat, the other machine: 1887.84 + 371.76 + 354 + 900.009 + 10 - 4 + 3.12 + 5
    assert marts.execute("select sum(BilledCost), sum(EffectiveCost) from focus.cost_and_usage").fetchall() == [
        (Decimal("3527.729"), Decimal("3527.729"))
    ]


def test_what_is_left_of_a_block_is_its_balance(marts):
    assert marts.execute(
        "select contract_id, purchased, drawn, expired, closing_balance, committed_quantity, used_quantity_to_date"
        " from accountability.commitment_balance_monthly where kind = 'capacity_block' order by 1"
    ).fetchall() == [
        ("cr-few", Decimal("900.009"), Decimal("900.009"), 0, 0, 48, 72),
        # 33.5 of 48 hours ran at 39.33
        ("cr-p5", Decimal("1887.84"), Decimal("1317.555"), Decimal("570.285"), 0, 48, Decimal("33.5")),
        ("melbourne", Decimal("371.76"), Decimal("371.76"), 0, 0, 24, 24),
    ]


def test_law_8_a_day_is_the_same_whichever_days_a_night_builds(database):
    rows = "select * from focus.vendor_charges order by all"
    with duckdb.connect(str(database)) as con:
        before = con.execute(rows).fetchall()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AI_FINOPS_AS_OF", AS_OF.isoformat())
        patch.setenv("AI_FINOPS_DIRTY_DAYS", "2026-10-02")
        run_dbt(database, "run", ["vendor_charges"])
    with duckdb.connect(str(database)) as con:
        assert con.execute(rows).fetchall() == before
