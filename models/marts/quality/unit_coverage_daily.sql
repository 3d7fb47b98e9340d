{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- What vendors' usage reports count in another unit than the token, beside what the meters of record logged of it. A report that names
-- no model (searches in files, sessions) is compared with all models of its project.
with reported as (

    select * from {{ ref('int_vendor_units_daily') }}
    where {{ in_dirty_days('usage_date') }}

),

logged as (

    select
        usage_date,
        provider_id,
        coalesce(project_id, 'none') as project_id,
        coalesce(model_id, 'none') as model_id,
        token_class as usage_class,
        sum(quantity) as quantity
    from {{ ref('int_token_groups_hourly') }}
    where quantity_unit <> 'tokens' and {{ in_dirty_days('usage_date') }}
    group by usage_date, provider_id, coalesce(project_id, 'none'), coalesce(model_id, 'none'), token_class

),

compared as (

    select
        reported.usage_date,
        reported.provider_id,
        reported.project_id,
        reported.model_id,
        reported.usage_class,
        reported.reported_quantity,
        coalesce(sum(logged.quantity), 0) as logged_quantity
    from reported
    left join logged
        on
            reported.usage_date = logged.usage_date
            and reported.provider_id = logged.provider_id
            and reported.project_id = logged.project_id
            and reported.usage_class = logged.usage_class
            and reported.model_id in (logged.model_id, 'all')
    group by
        reported.usage_date, reported.provider_id, reported.project_id, reported.model_id, reported.usage_class,
        reported.reported_quantity

)

select
    compared.usage_date,
    compared.provider_id,
    compared.project_id,
    compared.model_id,
    compared.usage_class,
    units.quantity_unit,
    cast(compared.reported_quantity as decimal(38, 6)) as reported_quantity,
    cast(compared.logged_quantity as decimal(38, 6)) as logged_quantity,
    cast(least(
        1.0, cast(compared.logged_quantity as double) / nullif(cast(compared.reported_quantity as double), 0)
    ) as decimal(18, 9)) as covering_share
from compared
inner join {{ ref('token_classes') }} as classes on compared.usage_class = classes.token_class
inner join {{ ref('billing_token_classes') }} as units on classes.billing_token_class = units.billing_token_class
