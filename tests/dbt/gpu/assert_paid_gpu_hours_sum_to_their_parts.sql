-- Law 3, pitfalls G3 and G9: paid = productive + held and unused + held and unknown + stranded + free + not delivered, in every row of the
-- price; and the hours of the nodes of a day are what the nodes had. A row here is an hour that is counted twice or lost.
{{ config(meta={'dagster': {'ref': {'name': 'cost_per_gpu_hour_daily'}}}) }}

with parts as (

    select usage_date, 'parts of the price' as claim, sum(paid_gpu_hours) as whole, sum(
        productive_gpu_hours + allocated_unused_gpu_hours + activity_unknown_gpu_hours + stranded_gpu_hours + free_healthy_gpu_hours
        + free_drained_gpu_hours + free_failed_gpu_hours + free_not_seen_gpu_hours + not_delivered_gpu_hours
    ) as sum_of_parts
    from {{ ref('cost_per_gpu_hour_daily') }}
    where {{ replaced_days('usage_date') }}
    group by usage_date, vendor, accelerator_type, purchase_option, region_id, cost_status, billing_currency

),

billed_hours as (

    select usage_hour, resource_id, sum(gpu_hours) as gpu_hours
    from {{ ref('fct_gpu_hours') }}
    where hours_state <> 'not_delivered' and {{ replaced_days('usage_date') }}
    group by usage_hour, resource_id

),

nodes as (

    select capacity.usage_date, 'hours of the nodes' as claim, sum(capacity.capacity_quantity) as whole, sum(billed_hours.gpu_hours) as sum_of_parts
    from billed_hours
    left join {{ ref('int_node_capacity_hours') }} as capacity
        on
            billed_hours.usage_hour = capacity.usage_hour
            and billed_hours.resource_id = capacity.resource_id
            and capacity.resource_kind = 'gpu'
    group by capacity.usage_date

)

select * from parts
where whole is distinct from sum_of_parts
union all
select * from nodes
where whole is distinct from sum_of_parts
