-- Step 4. The declared rule of a charge for shared costs, if one matches; the lowest priority wins.
-- A charge whose tag, key or project names an owner is not shared, nor is one that names a training run, or a dataset with an owner; the
-- owner of the account it sits in does not stop a rule.
with rules as (

    select
        *,
        case when match_field like 'tag:%' then substr(match_field, 5) end as tag_key
    from {{ ref('stg_reference__allocation_rules') }}

),

candidates as (

    select
        charges.charge_id,
        rules.rule_id,
        rules.method,
        rules.driver,
        rules.targets,
        row_number() over (partition by charges.charge_id order by rules.priority, rules.rule_id) as preference
    from {{ ref('int_charges_in_scope') }} as charges
    left join {{ ref('int_charge_owners') }} as owners on charges.charge_id = owners.charge_id
    left join {{ ref('int_charge_subjects') }} as subjects on charges.charge_id = subjects.charge_id
    inner join rules
        on
            charges.charge_date >= rules.valid_from
            and charges.charge_date < rules.valid_to
            and rules.match_value = case
                when rules.match_field = 'service_name' then charges.service_name
                when rules.match_field = 'sub_account_id' then charges.sub_account_id
                when rules.match_field = 'charge_category' then charges.charge_category
                when rules.tag_key is not null then {{ json_text_at('charges.tags', 'rules.tag_key') }}
            end
    where
        coalesce(owners.is_account_owner, true)
        and subjects.training_run_id is null
        and subjects.team_id is null
        and not charges.is_unused_commitment

)

select charge_id, rule_id, method, driver, targets
from candidates
where preference = 1
