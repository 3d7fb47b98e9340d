"""Every published rate times its own denominator is its cost, and tokens are not the only denominator."""

from __future__ import annotations

import duckdb
import pytest

PER_MILLION = 1_000_000
# model: (rate, cost, quantity, how many the rate is for)
RATES = {
    "cost_per_model_daily": [
        ("cost_per_request", "metered_cost", "requests", 1),
        ("input_cost_per_million_tokens", "input_cost", "input_tokens", PER_MILLION),
        ("cache_read_cost_per_million_tokens", "cache_read_cost", "cache_read_tokens", PER_MILLION),
        ("cache_write_cost_per_million_tokens", "cache_write_cost", "cache_write_tokens", PER_MILLION),
        ("output_cost_per_million_tokens", "output_cost", "output_tokens", PER_MILLION),
        ("cost_per_million_tokens", "metered_cost", "total_tokens", PER_MILLION),
        ("allocated_cost_per_million_tokens", "net_unit_cost", "total_tokens", PER_MILLION),
    ],
    "cost_per_inference_daily": [("cost_per_request", "metered_cost", "requests", 1)],
    "cost_per_gpu_hour_daily": [
        ("cost_per_paid_gpu_hour", "node_cost", "paid_gpu_hours", 1),
        ("cost_per_allocated_gpu_hour", "node_cost", "allocated_gpu_hours", 1),
        ("cost_per_productive_gpu_hour", "node_cost", "productive_gpu_hours", 1),
        ("list_cost_per_paid_gpu_hour", "list_cost", "list_priced_gpu_hours", 1),
        (
            "list_cost_per_allocated_gpu_hour",
            "case when list_priced_gpu_hours = paid_gpu_hours then list_cost end",
            "allocated_gpu_hours",
            1,
        ),
        (
            "list_cost_per_productive_gpu_hour",
            "case when list_priced_gpu_hours = paid_gpu_hours then list_cost end",
            "productive_gpu_hours",
            1,
        ),
        ("contracted_cost_per_paid_gpu_hour", "contracted_cost", "contract_priced_gpu_hours", 1),
        (
            "contracted_cost_per_allocated_gpu_hour",
            "case when contract_priced_gpu_hours = paid_gpu_hours then contracted_cost end",
            "allocated_gpu_hours",
            1,
        ),
        (
            "contracted_cost_per_productive_gpu_hour",
            "case when contract_priced_gpu_hours = paid_gpu_hours then contracted_cost end",
            "productive_gpu_hours",
            1,
        ),
    ],
    "cost_per_training_run": [
        ("cost_per_gpu_hour", "compute_cost", "gpu_hours", 1),
        ("cost_per_step", "net_unit_cost", "steps", 1),
        ("cost_per_epoch", "net_unit_cost", "epochs", 1),
    ],
}
# A rate is rounded to nine places.
ROUNDED = 0.0000000005


@pytest.fixture(scope="module")
def published(week_published):
    with duckdb.connect() as con:
        con.execute(f"attach '{week_published.marts}' as marts (read_only)")
        yield con


@pytest.mark.parametrize(("model", "rate"), [(model, rate) for model, rates in RATES.items() for rate in rates])
def test_g14_a_rate_times_its_denominator_is_its_cost(published, model, rate):
    name, cost, quantity, per = rate
    [(rows, wrong)] = published.execute(
        f"select count({name}), count(*) filter (where case when coalesce({quantity}, 0) = 0 then {name} is not null"
        f" else {name} is null or abs({name}::double * {quantity} / {per} - {cost}) > {quantity} / {per} * {ROUNDED} + 1e-9 end)"
        f" from marts.unit_economics.{model} where {cost} is not null"
    ).fetchall()
    assert rows > 0
    assert wrong == 0


def test_t25_models_of_two_vendors_can_be_compared_by_request(published):
    """Tokenisers differ, so wherever a price of a million tokens stands, so does that of a request."""
    [(models, vendors, without)] = published.execute(
        "select count(distinct model_id), count(distinct provider_id),"
        " count(*) filter (where cost_per_million_tokens is not null and cost_per_request is null)"
        " from marts.unit_economics.cost_per_model_daily where requests > 0"
    ).fetchall()
    assert (models > 3, vendors > 2, without) == (True, True, 0)
