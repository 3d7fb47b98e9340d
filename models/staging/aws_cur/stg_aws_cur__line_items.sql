{%- set usage_types = "('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')" -%}
{%- set costs_nothing -%}
    coalesce(cast(line_item_unblended_cost as double), 0) = 0 and coalesce(cast(line_item_net_unblended_cost as double), 0) = 0
    and coalesce(cast(savings_plan_savings_plan_effective_cost as double), 0) = 0 and coalesce(cast(reservation_effective_cost as double), 0) = 0
{%- endset -%}
-- Names and types only; amounts are rounded here, once. `usage_amount` is in the pricing unit.
select
    -- load
    _feed as feed,
    _load_id as load_id,
    -- bill
    bill_payer_account_id as payer_account_id,
    bill_payer_account_name as payer_account_name,
    bill_invoice_id as invoice_id,
    bill_invoicing_entity as invoicing_entity,
    bill_billing_entity as billing_entity,
    bill_bill_type as bill_type,
    bill_billing_period_start_date as billing_period_start,
    coalesce(bill_billing_period_end_date, bill_billing_period_start_date + interval '1' month) as billing_period_end,
    -- line
    line_item_usage_account_id as usage_account_id,
    line_item_usage_account_name as usage_account_name,
    line_item_line_item_type as line_item_type,
    line_item_usage_start_date as usage_start,
    _day as usage_date,
    -- The fee of a commitment ends with its term, years ahead: it is cash of the month that bills it. So is any fee of more than a year.
    -- Some fees end at a last second; an end is exclusive.
    case
        when line_item_usage_end_date <= line_item_usage_start_date or line_item_usage_end_date is null
            then line_item_usage_start_date + interval '1' hour
        when line_item_line_item_type in ('Fee', 'SavingsPlanUpfrontFee')
            and (
                coalesce(nullif(reservation_reservation_a_r_n, ''), nullif(savings_plan_savings_plan_a_r_n, '')) is not null
                or line_item_usage_end_date > line_item_usage_start_date + interval 366 day
            )
            and line_item_usage_end_date > bill_billing_period_start_date + interval '1' month
            and line_item_usage_start_date < bill_billing_period_start_date + interval '1' month
            then bill_billing_period_start_date + interval '1' month
        when strftime(line_item_usage_end_date, '%M:%S') = '59:59' then line_item_usage_end_date + interval '1' second
        else line_item_usage_end_date
    end as usage_end,
    line_item_product_code as product_code,
    line_item_usage_type as usage_type,
    line_item_operation as operation,
    line_item_availability_zone as availability_zone,
    line_item_resource_id as resource_id,
    cast(line_item_usage_amount as decimal(38, 9)) as usage_amount,
    upper(line_item_currency_code) as currency,
    line_item_line_item_description as description,
    line_item_tax_type as tax_type,
    line_item_legal_entity as legal_entity,
    -- who called: a role or user of IAM (Bedrock), or a person of IAM Identity Center (assistants, seats)
    coalesce(line_item_iam_principal, line_item_user_identifier) as principal_id,
    {{ vendor_amount('line_item_unblended_cost') }} as unblended_cost,
    {{ vendor_amount('line_item_net_unblended_cost') }} as net_unblended_cost,
    try_cast(line_item_unblended_rate as decimal(38, 12)) as unblended_rate,
    try_cast(line_item_net_unblended_rate as decimal(38, 12)) as net_unblended_rate,
    -- pricing
    {{ vendor_amount('pricing_public_on_demand_cost') }} as public_on_demand_cost,
    try_cast(pricing_public_on_demand_rate as decimal(38, 12)) as public_on_demand_rate,
    pricing_rate_code as rate_code,
    pricing_term as term,
    pricing_unit,
    -- commitments
    savings_plan_savings_plan_a_r_n as savings_plan_arn,
    savings_plan_offering_type as savings_plan_type,
    {{ vendor_amount('savings_plan_savings_plan_effective_cost') }} as savings_plan_effective_cost,
    {{ vendor_amount('savings_plan_net_savings_plan_effective_cost') }} as savings_plan_net_effective_cost,
    {{ vendor_amount('savings_plan_total_commitment_to_date') }} as savings_plan_total_commitment,
    {{ vendor_amount('savings_plan_used_commitment') }} as savings_plan_used_commitment,
    {{ vendor_amount('savings_plan_net_amortized_upfront_commitment_for_billing_period') }} as savings_plan_net_upfront_commitment,
    {{ vendor_amount('savings_plan_net_recurring_commitment_for_billing_period') }} as savings_plan_net_recurring_commitment,
    reservation_reservation_a_r_n as reservation_arn,
    {{ vendor_amount('reservation_effective_cost') }} as reservation_effective_cost,
    {{ vendor_amount('reservation_net_effective_cost') }} as reservation_net_effective_cost,
    {{ vendor_amount('reservation_unused_amortized_upfront_fee_for_billing_period') }} as reservation_unused_upfront_fee,
    {{ vendor_amount('reservation_net_unused_amortized_upfront_fee_for_billing_period') }} as reservation_net_unused_upfront_fee,
    {{ vendor_amount('reservation_unused_recurring_fee') }} as reservation_unused_recurring_fee,
    {{ vendor_amount('reservation_net_unused_recurring_fee') }} as reservation_net_unused_recurring_fee,
    cast(reservation_unused_quantity as decimal(38, 9)) as reservation_unused_quantity,
    -- Capacity: the report names the reservation in a column of its own; without that, an unused box has it as its resource.
    coalesce(
        nullif(capacity_reservation_capacity_reservation_arn, ''),
        case when line_item_resource_id like '%:capacity-reservation/%' then line_item_resource_id end
    ) as capacity_reservation_id,
    lower(coalesce(nullif(capacity_reservation_capacity_reservation_status, ''), case
        when {{ json_text('product', 'capacitystatus') }} = 'UnusedCapacityReservation' then 'unused'
        when {{ json_text('product', 'capacitystatus') }} = 'AllocatedCapacityReservation' then 'reserved'
        when regexp_matches(line_item_usage_type, 'Unused(Box|Ded):') then 'unused'
        when regexp_matches(line_item_usage_type, '(Reservation|DedicatedRes):') then 'reserved'
    end)) as capacity_reservation_status,
    -- Why a line is no charge. A split line repeats a part of its parent's cost and use; a line of all that is reserved repeats what the
    -- used and the unused lines say; a negation takes back the price of usage that a savings plan covers. None is left out that costs.
    case
        when line_item_line_item_type = 'SavingsPlanNegation' then 'negation'
        when split_line_item_parent_resource_id <> '' and {{ costs_nothing }} then 'split_line'
        when line_item_line_item_type in {{ usage_types }} and {{ costs_nothing }}
            and (
                lower(capacity_reservation_capacity_reservation_status) = 'reserved'
                or {{ json_text('product', 'capacitystatus') }} = 'AllocatedCapacityReservation'
                or regexp_matches(line_item_usage_type, '(Reservation|DedicatedRes):')
            )
            then 'capacity_total'
    end as left_out_reason,
    split_line_item_parent_resource_id as split_parent_resource_id,
    try_cast(split_line_item_split_cost as decimal(38, 12)) as split_cost,
    -- product
    coalesce(product_product_name, {{ json_text('product', 'product_name') }}, {{ json_text('product', 'ProductName') }}) as product_name,
    coalesce(product_sku, {{ json_text('product', 'sku') }}) as sku,
    coalesce(product_region_code, {{ json_text('product', 'region_code') }}, {{ json_text('product', 'region') }}) as region_id,
    coalesce(product_location, {{ json_text('product', 'location') }}) as region_name,
    coalesce(product_instance_type, {{ json_text('product', 'instance_type') }}) as instance_type,
    coalesce(product_product_family, {{ json_text('product', 'product_family') }}) as product_family,
    -- properties of the price under the specification's names, as a JSON object
    '{' || nullif(concat_ws(',',
        '"InstanceType":' || cast(to_json(coalesce(product_instance_type, {{ json_text('product', 'instance_type') }})) as varchar),
        '"OperatingSystem":'
        || cast(to_json(coalesce({{ json_text('product', 'operating_system') }}, {{ json_text('product', 'operatingSystem') }})) as varchar),
        '"CoreCount":' || nullif(regexp_extract({{ json_text('product', 'vcpu') }}, '^[0-9]+$'), ''),
        '"GpuCount":' || nullif(regexp_extract({{ json_text('product', 'gpu') }}, '^[0-9]+$'), ''),
        '"StorageClass":'
        || cast(to_json(coalesce({{ json_text('product', 'storage_class') }}, {{ json_text('product', 'storageClass') }})) as varchar),
        '"x_Term":' || cast(to_json(nullif(pricing_term, '')) as varchar),
        '"x_PurchaseOption":' || cast(to_json(nullif(pricing_purchase_option, '')) as varchar),
        '"x_LeaseContractLength":' || cast(to_json(nullif(pricing_lease_contract_length, '')) as varchar)
    ), '') || '}' as sku_price_details,
    -- Tag keys as their owner wrote them: AWS prefixes them with `user:` (legacy) or `user_` (CUR 2.0).
    -- A quote inside a value is escaped, so that a quote after `{` or `,` always opens a key.
    nullif(regexp_replace(resource_tags, '([{,]\s*)"user[:_]', '\1"', 'g'), '{}') as tags,
    nullif(cost_category, '{}') as cost_categories,
    nullif(discount, '{}') as discounts
from {{ source('aws_cur', 'aws_cur_line_items') }}
