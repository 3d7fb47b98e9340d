-- `line_item` is free text: a model and a token class split at the last comma, or another meter without a comma.
select
    _feed as feed,
    _load_id as load_id,
    make_timestamp(start_time * 1000000) as bucket_start,
    make_timestamp(coalesce(end_time, start_time + 86400) * 1000000) as bucket_end,
    coalesce(organization_id, _feed) as organization_id,
    project_id,
    api_key_id,
    line_item,
    nullif(trim(regexp_extract(line_item, '^(.+),[^,]*$', 1)), '') as raw_model,
    nullif(lower(trim(regexp_extract(line_item, '^.+,([^,]*)$', 1))), '') as token_label,
    cast(quantity as decimal(38, 9)) as quantity,
    quantity_unit,
    {{ vendor_amount('amount_value') }} as amount,
    upper(amount_currency) as currency
from {{ source('openai', 'openai_costs') }}
