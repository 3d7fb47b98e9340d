{%- set label_columns = ['x_project_labels', 'x_system_labels', 'x_tags', 'x_labels'] -%}
{#- Start of the month whose midnight, in whatever time zone, an instant is; else the instant. -#}
{%- set month_in_utc = "case
        when abs(date_diff('minute', date_trunc('month', <instant> + interval 14 hour), <instant>)) <= 14 * 60
            then date_trunc('month', <instant> + interval 14 hour)
        else <instant>
    end" -%}
-- Names are the specification's in snake case; amounts are rounded here, once. Google's months begin at midnight in Los Angeles, and
-- its labels are arrays beside Tags: what is nearer to the use wins.
select
    _feed as feed,
    _load_id as load_id,
    allocated_method_details,
    allocated_method_id,
    allocated_resource_id,
    allocated_resource_name,
    nullif(allocated_tags, '{}') as allocated_tags,
    availability_zone,
    {{ vendor_amount('billed_cost') }} as billed_cost,
    coalesce(billing_account_id, _feed) as billing_account_id,
    billing_account_name,
    billing_account_type,
    upper(billing_currency) as billing_currency,
    {{ month_in_utc | replace('<instant>', 'coalesce(billing_period_end, billing_period_start + interval 1 month)') }} as billing_period_end,
    {{ month_in_utc | replace('<instant>', 'billing_period_start') }} as billing_period_start,
    capacity_reservation_id,
    capacity_reservation_status,
    coalesce(charge_category, 'Usage') as charge_category,
    charge_class,
    charge_description,
    charge_frequency,
    charge_period_end,
    charge_period_start,
    commitment_discount_category,
    commitment_discount_id,
    commitment_discount_name,
    commitment_discount_quantity,
    commitment_discount_status,
    commitment_discount_type,
    commitment_discount_unit,
    commitment_program_eligibility_details,
    consumed_quantity,
    consumed_unit,
    contract_applied,
    {{ vendor_amount('contracted_cost') }} as contracted_cost,
    contracted_unit_price,
    -- an invoice keyed in knows no amortisation
    {{ vendor_amount('coalesce(effective_cost, billed_cost)') }} as effective_cost,
    host_provider_name,
    invoice_detail_id,
    invoice_id,
    invoice_issuer_name,
    {{ vendor_amount('list_cost') }} as list_cost,
    list_unit_price,
    pricing_category,
    pricing_currency,
    pricing_currency_contracted_unit_price,
    {{ vendor_amount('pricing_currency_effective_cost') }} as pricing_currency_effective_cost,
    pricing_currency_list_unit_price,
    pricing_quantity,
    pricing_unit,
    region_id,
    region_name,
    resource_id,
    resource_name,
    resource_type,
    service_category,
    service_name,
    service_provider_name,
    service_subcategory,
    sku_id,
    -- AWS has the meter in a column of its own, Google in the description of the SKU
    coalesce(
        nullif(sku_meter, ''), x_usage_type, case when coalesce(service_provider_name, provider_name) = 'Google Cloud' then charge_description end
    ) as sku_meter,
    sku_price_details,
    sku_price_id,
    sub_account_id,
    sub_account_name,
    sub_account_type,
    case
        when coalesce({{ label_columns | join(', ') }}) is null then nullif(tags, '{}')
        else nullif(cast(json_merge_patch(
            {%- for labels in label_columns %}
            {{ labels_as_object(labels) }},
            {%- endfor %}
            coalesce(tags, '{}')
        ) as varchar), '{}')
    end as tags,
    provider_name,
    publisher_name,
    principal_id,
    credential_id,
    x_model_id as given_model_id,
    x_project_id as given_project_id,
    coalesce(
        x_instance_type,
        {{ json_text(labels_as_object('x_system_labels'), 'compute.googleapis.com/machine_spec') }},
        {{ json_text('try_cast(x_sku_details as json)', 'ServiceType') }},
        {{ json_text('sku_price_details', 'x_ServiceType') }}
    ) as given_instance_type,
    -- the machine, where Azure's ResourceId is its scale set
    coalesce(
        {{ json_text('try_cast(x_sku_details as json)', 'VMName') }},
        {{ json_text('try_cast(x_sku_details as json)', 'VmName') }}
    ) as x_machine_name,
    x_service_code,
    x_usage_type,
    x_operation,
    nullif(x_cost_categories, '{}') as x_cost_categories,
    nullif(x_discounts, '{}') as x_discounts,
    x_sku_meter_category,
    x_sku_meter_subcategory
from {{ source('focus', 'focus_charges') }}
