"""FOCUS 1.4's Invoice Detail and Billing Period, landed beside the books' invoices."""

from __future__ import annotations

DETAIL = (
    "BilledCost,BillingAccountId,BillingCurrency,BillingPeriodEnd,BillingPeriodStart,ChargeCategory,InvoiceDetailCreated,"
    "InvoiceDetailDescription,InvoiceDetailGrain,InvoiceDetailId,InvoiceDetailLastUpdated,InvoiceId,InvoiceIssueDate,"
    "InvoiceIssueStatus,InvoiceIssuerName,PaymentDueDate,PaymentTerms,ReferenceInvoiceId\n"
)
PERIOD = "BillingPeriodCreated,BillingPeriodEnd,BillingPeriodLastUpdated,BillingPeriodStart,BillingPeriodStatus,InvoiceIssuerName\n"


def line(number: str, cost: str, status: str, updated: str) -> str:
    return (
        f"{cost},acct,USD,2026-10-01T00:00:00Z,2026-09-01T00:00:00Z,Usage,2026-10-01T00:00:00Z,Usage,{{}},{number},"
        f"{updated},INV-1,2026-10-03T00:00:00Z,{status},Issuer Inc,2026-11-02T00:00:00Z,Net 30,\n"
    )


def test_an_invoice_line_is_replaced_by_its_newer_state(own_schemas):
    own_schemas.deliver("accounting", DETAIL + line("1", "10.50", "Open", "2026-10-01T00:00:00Z"), "invoice_detail.csv")
    own_schemas.deliver(
        "accounting", DETAIL + line("1", "11.25", "Issued", "2026-10-03T00:00:00Z"), "invoice_detail.csv"
    )
    assert own_schemas.query("select invoice_id, billed_cost, invoice_issue_status from raw.invoice_details") == [
        ("INV-1", "11.25", "Issued")
    ]
    assert own_schemas.query("select count(*) from raw.invoices") == [(0,)]


def test_a_status_that_focus_does_not_know_is_rejected(own_schemas):
    result = own_schemas.deliver(
        "accounting", DETAIL + line("1", "10.50", "Paid", "2026-10-01T00:00:00Z"), "invoice_detail.csv"
    )
    assert (result.loaded, result.rejected) == (0, 1)
    assert own_schemas.query("select count(*) from raw.invoice_details") == [(0,)]


def test_a_closed_billing_period_replaces_the_open_one(own_schemas):
    for status, updated in (("Open", "2026-09-01T00:00:00Z"), ("Closed", "2026-10-05T00:00:00Z")):
        row = f"2026-09-01T00:00:00Z,2026-10-01T00:00:00Z,{updated},2026-09-01T00:00:00Z,{status},Issuer Inc\n"
        own_schemas.deliver("accounting", PERIOD + row, "billing_period.csv")
    assert own_schemas.query("select invoice_issuer_name, billing_period_status from raw.billing_periods") == [
        ("Issuer Inc", "Closed")
    ]
