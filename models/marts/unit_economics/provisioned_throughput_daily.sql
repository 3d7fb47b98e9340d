{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- Capacity paid by the hour beside what it served and what went past it on demand. Each piece of the fee stands with the model that it
-- served; hours that served nothing stand with the model that the line names, or with none.
with fees as (

    select
        pieces.usage_date,
        pieces.provider_id,
        coalesce(pieces.model_id, 'none') as model_id,
        pieces.cost_status,
        pieces.billing_currency,
        sum(pieces.effective_cost) as fee_cost,
        sum(case when pieces.allocation_group_id is not null then pieces.effective_cost else 0 end) as used_fee_cost,
        sum(case when pieces.allocation_group_id is null then pieces.effective_cost else 0 end) as unused_fee_cost,
        -- the units of a line go where its fee goes
        sum({{ allocate('charges.x_UsageQuantity', 'pieces.effective_cost', 'charges.EffectiveCost') }}) as unit_hours
    from {{ ref('fct_cost_allocation') }} as pieces
    inner join {{ ref('cost_and_usage') }} as charges on pieces.charge_id = charges.x_ChargeId
    where pieces.method = 'provisioned_by_tokens' and {{ in_dirty_days('pieces.usage_date') }}
    group by pieces.usage_date, pieces.provider_id, coalesce(pieces.model_id, 'none'), pieces.cost_status, pieces.billing_currency

),

served as (

    select
        usage_date,
        provider_id,
        coalesce(model_id, 'none') as model_id,
        count(case when service_tier = 'provisioned' then 1 end) as provisioned_requests,
        sum(case when service_tier = 'provisioned' then input_total_tokens + output_total_tokens end) as provisioned_tokens,
        sum(case when service_tier = 'provisioned' then shadow_list_cost end) as shadow_list_cost,
        sum(case when pricing_status in ('priced', 'unpriced') then input_total_tokens + output_total_tokens end) as spill_over_tokens,
        sum(case when pricing_status in ('priced', 'unpriced') then list_cost end) as spill_over_list_cost
    from {{ ref('fct_inference_requests') }}
    where is_of_record and provider_id <> 'self_hosted' and {{ in_dirty_days('usage_date') }}
    group by usage_date, provider_id, coalesce(model_id, 'none')

),

-- A model of this day has capacity where a fee or a request says so. Where its fee stands in several rows (statuses, currencies), its
-- traffic stands on the dearest.
ranked as (

    select
        *,
        row_number() over (
            partition by usage_date, provider_id, model_id order by fee_cost desc, cost_status asc, billing_currency asc
        ) as fee_rank
    from fees

),

joined as (

    select
        coalesce(ranked.usage_date, served.usage_date) as usage_date,
        coalesce(ranked.provider_id, served.provider_id) as provider_id,
        coalesce(ranked.model_id, served.model_id) as model_id,
        coalesce(ranked.cost_status, 'estimated') as cost_status,
        -- no fee is billed yet: there is no amount in any currency
        coalesce(ranked.billing_currency, 'XXX') as billing_currency,
        ranked.fee_cost,
        ranked.used_fee_cost,
        ranked.unused_fee_cost,
        ranked.unit_hours,
        served.provisioned_requests,
        served.provisioned_tokens,
        served.shadow_list_cost,
        served.spill_over_tokens,
        served.spill_over_list_cost
    from ranked
    full outer join served
        on
            ranked.usage_date = served.usage_date
            and ranked.provider_id = served.provider_id
            and ranked.model_id = served.model_id
            and ranked.fee_rank = 1
    where ranked.usage_date is not null or served.provisioned_requests > 0

)

select
    joined.usage_date,
    joined.provider_id,
    joined.model_id,
    joined.cost_status,
    joined.billing_currency,
    cast(joined.fee_cost as decimal(38, 12)) as fee_cost,
    cast(joined.used_fee_cost as decimal(38, 12)) as used_fee_cost,
    cast(joined.unused_fee_cost as decimal(38, 12)) as unused_fee_cost,
    cast(cast(joined.used_fee_cost as double) / nullif(cast(joined.fee_cost as double), 0) as decimal(18, 9)) as used_hours_share,
    cast(joined.unit_hours as decimal(38, 9)) as unit_hours,
    cast(cast(joined.unit_hours as decimal(18, 6)) * cast(capacity.tokens_per_unit_hour as decimal(18, 0)) as decimal(38, 0)) as capacity_tokens,
    cast(
        cast(joined.provisioned_tokens as double)
        / nullif(cast(joined.unit_hours as double) * capacity.tokens_per_unit_hour, 0) as decimal(18, 9)
    ) as used_capacity_share,
    cast(joined.provisioned_requests as bigint) as provisioned_requests,
    cast(joined.provisioned_tokens as decimal(38, 0)) as provisioned_tokens,
    cast(joined.spill_over_tokens as decimal(38, 0)) as spill_over_tokens,
    cast(
        cast(joined.spill_over_tokens as double)
        / nullif(cast(coalesce(joined.spill_over_tokens, 0) + joined.provisioned_tokens as double), 0) as decimal(18, 9)
    ) as spill_over_share,
    cast(joined.spill_over_list_cost as decimal(38, 12)) as spill_over_list_cost,
    {{ unit_rate('joined.fee_cost', 'joined.provisioned_tokens', 1000000) }} as effective_cost_per_million_tokens,
    cast(joined.shadow_list_cost as decimal(38, 12)) as shadow_list_cost
from joined
left join {{ ref('int_provisioned_capacity') }} as capacity
    on
        joined.provider_id = capacity.provider_id
        and joined.model_id = capacity.model_id
        and joined.usage_date >= capacity.valid_from
        and joined.usage_date < capacity.valid_to
