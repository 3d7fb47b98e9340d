{{ config(materialized='table') }}

-- What a prepaid commitment costs and no bill says: a purchase that is only declared (billed, costs nothing yet), the part of use that a
-- bill charges although it was paid before (set off), and what lapsed (costs what it was, billed before). Over a term effective = billed.
-- A table, because readers get cost_and_usage as a view over what is published.
with commitments as (

    select * from {{ ref('int_commitments') }}
    -- an agreement to spend is paid as it is spent: nothing is prepaid
    where kind <> 'enterprise_agreement'

),

seen as (

    select
        contract_id,
        min(billing_account_id) as billing_account_id,
        min(billing_account_name) as billing_account_name,
        min(service_provider_name) as service_provider_name,
        min(service_name) as service_name,
        min(service_category) as service_category,
        min(service_subcategory) as service_subcategory,
        min(invoice_issuer_name) as invoice_issuer_name,
        min(ai_scope) as ai_scope
    from {{ ref('int_commitment_charges') }}
    group by contract_id

),

rows_of_days as (

    select contract_id, movement_date, 'Purchase' as charge_category, 'purchase' as role, purchased as billed_cost, 0 as effective_cost
    from {{ ref('int_commitment_movements') }}
    where contract_id in (select commitments.contract_id from commitments where commitments.purchase = 'declared')
    union all
    select contract_id, movement_date, 'Adjustment', 'drawdown of prepaid balance', -drawn, 0
    from {{ ref('int_commitment_movements') }}
    where contract_id in (select commitments.contract_id from commitments where commitments.drawdown = 'derived')
    union all
    select contract_id, movement_date, 'Usage', 'lapsed', 0, lapsed
    from {{ ref('int_commitment_movements') }}
    where contract_id in (select commitments.contract_id from commitments)

),

charges as (

    select
        rows_of_days.*,
        commitments.kind,
        commitments.currency,
        -- what lapsed was there until its last day
        case when rows_of_days.role = 'lapsed' then rows_of_days.movement_date - 1 else rows_of_days.movement_date end as charge_date,
        coalesce(commitments.billing_account_id, seen.billing_account_id) as billing_account_id,
        seen.billing_account_name,
        coalesce(seen.service_provider_name, commitments.invoice_issuer_name, 'unknown') as service_provider_name,
        coalesce(seen.service_name, commitments.kind) as service_name,
        coalesce(seen.service_category, 'Other') as service_category,
        seen.service_subcategory,
        coalesce(commitments.invoice_issuer_name, seen.invoice_issuer_name, 'unknown') as invoice_issuer_name,
        seen.ai_scope
    from rows_of_days
    inner join commitments on rows_of_days.contract_id = commitments.contract_id
    left join seen on rows_of_days.contract_id = seen.contract_id
    where rows_of_days.billed_cost <> 0 or rows_of_days.effective_cost <> 0

)

select
    {{ focus_charge({
        'BilledCost': 'billed_cost',
        'BillingAccountId': 'billing_account_id',
        'BillingAccountName': 'billing_account_name',
        'BillingCurrency': 'currency',
        'BillingPeriodEnd': "date_trunc('month', charge_date) + interval 1 month",
        'BillingPeriodStart': "date_trunc('month', charge_date)",
        'ChargeCategory': 'charge_category',
        'ChargeDescription': "contract_id || ': ' || role",
        'ChargeFrequency': "case role when 'drawdown of prepaid balance' then 'Usage-Based' else 'One-Time' end",
        'ChargePeriodEnd': 'charge_date + 1',
        'ChargePeriodStart': 'charge_date',
        'CommitmentDiscountCategory': "'Spend'",
        'CommitmentDiscountId': 'contract_id',
        'CommitmentDiscountStatus': "case when role = 'lapsed' then 'Unused' end",
        'CommitmentDiscountType': 'kind',
        'ContractedCost': 'billed_cost + effective_cost',
        'EffectiveCost': 'effective_cost',
        'HostProviderName': 'service_provider_name',
        'InvoiceIssuerName': 'invoice_issuer_name',
        'ListCost': 'billed_cost + effective_cost',
        'ProviderName': 'service_provider_name',
        'PublisherName': 'service_provider_name',
        'ServiceCategory': 'service_category',
        'ServiceName': 'service_name',
        'ServiceProviderName': 'service_provider_name',
        'ServiceSubcategory': 'service_subcategory',
        'x_ChargeId': hash_key(["'commitments'", 'contract_id', 'role', 'movement_date']),
        'x_ChargeDate': 'charge_date',
        'x_Source': "'commitments'",
        'x_Feed': 'contract_id',
        'x_AiScope': 'ai_scope',
    }) }}
from charges
