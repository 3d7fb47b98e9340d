-- Customers and when their plan held.
select * from {{ ref('stg_reference__customers') }}
