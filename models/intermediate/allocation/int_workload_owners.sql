{{ config(tags='each_night') }}
-- Who holds a workload: its team label (a unit, or a mapped tag), else its namespace or Slurm account.
with workloads as (

    select distinct usage_date, team_hint, namespace, slurm_account
    from {{ ref('int_workload_resource_hours') }}
    where {{ in_charge_days('usage_date', ref('int_charge_hours')) }}

),

map as (

    select key_type, key_value, unit_id, environment, priority, valid_from, valid_to
    from {{ ref('stg_reference__identity_map') }}
    where key_type in ('tag', 'namespace', 'slurm_account')

),

units as (

    select unit_id, valid_from, valid_to from {{ ref('stg_reference__org_units') }}

),

candidates as (

    select workloads.*, units.unit_id, cast(null as varchar) as mapped_environment, 1 as precedence, 0 as priority
    from workloads
    inner join units
        on
            workloads.team_hint = units.unit_id
            and workloads.usage_date >= units.valid_from
            and (units.valid_to is null or workloads.usage_date < units.valid_to)
    union all
    select workloads.*, map.unit_id, map.environment, 2, map.priority
    from workloads
    inner join map
        on
            map.key_type = 'tag'
            and map.key_value = 'team=' || workloads.team_hint
            and workloads.usage_date >= map.valid_from
            and (map.valid_to is null or workloads.usage_date < map.valid_to)
    union all
    select workloads.*, map.unit_id, map.environment, 3, map.priority
    from workloads
    inner join map
        on
            map.key_type = 'namespace'
            and workloads.namespace = map.key_value
            and workloads.usage_date >= map.valid_from
            and (map.valid_to is null or workloads.usage_date < map.valid_to)
    union all
    select workloads.*, map.unit_id, map.environment, 3, map.priority
    from workloads
    inner join map
        on
            map.key_type = 'slurm_account'
            and workloads.slurm_account = map.key_value
            and workloads.usage_date >= map.valid_from
            and (map.valid_to is null or workloads.usage_date < map.valid_to)

),

ranked as (

    select
        *,
        row_number() over (
            partition by usage_date, team_hint, namespace, slurm_account
            order by precedence, priority, unit_id
        ) as preference
    from candidates

)

select usage_date, team_hint, namespace, slurm_account, unit_id as team_id, mapped_environment as environment
from ranked
where preference = 1
