{{ config(materialized='table') }}

-- Which training run or dataset a charge names: by a tag, as the job that it bills, or as the place where a declared dataset lies.
-- Charges that telemetry splits are not asked: there the holders of the hours are the better word. The charge's own word is all that counts:
-- what trackers know of a run may come after days on which only its storage was billed.
with charges as (

    select charge_id, charge_date, resource_id, tags, service_category, sku_meter
    from {{ ref('int_charges_in_scope') }}
    where is_metered_use

),

distinct_tags as (

    select distinct tags from charges
    where tags is not null and tags <> '{}'

),

tagged as (

    select
        distinct_tags.tags,
        max(case when keys.subject_type = 'training_run' then {{ json_text_at('distinct_tags.tags', 'keys.tag_key') }} end) as run_id,
        max(case when keys.subject_type = 'dataset' then {{ json_text_at('distinct_tags.tags', 'keys.tag_key') }} end) as dataset_id
    from distinct_tags
    inner join {{ ref('charge_subject_tags') }} as keys
        on {{ json_text_at('distinct_tags.tags', 'keys.tag_key') }} is not null
    group by distinct_tags.tags

),

jobs as (

    select training_job_arn, coalesce(mlflow_run_id, training_job_arn) as run_id
    from {{ ref('stg_sagemaker__training_jobs') }}

),

named as (

    select
        charges.charge_id,
        charges.service_category,
        charges.sku_meter,
        coalesce(tagged.run_id, jobs.run_id) as run_id,
        coalesce(tagged.dataset_id, datasets.dataset_id) as dataset_id,
        datasets.unit_id
    from charges
    left join tagged on charges.tags = tagged.tags
    left join jobs on charges.resource_id = jobs.training_job_arn
    left join {{ ref('stg_reference__datasets') }} as datasets
        on
            charges.resource_id = datasets.resource_id
            and charges.charge_date >= datasets.valid_from
            and charges.charge_date < datasets.valid_to
    where coalesce(tagged.run_id, jobs.run_id, tagged.dataset_id, datasets.dataset_id) is not null

)

select
    named.charge_id,
    named.run_id as training_run_id,
    named.dataset_id,
    coalesce(kinds.resource_kind, 'other') as resource_kind,
    named.unit_id as team_id
from named
left join {{ ref('int_resource_kinds') }} as kinds
    on
        named.service_category is not distinct from kinds.service_category
        and named.sku_meter is not distinct from kinds.sku_meter
