{{ config(materialized='table') }}

-- Published so that a request's part of its deployment's cost can be worked out from the marts alone.
select
    cast(deployment_id as varchar) as deployment_id,
    cast(prefill_weight as decimal(18, 9)) as prefill_weight,
    cast(cached_weight as decimal(18, 9)) as cached_weight,
    cast(decode_weight as decimal(18, 9)) as decode_weight
from {{ ref('serving_work_weights') }}
