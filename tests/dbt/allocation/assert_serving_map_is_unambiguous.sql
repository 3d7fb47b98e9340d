{{ config(meta={'dagster': {'ref': {'name': 'int_pods'}}}) }}
-- At no time does the declared map say one thing of a name twice, or put a pod into two deployments.
with map as (
    select * from {{ ref('stg_reference__serving_map') }}
)

select 'name twice: ' || earlier.model_alias || ' in ' || earlier.deployment_id as scope, later.valid_from as usage_date
from map as earlier
inner join map as later
    on
        earlier.model_alias = later.model_alias
        and earlier.deployment_id = later.deployment_id
        and earlier.namespace = later.namespace
        and earlier.pod_app = later.pod_app
        and earlier.pod_name = later.pod_name
        and earlier.valid_from < later.valid_from
        and earlier.valid_to > later.valid_from
union all
select 'pod in two deployments: ' || coalesce(pods.namespace, '') || '/' || coalesce(pods.pod_name, pods.pod_uid), pods.usage_date
from {{ ref('int_pods') }} as pods
inner join map
    on
        pods.usage_date >= map.valid_from
        and pods.usage_date < map.valid_to
        and map.namespace in ('', pods.namespace)
        and map.pod_app in ('', pods.label_app)
        and (map.pod_name = '' or pods.pod_name like replace(map.pod_name, '*', '%'))
where (map.pod_app <> '' or map.pod_name <> '') and {{ replaced_days('pods.usage_date') }}
group by pods.usage_date, pods.namespace, pods.pod_name, pods.pod_uid
having count(distinct map.deployment_id) > 1
