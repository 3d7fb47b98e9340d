with named as (

    select
        *,
        -- FOCUS 1.4 names the type of a Contract Commitment in the vendor's own words
        case
            when lower(kind) in (
                'prepaid_credit', 'enterprise_agreement', 'take_or_pay', 'provisioned_throughput', 'savings_plan', 'reservation',
                'capacity_block'
            ) then lower(kind)
            when lower(kind) like '%capacity%block%' then 'capacity_block'
            when lower(kind) like '%savings plan%' then 'savings_plan'
            when lower(kind) like '%reserv%' then 'reservation'
            when lower(kind) like '%provisioned%' or lower(kind) like '%throughput%' then 'provisioned_throughput'
            when lower(kind) like '%credit%' or lower(kind) like '%prepa%' then 'prepaid_credit'
            when lower(category) = 'usage' then 'take_or_pay'
            else 'enterprise_agreement'
        end as known_kind
    from {{ source('reference', 'commitments') }}

)

select
    contract_id,
    known_kind as kind,
    invoice_issuer_name,
    billing_account_id,
    upper(currency) as currency,
    cast(committed_amount as decimal(38, 12)) as committed_amount,
    cast(committed_quantity as decimal(38, 9)) as committed_quantity,
    quantity_unit,
    case when lower(fulfilment) in ('month', 'monthly') then 'month' else 'term' end as fulfilment,
    coalesce(
        lower(match_field), case when known_kind = 'capacity_block' then 'capacity_reservation_id' else 'commitment_discount_id' end
    ) as match_field,
    coalesce(match_value, contract_id) as match_value,
    -- what is promised and paid as it is spent stands on no bill as a purchase
    case when known_kind = 'enterprise_agreement' then 'declared' else coalesce(lower(purchase), 'billed') end as purchase,
    coalesce(lower(drawdown), 'billed') as drawdown,
    unit_id,
    valid_from,
    valid_to,
    coalesce(starts_at, cast(valid_from as timestamp)) as starts_at,
    coalesce(ends_at, cast(valid_to as timestamp)) as ends_at,
    instance_type
from named
