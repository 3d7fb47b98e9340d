select
    _feed as feed,
    _load_id as load_id,
    cost_dataset,
    billing_account_id,
    coalesce(billing_profile_id, billing_account_id) as invoiced_account_id,
    coalesce(billing_profile_name, billing_account_name) as invoiced_account_name,
    billing_account_name,
    cast(date_trunc('month', coalesce(billing_period_start_date, usage_date)) as timestamp) as billing_period_start,
    cast(date_trunc('month', coalesce(billing_period_start_date, usage_date)) + interval 1 month as timestamp) as billing_period_end,
    nullif(invoice_id, '') as invoice_id,
    invoice_section_id,
    invoice_section_name,
    subscription_id,
    subscription_name,
    usage_date,
    product_id,
    product_name,
    part_number,
    service_family,
    meter_id,
    meter_category,
    meter_sub_category,
    meter_name,
    unit_of_measure,
    -- units in one block of the price; `1 Million` and `10000s` are units of one, as in the vendor's own table of units
    coalesce(try_cast(nullif(regexp_extract(unit_of_measure, '^([0-9]+)[KMB]?(?:$|[ /])', 1), '') as decimal(38, 0)), 1)
    * case regexp_extract(unit_of_measure, '^[0-9]+([KMB])(?:$|[ /])', 1)
        when 'K' then 1000 when 'M' then 1000000 when 'B' then 1000000000 else 1
    end as block_size,
    -- what is left of the text without its block: `10K Transactions` counts transactions, `1/Month` units a month
    regexp_replace(
        coalesce(nullif(trim(regexp_replace(unit_of_measure, '^[0-9]+[KMB]?($|[ /])', '\1')), ''), 'Units'), '^/', 'Units/'
    ) as unit,
    quantity,
    {{ vendor_amount('effective_price') }} as effective_price,
    {{ vendor_amount('unit_price') }} as unit_price,
    {{ vendor_amount('pay_g_price') }} as retail_price,
    {{ vendor_amount('cost') }} as cost,
    upper(billing_currency) as currency,
    upper(coalesce(pricing_currency, billing_currency)) as pricing_currency,
    {{ vendor_amount('cost_in_pricing_currency') }} as cost_in_pricing_currency,
    {{ vendor_amount('payg_cost_in_billing_currency') }} as retail_cost,
    {{ vendor_amount('exchange_rate') }} as exchange_rate,
    lower(replace(resource_location, ' ', '')) as region_id,
    nullif(availability_zone, '') as availability_zone,
    lower(consumed_service) as consumed_service,
    nullif(resource_id, '') as resource_id,
    nullif(resource_name, '') as resource_name,
    resource_group,
    case when json_valid(additional_info) then additional_info end as additional_info,
    -- some channels leave the braces of the object away; what is no JSON either way stays in raw
    case
        when json_valid(tags) and json_type(tags) = 'OBJECT' then nullif(tags, '{}')
        when json_valid('{' || tags || '}') then nullif('{' || tags || '}', '{}')
    end as tags,
    cost_center,
    charge_type,
    frequency,
    coalesce(nullif(pricing_model, ''), 'OnDemand') as pricing_model,
    term,
    coalesce(nullif(benefit_id, ''), nullif(reservation_id, '')) as commitment_id,
    coalesce(nullif(benefit_name, ''), nullif(reservation_name, '')) as commitment_name,
    product_order_id,
    product_order_name,
    publisher_type,
    nullif(publisher_name, '') as publisher_name,
    nullif(partner_name, '') as partner_name,
    cost_allocation_rule_name
from {{ source('azure', 'azure_costs') }}
