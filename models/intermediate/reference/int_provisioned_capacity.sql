-- For marts, which read no staging.
select * from {{ ref('stg_reference__provisioned_capacity') }}
