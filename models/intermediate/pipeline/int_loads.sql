-- Every load that was tried, for the marts that tell of them.
select * from {{ ref('stg_pipeline__loads') }}
