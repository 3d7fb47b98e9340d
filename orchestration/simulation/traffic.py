"""Model requests, one day at a time: what was really asked, before any meter or bill looks at it.

Memory is bounded by one day. Token counts are in disjoint classes from the start; each writer adds them up the way its
vendor reports them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa

from .company import Route, customers
from .timeline import DAY, HOUR, Timeline, epoch, rng

# Hours of a working day weigh more; index = UTC hour.
_HOURS = np.array([3, 2, 2, 2, 2, 3, 4, 6, 9, 11, 12, 12, 11, 12, 13, 13, 12, 11, 9, 7, 6, 5, 4, 4], dtype=float)
_WEEKDAYS = (1.1, 1.15, 1.15, 1.1, 1.0, 0.7, 0.65)
_MIX = 0x9E3779B97F4A7C15  # odd: multiplication modulo 2**64 keeps ids unique and looks random
BYPASS_SHARE = 0.03  # calls that reach the vendor without passing the meter
FAILED, CACHE_HIT, OK = 2, 1, 0


def day_of_requests(
    day: date, routes: Sequence[Route], requests: float, *, seed: int, meter: str, timeline: Timeline
) -> pa.Table:
    """One row per request of a day, ordered by time.

    Columns: `id` (uint64, unique), `second` (epoch), `route` (index into `routes`), `customer` (index, -1 = none),
    `metered` (false: the meter never saw it), `outcome` (OK, CACHE_HIT or FAILED), `retry` (attempts before this one),
    `above` (long-context price applies), the token classes, and `latency_ms`.
    """
    random = rng(seed, "traffic", meter, day.isoformat())
    growth = 1.0 + 0.15 * (day - timeline.start.date()).days / 92
    count = int(random.poisson(requests * growth * _WEEKDAYS[day.weekday()]))
    live = np.array([r.from_day is None or day >= timeline.day_of(*r.from_day) for r in routes])
    weights = np.array([r.weight for r in routes]) * live
    route = random.choice(len(routes), size=count, p=weights / weights.sum())
    second = (
        random.choice(24, size=count, p=_HOURS / _HOURS.sum()) * HOUR
        + random.integers(0, HOUR, size=count)
        + epoch(day)
    )
    order = np.lexsort((route, second))
    route, second = route[order], second[order]

    def per_route(values) -> np.ndarray:
        return np.array(values)[route]

    limit = per_route([r.context_limit for r in routes])
    total = np.exp(random.normal(np.log(per_route([r.context for r in routes])), 0.65, size=count))
    total = np.clip(total, 200, limit).astype(np.int64)
    is_long = random.random(count) < per_route([r.long_share for r in routes])
    total = np.where(is_long, random.integers(272_001, 390_000, size=count), total)
    if day.day % 2:  # every other day one request exactly on the threshold: still the base price
        total[np.flatnonzero(is_long)[:1]] = 272_000
    read_share = np.clip(random.normal(per_route([r.read for r in routes]), 0.15), 0, 0.9) * (
        per_route([r.read for r in routes]) > 0
    )
    write_share = np.clip(random.normal(per_route([r.write for r in routes]), 0.04), 0, 0.09) * (
        per_route([r.write for r in routes]) > 0
    )
    read = (total * read_share).astype(np.int64)
    write = (total * write_share).astype(np.int64)
    answer_median = per_route([max(r.answer, 1) for r in routes])
    answer = np.exp(random.normal(np.log(answer_median), 0.7, size=count)).astype(np.int64) + 1
    answer = np.where(per_route([r.answer for r in routes]) == 0, 0, np.minimum(answer, 60_000))
    reasoning = (
        answer
        * np.clip(random.normal(per_route([r.reasoning for r in routes]), 0.1), 0, 0.95)
        * (per_route([r.reasoning for r in routes]) > 0)
    ).astype(np.int64)

    shares = np.array([c.share for c in customers()])
    customer = random.choice(len(shares), size=count, p=shares / shares.sum())
    customer = np.where(per_route([r.for_customers for r in routes]), customer, -1)

    draw = random.random(count)
    outcome = np.where(draw < 0.012, FAILED, OK)
    bypass = random.random(count) < (BYPASS_SHARE if meter == "litellm" else 0.02)
    if meter == "litellm":
        answers_from_cache = per_route([r.feature in ("suggestions", "answers", "triage") for r in routes])
        outcome = np.where((draw > 0.96) & answers_from_cache, CACHE_HIT, outcome)
        outage = (second >= epoch(timeline.day_of(1, 16), 15)) & (second < epoch(timeline.day_of(1, 16), 16))
        outcome = np.where(outage & per_route([r.provider == "openai" for r in routes]), FAILED, outcome)
    bypass &= outcome == OK
    long_context = (total > 272_000) & per_route([r.long_share > 0 for r in routes])
    bypass &= ~long_context
    failed = outcome == FAILED
    ttl_1h = per_route([r.cache_ttl == "1h" for r in routes])
    openai = per_route([r.provider == "openai" for r in routes])
    zero = np.zeros(count, dtype=np.int64)

    def tokens(values: np.ndarray) -> np.ndarray:
        return np.where(failed, zero, values)

    first = np.uint64(epoch(day) // DAY) << np.uint64(40)
    ids = (first + np.arange(count, dtype=np.uint64)) * np.uint64(_MIX)
    return pa.table(
        {
            "id": ids,
            "second": second,
            "route": route.astype(np.int32),
            "customer": customer.astype(np.int32),
            "metered": ~bypass,
            "outcome": outcome.astype(np.int8),
            "retry": (random.random(count) < 0.01).astype(np.int8),
            "above": long_context,
            "input_uncached_text_tokens": tokens(total - read - write),
            "input_cache_read_tokens": tokens(read),
            "input_cache_write_5m_tokens": tokens(np.where(~openai & ~ttl_1h, write, zero)),
            "input_cache_write_1h_tokens": tokens(np.where(~openai & ttl_1h, write, zero)),
            "input_cache_write_unspecified_tokens": tokens(np.where(openai, write, zero)),
            "output_text_tokens": tokens(answer - reasoning),
            "output_reasoning_tokens": tokens(reasoning),
            "latency_ms": (400 + answer * random.uniform(6, 14, size=count)).astype(np.int64),
        }
    )


TOKEN_CLASSES = (
    "input_uncached_text",
    "input_cache_read",
    "input_cache_write_5m",
    "input_cache_write_1h",
    "input_cache_write_unspecified",
    "output_text",
    "output_reasoning",
)
# what a vendor's bill line tells apart
BILLING_CLASS = {
    "input_uncached_text": "input",
    "input_cache_read": "cache_read",
    "input_cache_write_5m": "cache_write",
    "input_cache_write_1h": "cache_write",
    "input_cache_write_unspecified": "cache_write",
    "output_text": "output",
    "output_reasoning": "output",
}
