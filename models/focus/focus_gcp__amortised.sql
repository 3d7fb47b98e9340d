{#- What a SKU is of, named alike in use and in commitments: `A2 Instance Core running in Americas`, `Commitment v1: A2 Cpu in Americas for 1 Year`. -#}
{%- set resource -%}
    trim(regexp_replace(regexp_replace(regexp_replace(
        regexp_extract(lower(sku_name), '^(?:commitment v[0-9]+: )?(.+?)(?: attached to [a-z ]+)? (?:running )?in ', 1),
        '\b(n1|instance|predefined|custom)\b', ' ', 'g'), '\b(core|vcpu)\b', 'cpu', 'g'), ' +', ' ', 'g'))
{%- endset -%}
-- Google Cloud's export, amortised. Google bills commitments as a balance sheet: a fee whatever is used, use at its price, a credit for the
-- part of it that a commitment covers. So covered use seems to cost next to nothing and the fee buys nothing. Here a fee costs nothing
-- itself; what of it was used is the cost of the use that got the credit, the rest is a row of its own.
--   Commitments of resources: used is the quantity that the credits stand for, at the fee's price a unit.
--   Commitments of spend, former model: the fee names the SKU that it was used for, or none where nothing used it.
--   Commitments of spend, model since 2025: covered use has its own price, and a credit on the fee takes the used part away.
-- Where the export does not say what a fee was used for (no quantity, no name that matches), the fee keeps its cost.
with priced as (
    select
        *,
        cast(usage_start as date) as charge_date,
        cost + discount as net_cost,
        cost_type = 'regular' and commitment_credit_type is null and (
            coalesce(starts_with(sku_name, 'Commitment'), false) or coalesce(has_fee_offset, false)
            or (subscription_id is not null and coalesce(consumption_model, 'Default') = 'Default')
        ) as is_fee,
        pricing_amount / nullif(pricing_unit_quantity, 0) as pricing_quantity,
        {{ resource }} as resource_kind,
        {{ hash_key([
            'feed', 'billing_account_id', 'service_id', 'sku_id', 'usage_start', 'usage_end', 'project_id', 'region_id',
            'availability_zone', 'resource_id', 'resource_name', 'usage_amount', 'usage_unit', 'pricing_amount', 'pricing_unit',
            'effective_price', 'tier_start_amount', 'cost', 'cost_at_list', 'currency', 'discount', 'promotion', 'invoice_month',
            'cost_type', 'adjustment_id', 'subscription_id', 'consumption_model', 'machine_type', 'tags', 'export_time'
        ]) }} as content_key
    from {{ ref('stg_gcp__charges') }}
    where {{ at_focus_days('usage_start') }}
),

-- What may meet: a fee and the use that it covered, of one account, currency and day.
keyed as (
    select
        *,
        case
            when is_fee and usage_end > usage_start + interval '1' day then null
            when is_fee and starts_with(sku_name, 'Commitment v') then 'resource'
            when is_fee then 'spend'
            when commitment_credit_type = 'COMMITTED_USAGE_DISCOUNT' then 'resource'
            when commitment_credit_type is not null then 'spend'
        end as scheme,
        case
            when commitment_credit_type = 'COMMITTED_USAGE_DISCOUNT' or (is_fee and starts_with(sku_name, 'Commitment v'))
                then coalesce(region_id, '') || '|' || resource_kind
            when is_fee then originating_sku_id
            else sku_id
        end as covers,
        case when commitment_credit_type is not null then {{ allocate('pricing_quantity', '-commitment_credit', 'cost') }} end as covered_quantity
    from priced
),

pools as (
    select
        feed, billing_account_id, currency, charge_date, scheme, covers,
        sum(case when is_fee then pricing_quantity end) as committed_quantity,
        sum(case when not is_fee then covered_quantity end) as covered_quantity,
        sum(case when not is_fee then -commitment_credit end) as credited,
        sum(case when is_fee then 1 else 0 end) as fees
    from keyed
    where scheme is not null and covers is not null
    group by feed, billing_account_id, currency, charge_date, scheme, covers
),

-- Credited use that no fee is known for: it may be what a fee without a name was used for.
unmatched as (
    select distinct feed, billing_account_id, currency, charge_date, scheme
    from pools
    where credited > 0 and fees = 0
),

fees as (
    select
        keyed.*,
        pools.credited,
        case
            when keyed.scheme is null then 'unknown'
            when keyed.scheme = 'spend' and pools.credited > 0 then 'used'
            when pools.credited > 0 then case when pools.committed_quantity > 0 then 'shared' else 'unknown' end
            -- what its credit leaves of a fee, and a fee for which no use is left that could have got a credit
            when keyed.has_fee_offset then 'unused'
            when keyed.originating_sku_id is not null or unmatched.scheme is not null then 'unknown'
            else 'unused'
        end as use_of_fee,
        least(pools.covered_quantity, pools.committed_quantity) as used_quantity,
        pools.committed_quantity,
        row_number() over (
            partition by keyed.feed, keyed.billing_account_id, keyed.currency, keyed.charge_date, keyed.scheme, keyed.covers
            order by keyed.content_key
        ) as fee_rank
    from keyed
    left join pools
        on keyed.feed = pools.feed and keyed.billing_account_id = pools.billing_account_id and keyed.currency = pools.currency
        and keyed.charge_date = pools.charge_date and keyed.scheme = pools.scheme and keyed.covers = pools.covers
    left join unmatched
        on keyed.feed = unmatched.feed and keyed.billing_account_id = unmatched.billing_account_id
        and keyed.currency = unmatched.currency and keyed.charge_date = unmatched.charge_date and keyed.scheme = unmatched.scheme
    where keyed.is_fee
),

split_fees as (
    select
        *,
        case use_of_fee
            when 'used' then net_cost
            when 'shared' then {{ allocate('net_cost', 'used_quantity', 'committed_quantity') }}
            else 0
        end as used_cost
    from fees
),

used as (
    select feed, billing_account_id, currency, charge_date, scheme, covers, sum(used_cost) as used_cost, max(credited) as credited
    from split_fees
    where use_of_fee in ('used', 'shared')
    group by feed, billing_account_id, currency, charge_date, scheme, covers
),

covered as (
    select
        keyed.*,
        coalesce({{ allocate('used.used_cost', '-keyed.commitment_credit', 'used.credited') }}, 0) as commitment_cost
    from keyed
    left join used
        on keyed.feed = used.feed and keyed.billing_account_id = used.billing_account_id and keyed.currency = used.currency
        and keyed.charge_date = used.charge_date and keyed.scheme = used.scheme and keyed.covers = used.covers
    where not keyed.is_fee
),

-- Parts are rounded; what they miss stays on a fee of theirs.
roundings as (
    select
        used.feed, used.billing_account_id, used.currency, used.charge_date, used.scheme, used.covers,
        max(used.used_cost) - sum(covered.commitment_cost) as rounding_cost
    from used
    inner join covered
        on used.feed = covered.feed and used.billing_account_id = covered.billing_account_id and used.currency = covered.currency
        and used.charge_date = covered.charge_date and used.scheme = covered.scheme and used.covers = covered.covers
    group by used.feed, used.billing_account_id, used.currency, used.charge_date, used.scheme, used.covers
    having max(used.used_cost) <> sum(covered.commitment_cost)
),

costed_fees as (
    select
        split_fees.*,
        case when split_fees.use_of_fee in ('shared', 'unused') then split_fees.net_cost - split_fees.used_cost else 0 end as unused_cost,
        case split_fees.use_of_fee
            when 'unused' then split_fees.pricing_quantity
            when 'shared' then {{ allocate(
                'split_fees.pricing_quantity', 'split_fees.committed_quantity - split_fees.used_quantity', 'split_fees.committed_quantity'
            ) }}
        end as unused_quantity,
        coalesce(roundings.rounding_cost, 0) as rounding_cost
    from split_fees
    left join roundings
        on split_fees.feed = roundings.feed and split_fees.billing_account_id = roundings.billing_account_id
        and split_fees.currency = roundings.currency and split_fees.charge_date = roundings.charge_date
        and split_fees.scheme = roundings.scheme and split_fees.covers = roundings.covers and split_fees.fee_rank = 1
)
{% set columns = [
    'feed', 'billing_account_id', 'service_name', 'sku_id', 'sku_name', 'usage_start', 'usage_end', 'project_id', 'project_name', 'region_id',
    'availability_zone', 'resource_id', 'resource_name', 'usage_amount', 'usage_unit', 'pricing_unit', 'pricing_quantity',
    'pricing_unit_quantity', 'effective_price', 'effective_price_default', 'list_price', 'tier_start_amount', 'cost', 'cost_at_list',
    'cost_at_default_price', 'currency', 'invoice_month', 'cost_type', 'commitment_credit_type', 'commitment_credit_id', 'adjustment_id',
    'adjustment_description', 'seller_name', 'subscription_id', 'consumption_model_id', 'consumption_model', 'machine_type', 'tags',
    'charge_date', 'is_fee',
] %}
{% set rows = [
    ('covered', 'line', 'net_cost', 'net_cost + commitment_cost', 'covered_quantity', "content_key, 'line'", 'true'),
    ('costed_fees', 'line', 'net_cost', 'net_cost - used_cost - unused_cost + rounding_cost', 'pricing_quantity',
        "content_key, case when rounding_cost <> 0 then 'line and rounding' else 'line' end", 'true'),
    ('costed_fees', 'unused', '0', 'unused_cost', 'unused_quantity', "content_key, 'unused'", 'unused_cost <> 0'),
    ('priced', 'promotion', 'promotion', 'promotion', 'null', "content_key, 'promotion'", 'promotion <> 0'),
] -%}
{% for relation, kind, billed, effective, quantity, key, condition in rows %}
select
    {% for column in columns %}{{ column }}, {% endfor %}
    '{{ kind }}' as row_kind,
    {{ hash_key(key.split(', ', 1)) }} as row_content_key,
    {{ billed }} as row_billed_cost,
    {{ effective }} as row_effective_cost,
    {{ quantity }} as row_commitment_quantity
from {{ relation }}
where {{ condition }}
{{ 'union all' if not loop.last }}
{%- endfor %}
