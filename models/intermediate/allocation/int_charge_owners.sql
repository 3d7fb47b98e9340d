{{ config(materialized='table') }}

{%- set identity = [
    'charge_date', 'feed', 'source', 'meter_scope', 'tags', 'credential_id', 'principal_id', 'bill_project_id', 'sub_account_id',
    'billing_account_id', 'claim_namespace', 'claim_team_label',
] -%}
-- Step 1. Who a charge names, through the identity map that held on its day; one winner. A cluster's volume names who claimed it.
with charges as (

    select
        charges.*,
        volumes.claim_namespace,
        volumes.label_team as claim_team_label
    from {{ ref('int_charges_in_scope') }} as charges
    left join {{ ref('int_charge_volumes') }} as volumes on charges.charge_id = volumes.charge_id

),

charge_identities as (

    select charge_id, {{ hash_key(identity) }} as identity_set_id, {{ identity | join(', ') }}
    from charges

),

identity_sets as (

    select distinct identity_set_id, {{ identity | join(', ') }}
    from charge_identities

),

map as (

    select
        *,
        case when key_type = 'tag' then substr(key_value, 1, strpos(key_value, '=') - 1) end as tag_key,
        case when key_type = 'tag' then substr(key_value, strpos(key_value, '=') + 1) end as tag_value
    from {{ ref('stg_reference__identity_map') }}
    where unit_id is not null

),

distinct_tags as (

    select distinct tags from identity_sets
    where tags is not null and tags <> '{}'

),

tags_matched as (

    select
        distinct_tags.tags,
        map.key_type,
        map.key_value
    from distinct_tags
    inner join map
        on
            map.key_type = 'tag'
            and {{ json_text_at('distinct_tags.tags', 'map.tag_key') }} = map.tag_value

),

-- Smaller `specificity` names the owner more closely; it decides only where priorities tie.
keys as (

    select identity_set_id, 'api_key' as key_type, credential_id as key_value, 1 as specificity from identity_sets
    union all
    select identity_set_id, 'iam_principal', principal_id, 2 from identity_sets
    union all
    select identity_set_id, 'inference_profile', bill_project_id, 3 from identity_sets
    union all
    select identity_set_id, 'project', bill_project_id, 4 from identity_sets
    union all
    select identity_set_id, 'workspace', bill_project_id, 5 from identity_sets
    union all
    select identity_sets.identity_set_id, tags_matched.key_type, tags_matched.key_value, 6
    from identity_sets
    inner join tags_matched on identity_sets.tags = tags_matched.tags
    union all
    select identity_set_id, 'tag', 'team=' || claim_team_label, 7 from identity_sets
    union all
    select identity_set_id, 'namespace', claim_namespace, 8 from identity_sets
    union all
    select identity_set_id, 'sub_account', sub_account_id, 9 from identity_sets
    union all
    select identity_set_id, 'billing_account', billing_account_id, 10 from identity_sets

),

candidates as (

    select
        keys.identity_set_id,
        map.unit_id,
        map.project,
        map.environment,
        map.key_type,
        map.key_value,
        map.priority,
        keys.specificity,
        map.scope = '' as is_unscoped
    from keys
    inner join identity_sets on keys.identity_set_id = identity_sets.identity_set_id
    inner join map
        on
            keys.key_type = map.key_type
            and keys.key_value = map.key_value
            and identity_sets.charge_date >= map.valid_from
            and identity_sets.charge_date < map.valid_to
            and (
                map.scope = ''
                or map.scope in (identity_sets.feed, identity_sets.source, identity_sets.meter_scope)
            )

),

ranked as (

    select
        *,
        row_number() over (
            partition by identity_set_id
            order by priority, specificity, is_unscoped, key_value, unit_id
        ) as preference
    from candidates

),

-- Accounts and namespaces are containers: a label of the claim that is a unit itself is closer to the charge than their owners are.
matched as (

    select
        charge_identities.charge_id,
        ranked.unit_id,
        ranked.project,
        ranked.environment,
        ranked.key_type,
        case
            when coalesce(ranked.key_type in ('namespace', 'sub_account', 'billing_account'), true) then units.unit_id
        end as label_unit_id
    from charge_identities
    left join ranked
        on charge_identities.identity_set_id = ranked.identity_set_id and ranked.preference = 1
    left join {{ ref('stg_reference__org_units') }} as units
        on
            charge_identities.claim_team_label = units.unit_id
            and charge_identities.charge_date >= units.valid_from
            and (units.valid_to is null or charge_identities.charge_date < units.valid_to)

)

select
    charge_id,
    coalesce(label_unit_id, unit_id) as team_id,
    case when label_unit_id is null then project end as project_id,
    case when label_unit_id is null then environment end as environment,
    case when label_unit_id is null then key_type else 'claim_label' end as key_type,
    -- a declared rule for shared costs is closer to the charge than an account's owner is, too
    label_unit_id is null and key_type in ('sub_account', 'billing_account') as is_account_owner
from matched
where coalesce(label_unit_id, unit_id) is not null
