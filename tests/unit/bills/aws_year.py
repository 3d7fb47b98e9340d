"""A year of an AWS payer's bill, by the vendor's published rules and plain arithmetic: two savings plans, a reservation, a private discount.

Nothing here reads the project. Amounts have ten places, as AWS writes them; net amounts have twelve.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

START, END = datetime(2025, 11, 1), datetime(2026, 11, 1)
HOURS = 8760
DISCOUNT = Decimal("0.09")
HALF_PLAN, FULL_PLAN, RESERVATION = (
    "arn:aws:savingsplans::1:savingsplan/half",
    "arn:aws:savingsplans::1:savingsplan/full",
    "arn:ri",
)
# dollars an hour: half of the first plan and all of the second are paid upfront
HALF_COMMITMENT, FULL_COMMITMENT = Decimal(10), Decimal(4)
HALF_UPFRONT, HALF_RECURRING, FULL_UPFRONT = Decimal(43_800), Decimal(5), Decimal(35_040)
# two reserved instances: 3,000 upfront each and 0.40 an hour each
RESERVED, RESERVED_UPFRONT, RESERVED_RECURRING = 2, Decimal(3_000), Decimal("0.40")

LEGACY = {
    "bill_payer_account_id": "bill/PayerAccountId",
    "bill_billing_period_start_date": "bill/BillingPeriodStartDate",
    "bill_billing_period_end_date": "bill/BillingPeriodEndDate",
    "line_item_usage_account_id": "lineItem/UsageAccountId",
    "line_item_line_item_type": "lineItem/LineItemType",
    "line_item_usage_start_date": "lineItem/UsageStartDate",
    "line_item_usage_end_date": "lineItem/UsageEndDate",
    "line_item_product_code": "lineItem/ProductCode",
    "line_item_usage_type": "lineItem/UsageType",
    "line_item_usage_amount": "lineItem/UsageAmount",
    "line_item_currency_code": "lineItem/CurrencyCode",
    "line_item_unblended_cost": "lineItem/UnblendedCost",
    "pricing_public_on_demand_cost": "pricing/publicOnDemandCost",
    "pricing_unit": "pricing/unit",
    "pricing_term": "pricing/term",
    "product_sku": "product/sku",
    "savings_plan_savings_plan_a_r_n": "savingsPlan/SavingsPlanARN",
    "savings_plan_savings_plan_effective_cost": "savingsPlan/SavingsPlanEffectiveCost",
    "savings_plan_total_commitment_to_date": "savingsPlan/TotalCommitmentToDate",
    "savings_plan_used_commitment": "savingsPlan/UsedCommitment",
    "reservation_reservation_a_r_n": "reservation/ReservationARN",
    "reservation_effective_cost": "reservation/EffectiveCost",
    "reservation_unused_amortized_upfront_fee_for_billing_period": "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
    "reservation_unused_recurring_fee": "reservation/UnusedRecurringFee",
    "reservation_unused_quantity": "reservation/UnusedQuantity",
}
# the gross column and its net one, where the report has both
NET = {
    "line_item_unblended_cost": "line_item_net_unblended_cost",
    "savings_plan_savings_plan_effective_cost": "savings_plan_net_savings_plan_effective_cost",
    "reservation_effective_cost": "reservation_net_effective_cost",
    "reservation_unused_amortized_upfront_fee_for_billing_period": "reservation_net_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee": "reservation_net_unused_recurring_fee",
    "upfront_part": "savings_plan_net_amortized_upfront_commitment_for_billing_period",
    "recurring_part": "savings_plan_net_recurring_commitment_for_billing_period",
}


def _money(amount: Decimal, places: str = "0.0000000001") -> Decimal:
    return amount.quantize(Decimal(places), ROUND_HALF_EVEN)


@dataclass
class Year:
    """Lines of the payer, and what they must come to before the discount.

    Attributes:
        lines: Vendor column (CUR 2.0) -> value, one a line.
        paid: Commitment -> dollars paid for it over its term.
        unused: Commitment -> dollars of it that nothing used.
        other: Dollars of everything that is no commitment, before the discount that applies to usage.
        used_hours: Hours of instances that ran, as usage lines count them.
    """

    lines: list[dict[str, object]]
    paid: dict[str, Decimal]
    unused: dict[str, Decimal]
    other: Decimal
    used_hours: Decimal


def _line(kind: str, start: datetime, end: datetime, cost: Decimal, **more: object) -> dict[str, object]:
    month = start.replace(day=1, hour=0)
    after = (month + timedelta(days=32)).replace(day=1)
    return {
        "bill_billing_period_start_date": month, "bill_billing_period_end_date": after, "line_item_usage_account_id": "222222222222",
        "line_item_line_item_type": kind, "line_item_usage_start_date": start, "line_item_usage_end_date": end,
        "line_item_product_code": "AmazonEC2", "line_item_currency_code": "USD", "line_item_unblended_cost": cost, "pricing_unit": "Hrs",
        "pricing_term": "OnDemand", "product_sku": "R3D2C3P0BB8",
    } | more  # fmt: skip


def _plan_hour(
    at: datetime, span: timedelta, plan: str, commitment: Decimal, upfront: Decimal, used: Decimal, hours: Decimal
) -> list[dict]:
    """Covered usage at 30 % below on demand, its negation, and the fee with both parts of the commitment."""
    price = _money(used / Decimal("0.7"))
    where = {
        "savings_plan_savings_plan_a_r_n": plan,
        "line_item_usage_type": "USE1-BoxUsage:p5.48xlarge",
        "line_item_usage_amount": hours,
    }
    covered = where | {"pricing_public_on_demand_cost": price, "savings_plan_savings_plan_effective_cost": used}
    fee = {
        "savings_plan_savings_plan_a_r_n": plan, "line_item_usage_amount": 1, "savings_plan_total_commitment_to_date": commitment,
        "savings_plan_used_commitment": used, "upfront_part": upfront, "recurring_part": commitment - upfront,
    }  # fmt: skip
    lines = [_line("SavingsPlanRecurringFee", at, at + span, commitment - upfront, **fee)]
    if used:
        lines += [
            _line("SavingsPlanCoveredUsage", at, at + span, price, **covered),
            _line("SavingsPlanNegation", at, at + span, -price, **where),
        ]
    return lines


def year() -> Year:
    """The payer's year; how much of a commitment is used in an hour or a day follows from its number."""
    lines: list[dict] = []
    paid = {
        HALF_PLAN: HALF_UPFRONT + HALF_RECURRING * HOURS,
        FULL_PLAN: FULL_UPFRONT,
        RESERVATION: RESERVED * (RESERVED_UPFRONT + RESERVED_RECURRING * HOURS),
    }
    unused = dict.fromkeys(paid, Decimal(0))
    hour, day = timedelta(hours=1), timedelta(days=1)
    used_hours = Decimal(0)
    term_end = END + timedelta(days=400)
    for plan, upfront in ((HALF_PLAN, HALF_UPFRONT), (FULL_PLAN, FULL_UPFRONT)):
        lines.append(_line("SavingsPlanUpfrontFee", START, term_end, upfront, savings_plan_savings_plan_a_r_n=plan))
    lines.append(_line("Fee", START, term_end, RESERVED * RESERVED_UPFRONT, reservation_reservation_a_r_n=RESERVATION))
    for number in range(HOURS):
        used = HALF_COMMITMENT * (number * 7 % 11) / 10 if number % 11 else Decimal(0)
        used = min(_money(used * Decimal("0.93")), HALF_COMMITMENT)
        lines += _plan_hour(START + number * hour, hour, HALF_PLAN, HALF_COMMITMENT, HALF_RECURRING, used, Decimal(1))
        unused[HALF_PLAN] += HALF_COMMITMENT - used
        used_hours += 1 if used else 0
    fixed = RESERVED_UPFRONT / HOURS
    idle = dict.fromkeys({at.replace(day=1) for at in (START + n * day for n in range(365))}, Decimal(0))
    for number in range(365):
        at = START + number * day
        commitment = FULL_COMMITMENT * 24
        used = _money(commitment * (number % 5) / 4)
        lines += _plan_hour(at, day, FULL_PLAN, commitment, commitment, used, Decimal(24))
        unused[FULL_PLAN] += commitment - used
        hours = Decimal((17 + number * 5) % 49)
        reserved = {
            "reservation_reservation_a_r_n": RESERVATION, "line_item_usage_type": "USE1-BoxUsage:g6e.12xlarge", "line_item_usage_amount": hours,
            "pricing_public_on_demand_cost": _money(hours * Decimal("1.20")),
            "reservation_effective_cost": _money(hours * (fixed + RESERVED_RECURRING)),
        }  # fmt: skip
        lines.append(_line("DiscountedUsage", at, at + day, Decimal(0), **reserved))
        idle[at.replace(day=1)] += 24 * RESERVED - hours
        used_hours += hours + (24 if used else 0)
    for month, hours in idle.items():
        end = (month + timedelta(days=32)).replace(day=1)
        total = (end - month).days * 24 * RESERVED
        fee = {
            "reservation_reservation_a_r_n": RESERVATION, "line_item_usage_amount": total, "reservation_unused_quantity": hours,
            "reservation_unused_amortized_upfront_fee_for_billing_period": _money(hours * fixed),
            "reservation_unused_recurring_fee": _money(hours * RESERVED_RECURRING),
        }  # fmt: skip
        # AWS ends the month of a reservation at its last second
        lines.append(_line("RIFee", month, end - timedelta(seconds=1), total * RESERVED_RECURRING, **fee))
        unused[RESERVATION] += hours * (fixed + RESERVED_RECURRING)
        on_demand = {
            "line_item_usage_amount": 100,
            "pricing_public_on_demand_cost": 130,
            "line_item_usage_type": "USE1-BoxUsage:m7i.8xlarge",
        }
        lines.append(_line("Usage", month, month + hour, Decimal(130), **on_demand))
        used_hours += 100
    return Year(lines, paid, unused, Decimal(130) * 12, used_hours)


def write(path: Path, payer: str, lines: list[dict[str, object]], *, net: bool) -> Path:
    """The net report is CUR 2.0 with net columns on every line; the gross one is the legacy layout, its discounts lines of their own."""
    rows = []
    if not net:
        months: dict[datetime, Decimal] = {}
        for line in lines:
            month = line["bill_billing_period_start_date"]
            months[month] = months.get(month, Decimal(0)) + line["line_item_unblended_cost"]
        for month, total in months.items():
            lines = [*lines, _line("EdpDiscount", month, month + timedelta(hours=1), -total * DISCOUNT)]
    for line in lines:
        row = {"bill_payer_account_id": payer} | line
        if net:
            row |= {
                name: _money(Decimal(line[gross]) * (1 - DISCOUNT), "0.000000000001")
                for gross, name in NET.items()
                if gross in line
            }
        rows.append({name: value for name, value in row.items() if name not in ("upfront_part", "recurring_part")})
    columns = list(LEGACY) + (list(NET.values()) if net else [])
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns if net else LEGACY.values())
        writer.writerows([row.get(name, "") for name in columns] for row in rows)
    return path
