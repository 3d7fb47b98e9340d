-- Which trained version a served name means, where the declared map says it.
select distinct
    model_id,
    trained_model_id,
    trained_version,
    valid_from,
    valid_to
from {{ ref('stg_reference__serving_map') }}
where trained_model_id is not null
