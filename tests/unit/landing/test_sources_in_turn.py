"""Sources are judged and committed one after the other; what is refused of one leaves the others alone."""

from __future__ import annotations

import pytest

from orchestration.landing.candidate import Verdict

CALLS = "id,Time,model,TokenCount\nc{day},2026-11-0{day}T10:00:00Z,m,1\n"
BILL = "account,starts_at,ends_at,cost\n1,2026-11-0{day} 00:00:00,2026-11-0{day} 01:00:00,{cost}\n"


def test_gate_1_is_asked_once_a_source_and_deliveries_keep_their_order(warehouse):
    warehouse.land("bill", BILL.format(day=1, cost=1), version="1")
    warehouse.land("calls", CALLS.format(day=1), version="2")
    warehouse.land("bill", BILL.format(day=1, cost=2), version="3")
    asked = []

    def judge(candidates):
        asked.append([(one.table.name, one.delivery.version) for one in candidates])
        return {one.candidate_id: Verdict(one.table.name == "bill", "not today") for one in candidates}

    results = warehouse.load(judge=judge)
    assert asked == [[("bill", "1"), ("bill", "3")], [("calls", "2")]]
    assert [(one.table, one.outcome) for one in results] == [
        ("bill", "loaded"), ("bill", "loaded"), ("calls", "refused"),
    ]  # fmt: skip
    assert warehouse.query("select cost from raw.bill") == [("2",)]


def test_a_gate_that_breaks_ends_the_load_and_what_was_committed_stays(warehouse):
    warehouse.land("bill", BILL.format(day=1, cost=1), version="1")
    warehouse.land("calls", CALLS.format(day=1), version="2")

    def judge(candidates):
        if candidates[0].table.name == "calls":
            raise RuntimeError("broken")
        return {one.candidate_id: Verdict(True, "") for one in candidates}

    with pytest.raises(RuntimeError, match="broken"):
        warehouse.load(judge=judge)
    assert warehouse.query("select count(*) from raw.bill") == [(1,)]
    assert [one.outcome for one in warehouse.load()] == ["loaded"]
