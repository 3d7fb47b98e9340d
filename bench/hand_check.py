"""Whether the yardstick is right: its hourly costs against the published ones."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.publishing.versions import current_version


def compare(groups: Path, published: Path) -> dict:
    """Compare hand SQL's groups with the published list costs, hour by hour.

    The yardstick does not look for repeated rows, so hours in which it has more requests than were published are left
    out.

    Returns:
        Requests that both have, list cost in dollars by both over the hours compared, and hours left out.
    """
    version = current_version(published)
    if version is None:
        raise RuntimeError(f"nothing is published in {published}")
    files = version / "parquet" / "core" / "fct_inference_requests"
    requests_compared, by_hand, ours, left_out = (
        duckdb.connect()
        .execute(
            f"""
            with hand as (
                select usage_hour, sum(requests) as requests, sum(cost) as cost
                from '{groups}' where provider_id <> 'self_hosted' group by 1),
            published as (
                select usage_hour, count(*) as requests, sum(list_cost) as cost
                from read_parquet('{files}/**/*.parquet', hive_partitioning = false)
                where is_of_record and provider_id <> 'self_hosted' group by 1),
            hours as (
                select hand.requests as hand_requests, hand.cost as hand_cost, published.requests, published.cost
                from hand full join published using (usage_hour))
            select cast(sum(requests) filter (hand_requests = requests) as bigint),
                cast(sum(hand_cost) filter (hand_requests = requests) as varchar),
                cast(sum(cost) filter (hand_requests = requests) as varchar),
                count(*) filter (hand_requests is distinct from requests)
            from hours"""
        )
        .fetchone()
    )
    return {
        "requests": requests_compared,
        "list_cost_by_hand": by_hand,
        "list_cost_published": ours,
        "equal": by_hand is not None and float(by_hand) == float(ours),
        "hours_left_out": left_out,
    }
