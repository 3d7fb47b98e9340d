{#- What the rate card says where the exporter gives quantities only. -#}
{%- set cost = vendor_amount('cast(lines.consumed_quantity as decimal(38, 9)) * cards.unit_price') -%}
{%- set from_card = {
    'billed_cost': cost, 'effective_cost': cost, 'contracted_cost': cost, 'billing_currency': 'cards.currency',
    'contracted_unit_price': 'cards.unit_price', 'pricing_quantity': 'lines.consumed_quantity', 'pricing_unit': 'lines.consumed_unit',
    'pricing_category': "'Standard'", 'sku_price_id': "'rate_card:' || cards.card_id",
} -%}
-- Lines of FOCUS exports. Some vendors export quantities without any cost: those are priced from the contract's rate card (reference
-- table rate_cards) that is valid on their day, the one that says most of SKU, account and region. A line that no card prices keeps NULL
-- cost. `content_key` hashes what the exporter wrote, so that a new price changes no identity.
with lines as (
    select
        *,
        cast(charge_period_start as date) as charge_date,
        lower(coalesce(service_provider_name, provider_name, invoice_issuer_name)) as provider_key,
        {{ hash_key([
            'feed',
            'allocated_method_details', 'allocated_method_id', 'allocated_resource_id', 'allocated_resource_name',
            'allocated_tags', 'availability_zone', 'billed_cost', 'billing_account_id', 'billing_account_name',
            'billing_account_type', 'billing_currency', 'billing_period_end', 'billing_period_start',
            'capacity_reservation_id', 'capacity_reservation_status', 'charge_category', 'charge_class',
            'charge_description', 'charge_frequency', 'charge_period_end', 'charge_period_start',
            'commitment_discount_category', 'commitment_discount_id', 'commitment_discount_name',
            'commitment_discount_quantity', 'commitment_discount_status', 'commitment_discount_type',
            'commitment_discount_unit', 'commitment_program_eligibility_details', 'consumed_quantity',
            'consumed_unit', 'contract_applied', 'contracted_cost', 'contracted_unit_price', 'effective_cost',
            'host_provider_name', 'invoice_detail_id', 'invoice_id', 'invoice_issuer_name', 'list_cost',
            'list_unit_price', 'pricing_category', 'pricing_currency', 'pricing_currency_contracted_unit_price',
            'pricing_currency_effective_cost', 'pricing_currency_list_unit_price', 'pricing_quantity', 'pricing_unit',
            'region_id', 'region_name', 'resource_id', 'resource_name', 'resource_type', 'service_category',
            'service_name', 'service_provider_name', 'service_subcategory', 'sku_id', 'sku_meter',
            'sku_price_details', 'sku_price_id', 'sub_account_id', 'sub_account_name', 'sub_account_type', 'tags',
            'provider_name', 'publisher_name', 'principal_id', 'credential_id', 'given_model_id', 'given_project_id',
            'given_instance_type', 'x_machine_name', 'x_service_code', 'x_usage_type', 'x_operation', 'x_cost_categories', 'x_discounts'
        ]) }} as content_key
    from {{ ref('stg_focus__charges') }}
    where {{ at_focus_days('charge_period_start') }}
),

unpriced as (
    select distinct charge_date, provider_key, billing_account_id, sku_id, service_name, region_id, lower(consumed_unit) as unit
    from lines
    where billed_cost is null
),

candidates as (
    select
        unpriced.*,
        cards.card_id,
        cards.unit_price,
        cards.currency,
        row_number() over (
            partition by
                unpriced.charge_date, unpriced.provider_key, unpriced.billing_account_id, unpriced.sku_id, unpriced.service_name,
                unpriced.region_id, unpriced.unit
            order by
                case when cards.sku = '*' then 2 when cards.sku = unpriced.sku_id then 0 else 1 end asc,
                case when cards.billing_account_id = '*' then 1 else 0 end asc,
                case when cards.region_id = '*' then 1 else 0 end asc,
                cards.valid_from desc,
                cards.card_id asc
        ) as position
    from unpriced
    inner join {{ ref('stg_reference__rate_cards') }} as cards
        on unpriced.provider_key = lower(cards.provider)
        and (cards.sku = '*' or unpriced.sku_id = cards.sku or unpriced.service_name = cards.sku)
        and (cards.billing_account_id = '*' or unpriced.billing_account_id = cards.billing_account_id)
        and (cards.region_id = '*' or unpriced.region_id = cards.region_id)
        and unpriced.unit = lower(cards.unit)
        and unpriced.charge_date >= cards.valid_from and unpriced.charge_date < cards.valid_to
),

chosen as (
    select * from candidates
    where position = 1
)

select
    lines.feed,
    lines.charge_date,
    lines.content_key,
    {%- for name, _ in focus_columns() if not name.startswith('x_') %}
    {%- set column = snake_case(name) %}
    {%- if column == 'billed_cost' %}
    coalesce(lines.billed_cost, {{ from_card[column] }}) as billed_cost,
    {%- elif column in from_card %}
    case when lines.billed_cost is null then {{ from_card[column] }} else lines.{{ column }} end as {{ column }},
    {%- else %}
    lines.{{ column }},
    {%- endif %}
    {%- endfor %}
    lines.principal_id,
    lines.credential_id,
    lines.given_model_id,
    lines.given_project_id,
    -- a SKU that is billed by quantity alone is a kind of machine; seed instance_specs knows which of them are
    case when lines.billed_cost is null then coalesce(lines.given_instance_type, lines.sku_id) else lines.given_instance_type end as given_instance_type,
    lines.x_machine_name,
    lines.x_service_code,
    lines.x_usage_type,
    lines.x_operation,
    lines.x_cost_categories,
    lines.x_discounts,
    lines.x_sku_meter_category,
    lines.x_sku_meter_subcategory
from lines
left join chosen as cards
    on lines.billed_cost is null
    and lines.charge_date = cards.charge_date
    and coalesce(lines.provider_key, '') = coalesce(cards.provider_key, '')
    and lines.billing_account_id = cards.billing_account_id
    and coalesce(lines.sku_id, '') = coalesce(cards.sku_id, '')
    and coalesce(lines.service_name, '') = coalesce(cards.service_name, '')
    and coalesce(lines.region_id, '') = coalesce(cards.region_id, '')
    and coalesce(lower(lines.consumed_unit), '') = coalesce(cards.unit, '')
