{{ config(materialized='table') }}

-- Step 1. Who a charge names, through the identity map that held on its day; one winner.
with identity_sets as (

    select distinct
        {{ hash_key(['charge_date', 'feed', 'source', 'meter_scope', 'tags', 'credential_id', 'principal_id',
            'bill_project_id', 'sub_account_id', 'billing_account_id']) }} as identity_set_id,
        charge_date, feed, source, meter_scope, tags,
        credential_id, principal_id, bill_project_id, sub_account_id, billing_account_id
    from {{ ref('int_charges_in_scope') }}

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
    select identity_set_id, 'sub_account', sub_account_id, 7 from identity_sets
    union all
    select identity_set_id, 'billing_account', billing_account_id, 8 from identity_sets

),

candidates as (

    select
        keys.identity_set_id,
        map.unit_id,
        map.project,
        map.environment,
        map.key_type,
        row_number() over (
            partition by keys.identity_set_id
            order by map.priority, keys.specificity, map.scope = '', map.key_value, map.unit_id
        ) as preference
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

)

select
    charges.charge_id,
    candidates.unit_id as team_id,
    candidates.project as project_id,
    candidates.environment,
    candidates.key_type,
    -- An account is a container: a declared rule for shared costs is closer to the charge than the account's owner is.
    candidates.key_type in ('sub_account', 'billing_account') as is_account_owner
from {{ ref('int_charges_in_scope') }} as charges
inner join candidates
    on
        {{ hash_key(['charges.charge_date', 'charges.feed', 'charges.source', 'charges.meter_scope', 'charges.tags',
            'charges.credential_id', 'charges.principal_id', 'charges.bill_project_id', 'charges.sub_account_id',
            'charges.billing_account_id']) }} = candidates.identity_set_id
        and candidates.preference = 1
