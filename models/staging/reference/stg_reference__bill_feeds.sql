select
    source,
    feed,
    coalesce(billing_account_id, '*') as billing_account_id,
    treatment,
    reason,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'bill_feeds') }}
