-- Organisation units and when they held.
select * from {{ ref('stg_reference__org_units') }}
