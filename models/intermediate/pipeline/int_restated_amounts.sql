-- What a load says of days that a bill had said before, for the marts that tell of it.
select * from {{ ref('stg_pipeline__restated_amounts') }}
