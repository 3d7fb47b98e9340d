{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'charge_date'}) }}

-- The charges of each declared commitment, each of one prepaid one at most and of one agreement to spend: what names it is closer than what
-- shares its account. What is billed and
-- costs nothing yet adds to a balance, what costs and is not billed draws from it (or, unused, expires it); refunds take back.
-- An agreement to spend is drawn by what is billed, as is a balance whose bill charges prepaid use in full.
with commitments as (

    select * from {{ ref('int_commitments') }}

),

matched as (

    select
        charges.x_ChargeId as charge_id,
        commitments.contract_id,
        commitments.kind,
        commitments.drawdown,
        charges.x_ChargeDate as charge_date,
        charges.ChargeCategory as charge_category,
        charges.ChargeClass as charge_class,
        coalesce(
            charges.CommitmentDiscountStatus,
            case when commitments.match_field = 'capacity_reservation_id' then charges.CapacityReservationStatus end
        ) as commitment_status,
        charges.BilledCost as billed_cost,
        charges.EffectiveCost as effective_cost,
        coalesce(
            charges.CommitmentDiscountQuantity,
            charges.x_UsageQuantity,
            case when commitments.kind = 'capacity_block' then charges.ConsumedQuantity end
        ) as quantity,
        charges.BillingAccountId as billing_account_id,
        charges.BillingAccountName as billing_account_name,
        charges.ServiceProviderName as service_provider_name,
        charges.ServiceName as service_name,
        charges.ServiceCategory as service_category,
        charges.ServiceSubcategory as service_subcategory,
        charges.InvoiceIssuerName as invoice_issuer_name,
        charges.x_AiScope as ai_scope,
        row_number() over (
            partition by charges.x_ChargeId, case when commitments.kind = 'enterprise_agreement' then 1 else 0 end
            order by
                case commitments.match_field
                    when 'commitment_discount_id' then 1 when 'capacity_reservation_id' then 1 when 'sub_account_id' then 2 when 'service_name' then 3 else 4
                end,
                commitments.contract_id
        ) as closeness
    from {{ ref('vendor_charges') }} as charges
    inner join commitments
        on
            charges.BillingCurrency = commitments.currency
            and charges.x_ChargeDate >= commitments.valid_from
            and charges.x_ChargeDate < commitments.valid_to
            and (commitments.invoice_issuer_name is null or charges.InvoiceIssuerName = commitments.invoice_issuer_name)
            and (commitments.billing_account_id is null or charges.BillingAccountId = commitments.billing_account_id)
            and (
                commitments.match_field = 'billing_account_id' and charges.BillingAccountId = commitments.match_value
                or commitments.match_field = 'sub_account_id' and charges.SubAccountId = commitments.match_value
                or commitments.match_field = 'service_name' and charges.ServiceName = commitments.match_value
                or commitments.match_field = 'capacity_reservation_id' and (
                    charges.CapacityReservationId = commitments.match_value
                    or charges.CapacityReservationId like '%/' || commitments.match_value
                )
                or commitments.match_field = 'commitment_discount_id' and (
                    charges.CommitmentDiscountId = commitments.match_value
                    or charges.ContractApplied like '%"' || commitments.match_value || '"%'
                )
            )
    where charges.ChargeCategory in ('Usage', 'Purchase')
        and {{ in_dirty_days('charges.x_ChargeDate') }}

),

moved as (

    select
        *,
        case
            when kind = 'enterprise_agreement' then 'drawn'
            when charge_category = 'Purchase' and (coalesce(charge_class, '') = 'Correction' or billed_cost < 0) then 'adjusted'
            when charge_category = 'Purchase' then 'purchased'
            when commitment_status = 'Unused' then 'expired'
            else 'drawn'
        end as movement
    from matched
    where closeness = 1

)

select
    charge_id,
    contract_id,
    charge_date,
    movement,
    cast(case
        when movement in ('purchased', 'adjusted') then billed_cost - effective_cost
        when kind = 'enterprise_agreement' or drawdown = 'derived' then billed_cost
        else effective_cost - billed_cost
    end as decimal(38, 12)) as amount,
    billed_cost,
    effective_cost,
    quantity,
    billing_account_id,
    billing_account_name,
    service_provider_name,
    service_name,
    service_category,
    service_subcategory,
    invoice_issuer_name,
    ai_scope
from moved
