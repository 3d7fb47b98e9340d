{{ config(materialized='view') }}

-- All charges: what the vendors bill, and what declared prepaid balances add to it so that billed and effective cost meet over a term.
select * from {{ ref('vendor_charges') }}
union all
select * from {{ ref('focus_commitments__charges') }}
