{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'charge_date'}
) }}

-- What the vendor billed and what was logged, side by side. A line's part of its pot says how much of it was logged: the working table
-- holds the lines of this run whole, whatever days their requests lie on.
with lines as (

    select
        pieces.charge_id,
        max(pieces.pot_quantity) as pot_quantity,
        coalesce(sum(case when pieces.allocation_group_id is not null then pieces.driver_quantity end), 0) as logged_quantity,
        coalesce(sum(case when pieces.allocation_group_id is not null then pieces.effective_cost end), 0) as metered_cost,
        coalesce(sum(case when pieces.allocation_group_id is null then pieces.effective_cost end), 0) as unmetered_cost
    from {{ ref('int_pieces_token_work') }} as pieces
    group by pieces.charge_id

),

parts as (

    select
        charges.charge_date,
        charges.meter_scope as provider_id,
        charges.bill_project_id as project_id,
        charges.model_id,
        charges.billing_token_class,
        charges.service_tier,
        charges.cost_status,
        charges.billing_currency,
        charges.usage_unit as quantity_unit,
        case when lines.pot_quantity is not null then charges.usage_quantity end as billed_quantity,
        {{ allocate('charges.usage_quantity', 'least(lines.logged_quantity, lines.pot_quantity)', 'lines.pot_quantity') }} as metered_quantity,
        {{ allocate('charges.usage_quantity', 'greatest(lines.logged_quantity - lines.pot_quantity, 0)', 'lines.pot_quantity') }}
            as over_metered_quantity,
        charges.effective_cost,
        lines.metered_cost,
        lines.unmetered_cost,
        {{ allocate('charges.effective_cost', 'greatest(lines.logged_quantity - lines.pot_quantity, 0)', 'lines.pot_quantity') }}
            as over_metered_cost
    from lines
    inner join {{ ref('int_charges_in_scope') }} as charges on lines.charge_id = charges.charge_id
    where {{ in_dirty_days('charges.charge_date') }}

)

select
    charge_date,
    provider_id,
    coalesce(project_id, 'none') as project_id,
    coalesce(model_id, 'none') as model_id,
    coalesce(billing_token_class, 'none') as billing_token_class,
    coalesce(service_tier, 'any') as service_tier,
    cost_status,
    billing_currency,
    max(quantity_unit) as quantity_unit,
    count(*) as charges,
    cast(sum(billed_quantity) as decimal(38, 9)) as billed_quantity,
    cast(sum(metered_quantity) as decimal(38, 9)) as metered_quantity,
    cast(sum(billed_quantity) - sum(metered_quantity) as decimal(38, 9)) as unmetered_quantity,
    cast(sum(over_metered_quantity) as decimal(38, 9)) as over_metered_quantity,
    cast(sum(effective_cost) as decimal(38, 12)) as effective_cost,
    cast(sum(metered_cost) as decimal(38, 12)) as metered_cost,
    cast(sum(unmetered_cost) as decimal(38, 12)) as unmetered_cost,
    cast(sum(effective_cost) - sum(metered_cost) - sum(unmetered_cost) as decimal(38, 12)) as rounding_cost,
    cast(coalesce(sum(over_metered_cost), 0) as decimal(38, 12)) as over_metered_cost
from parts
group by
    charge_date, provider_id, coalesce(project_id, 'none'), coalesce(model_id, 'none'), coalesce(billing_token_class, 'none'),
    coalesce(service_tier, 'any'), cost_status, billing_currency
