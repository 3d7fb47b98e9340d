-- For marts, which read no staging.
select * from {{ ref('stg_reference__carbon_factors') }}
