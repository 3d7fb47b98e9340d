{{ config(materialized='table') }}

-- The charges whose ledger rows this run writes: all that touch a dirty day, whole, so that each one's splits add up.
with bills as (

    select
        x_ChargeId as charge_id,
        x_ChargeDate as charge_date,
        ChargeCategory as charge_category,
        ChargePeriodStart as charge_period_start,
        ChargePeriodEnd as charge_period_end,
        greatest(
            cast(ChargePeriodEnd - interval 1 microsecond as date), x_ChargeDate
        ) as last_day,
        cast(BillingPeriodStart as date) as billing_period_start,
        cast(BillingPeriodEnd as date) as billing_period_end,
        BillingCurrency as billing_currency,
        InvoiceId as invoice_id,
        InvoiceIssuerName as invoice_issuer_name,
        ServiceProviderName as service_provider_name,
        ServiceName as service_name,
        ServiceCategory as service_category,
        SkuMeter as sku_meter,
        BillingAccountId as billing_account_id,
        SubAccountId as sub_account_id,
        ResourceId as resource_id,
        coalesce(x_MachineId, ResourceId) as machine_id,
        "Tags" as tags,
        -- reserved capacity that nobody ran on is a commitment too, whatever discount covers it
        coalesce(CommitmentDiscountStatus = 'Unused' or CapacityReservationStatus = 'Unused', false) as is_unused_commitment,
        x_Feed as feed,
        x_Source as source,
        x_AiScope as ai_scope,
        x_MeterScope as meter_scope,
        x_ProjectId as bill_project_id,
        x_CredentialId as credential_id,
        x_PrincipalId as principal_id,
        x_ModelId as model_id,
        x_BillingTokenClass as billing_token_class,
        x_UsageQuantity as usage_quantity,
        x_UsageUnit as usage_unit,
        x_ServiceTier as service_tier,
        BilledCost as billed_cost,
        EffectiveCost as effective_cost,
        x_InstanceType as instance_type
    from {{ ref('cost_and_usage') }}

),

charges as (

    select
        bills.*,
        specs.accelerator_type
    from bills
    left join {{ ref('instance_specs') }} as specs on bills.instance_type = specs.instance_type

),

of_this_run as (

    select * from charges
    where {{ overlaps_ledger_days('charge_date', 'last_day') }}

),

filling as (

    select source, max(lag_days) as lag_days
    from {{ ref('stg_pipeline__bill_marks') }}
    group by source

),

invoiced as (

    select distinct invoice_issuer_name, billing_account_id, billing_period_start
    from {{ ref('int_invoices') }}

)

select
    of_this_run.*,
    -- The issuer's own word goes first: an invoice may be out while lines still come.
    case
        when periods.billing_period_status = 'Closed' then 'billed_closed'
        when periods.billing_period_status = 'Open' then 'billed_open'
        when invoiced.invoice_issuer_name is not null then 'billed_closed'
        when
            of_this_run.invoice_id is not null
            and of_this_run.billing_period_end + coalesce(filling.lag_days, 0) <= cast({{ as_of() }} as date)
            then 'billed_closed'
        else 'billed_open'
    end as cost_status,
    -- Only use is split by what was measured; the rest goes to its buyer.
    of_this_run.charge_category = 'Usage' and not of_this_run.is_unused_commitment as is_metered_use,
    date_trunc('hour', of_this_run.charge_period_start) as first_hour,
    of_this_run.charge_period_end
    <= date_trunc('hour', of_this_run.charge_period_start) + interval 1 hour as is_single_hour
from of_this_run
left join filling on of_this_run.source = filling.source
left join invoiced
    on
        of_this_run.invoice_issuer_name = invoiced.invoice_issuer_name
        and of_this_run.billing_account_id = invoiced.billing_account_id
        and of_this_run.billing_period_start = invoiced.billing_period_start
left join {{ ref('int_billing_periods') }} as periods
    on
        of_this_run.invoice_issuer_name = periods.invoice_issuer_name
        and of_this_run.billing_period_start = periods.billing_period_start
