-- The books' invoices, for the ledger and for reconciliation.
select * from {{ ref('stg_accounting__invoices') }}
