{{ config(meta={'dagster': {'ref': {'name': 'int_slurm_resource_hours'}}}) }}
-- The declared periods of a host do not overlap: a job on it would claim, and cost, two machines.
with hosts as (
    select * from {{ ref('stg_reference__machines') }}
)

select earlier.host, later.valid_from as usage_date
from hosts as earlier
inner join hosts as later
    on earlier.host = later.host and earlier.valid_from < later.valid_from and earlier.valid_to > later.valid_from
