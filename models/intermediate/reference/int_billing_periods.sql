-- What issuers say of their billing periods; the newest word counts, whichever feed brought it.
with ranked as (

    select
        *,
        row_number() over (
            partition by invoice_issuer_name, billing_period_start order by billing_period_last_updated desc, billing_period_status asc
        ) as rank
    from {{ ref('stg_accounting__billing_periods') }}

)

select invoice_issuer_name, billing_period_start, billing_period_end, billing_period_status
from ranked
where rank = 1
