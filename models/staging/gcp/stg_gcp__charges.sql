{#- Every array becomes one value of its row here: whoever joined the rows of two arrays would multiply the cost. -#}
{#- Entry by entry: a field that one entry lacks would shift those of the next. -#}
{%- set of_each = "list_transform(json_extract(credits, '$[*]'), lambda entry: json_extract_string(entry, '$.<field>'))" -%}
{%- set amounts = of_each | replace('<field>', 'amount') -%}
{%- set types = of_each | replace('<field>', 'type') -%}
{%- set sum_where = "round_even(coalesce(list_sum(list_transform(list_filter(list_zip(" ~ amounts ~ ", " ~ types ~ "), lambda credit: <condition>),
        lambda credit: cast(credit[1] as decimal(38, 20)))), 0), 12)" -%}
select
    _feed as feed,
    _load_id as load_id,
    billing_account_id,
    json_extract_string(service, '$.id') as service_id,
    json_extract_string(service, '$.description') as service_name,
    json_extract_string(sku, '$.id') as sku_id,
    json_extract_string(sku, '$.description') as sku_name,
    usage_start_time as usage_start,
    usage_end_time as usage_end,
    json_extract_string(project, '$.id') as project_id,
    json_extract_string(project, '$.name') as project_name,
    nullif(json_extract_string(location, '$.region'), '') as region_id,
    nullif(json_extract_string(location, '$.zone'), '') as availability_zone,
    nullif(json_extract_string(resource, '$.global_name'), '') as resource_id,
    nullif(json_extract_string(resource, '$.name'), '') as resource_name,
    cast(json_extract_string(usage, '$.amount') as decimal(38, 9)) as usage_amount,
    json_extract_string(usage, '$.unit') as usage_unit,
    cast(json_extract_string(usage, '$.amount_in_pricing_units') as decimal(38, 9)) as pricing_amount,
    json_extract_string(usage, '$.pricing_unit') as pricing_unit,
    {{ vendor_amount("json_extract_string(price, '$.effective_price')") }} as effective_price,
    {{ vendor_amount("json_extract_string(price, '$.effective_price_default')") }} as effective_price_default,
    {{ vendor_amount("json_extract_string(price, '$.list_price')") }} as list_price,
    json_extract_string(price, '$.tier_start_amount') as tier_start_amount,
    cast(coalesce(json_extract_string(price, '$.pricing_unit_quantity'), '1') as decimal(38, 9)) as pricing_unit_quantity,
    {{ vendor_amount('cost') }} as cost,
    {{ vendor_amount('cost_at_list') }} as cost_at_list,
    {{ vendor_amount('cost_at_effective_price_default') }} as cost_at_default_price,
    upper(currency) as currency,
    -- promotions pay for use; every other credit (commitments, sustained use, free tier, margins) is a part of its price
    {{ sum_where | replace('<condition>', "credit[2] is distinct from 'PROMOTION'") }} as discount,
    {{ sum_where | replace('<condition>', "credit[2] = 'PROMOTION'") }} as promotion,
    {{ sum_where | replace('<condition>', "starts_with(credit[2], 'COMMITTED_USAGE_DISCOUNT')") }} as commitment_credit,
    list_contains({{ types }}, 'FEE_UTILIZATION_OFFSET') as has_fee_offset,
    list_filter({{ types }}, lambda kind: starts_with(kind, 'COMMITTED_USAGE_DISCOUNT'))[1] as commitment_credit_type,
    list_filter(list_zip({{ of_each | replace('<field>', 'id') }}, {{ types }}), lambda credit: starts_with(credit[2], 'COMMITTED_USAGE_DISCOUNT'))[1][1]
        as commitment_credit_id,
    make_timestamp(
        cast(left(json_extract_string(invoice, '$.month'), 4) as bigint), cast(right(json_extract_string(invoice, '$.month'), 2) as bigint), 1, 0, 0, 0
    ) as invoice_month,
    cost_type,
    nullif(json_extract_string(adjustment_info, '$.id'), '') as adjustment_id,
    json_extract_string(adjustment_info, '$.description') as adjustment_description,
    transaction_type,
    nullif(seller_name, '') as seller_name,
    nullif(json_extract_string(subscription, '$.instance_id'), '') as subscription_id,
    nullif(json_extract_string(consumption_model, '$.id'), '') as consumption_model_id,
    nullif(json_extract_string(consumption_model, '$.description'), '') as consumption_model,
    -- the SKU whose use a part of a commitment's fee was for
    {{ json_text(labels_as_object('labels'), 'goog-originating-sku-id') }} as originating_sku_id,
    -- the machine's own entry: `a3-highgpu-8g`
    {{ json_text(labels_as_object('system_labels'), 'compute.googleapis.com/machine_spec') }} as machine_type,
    -- what is nearer to the use wins: a resource's label over its project's
    nullif(cast(json_merge_patch(
        {%- for array in ["json_extract(project, '$.labels')", 'system_labels', 'tags', 'labels'] %}
        {{ labels_as_object(array) }}{{ ',' if not loop.last }}
        {%- endfor %}
    ) as varchar), '{}') as tags,
    export_time
from {{ source('gcp', 'gcp_billing_export') }}
