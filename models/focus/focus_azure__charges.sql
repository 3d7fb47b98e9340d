-- Azure cost exports as FOCUS. Actual and amortized cost tell of the same use, so no line is taken from both: on a day of an account
-- that the amortized export has, its lines are the charges, and of the actual export only what buys or refunds commitments,
-- which the amortized one leaves out. What a commitment covers was paid with its purchase: billed 0, and costs its part of it. Its
-- unused part is a line of its own. Where there is no amortized export, the actual one is all there is, and what is billed is
-- what it costs. The choice is made by day, so that a day changes only with its own lines.
with account_days as (
    select
        feed,
        invoiced_account_id,
        billing_period_start,
        usage_date,
        max(case when cost_dataset = 'amortized' then 1 else 0 end) as has_amortized
    from {{ ref('stg_azure__costs') }}
    where {{ in_focus_days('usage_date') }}
    group by feed, invoiced_account_id, billing_period_start, usage_date
),

all_lines as (
    select
        costs.*,
        account_days.has_amortized,
        costs.pricing_model in ('Reservation', 'SavingsPlan') as is_committed,
        costs.charge_type in ('Usage', 'UnusedReservation', 'UnusedSavingsPlan') as is_usage,
        {{ hash_key([
            'costs.feed', 'costs.cost_dataset', 'costs.invoiced_account_id', 'costs.billing_period_start', 'costs.invoice_id',
            'costs.invoice_section_id', 'costs.subscription_id', 'costs.usage_date', 'costs.product_id', 'costs.product_name',
            'costs.part_number', 'costs.meter_id', 'costs.meter_category', 'costs.meter_sub_category', 'costs.meter_name',
            'costs.unit_of_measure', 'costs.quantity', 'costs.unit_price', 'costs.retail_price', 'costs.cost', 'costs.currency',
            'costs.retail_cost', 'costs.region_id', 'costs.availability_zone', 'costs.consumed_service', 'costs.resource_id',
            'costs.additional_info', 'costs.tags', 'costs.charge_type', 'costs.frequency', 'costs.pricing_model',
            'costs.commitment_id', 'costs.product_order_id', 'costs.publisher_name', 'costs.partner_name'
        ]) }} as content_key
    from {{ ref('stg_azure__costs') }} as costs
    inner join account_days
        on costs.feed = account_days.feed and costs.invoiced_account_id = account_days.invoiced_account_id
        and costs.billing_period_start = account_days.billing_period_start and costs.usage_date = account_days.usage_date
    where {{ in_focus_days('costs.usage_date') }}
),

charged as (
    select
        *,
        case when cost_dataset = 'amortized' and is_committed and is_usage then 0 else cost end as billed_cost,
        case when cost_dataset = 'actual' and has_amortized = 1 then 0 else cost end as effective_cost,
        -- Exports count in blocks (0.1351 of `10K`) or, tokens among others, in single units (1,351 of `1K`). The list price says
        -- which: a block is at least ten units, so that one reading is off by as much.
        case
            when block_size = 1 then 'blocks'
            when cost / nullif(coalesce(nullif(retail_price, 0), unit_price) * cast(quantity as decimal(38, 9)), 0) between 0.15 and 3 then 'blocks'
            when cost * block_size / nullif(coalesce(nullif(retail_price, 0), unit_price) * cast(quantity as decimal(38, 9)), 0) between 0.15 and 3
                then 'single'
        end as counted_in,
        case when pricing_currency = currency then 1 else exchange_rate end as price_rate,
        nullif({{ json_text('additional_info', 'ServiceType') }}, '') as machine_type
    from all_lines
    where cost_dataset = 'amortized' or has_amortized = 0 or (is_committed and charge_type in ('Purchase', 'Refund'))
),

priced as (
    select
        *,
        case counted_in when 'blocks' then quantity when 'single' then quantity / block_size end as pricing_quantity,
        case counted_in when 'blocks' then quantity * block_size when 'single' then quantity end as unit_quantity,
        -- a price of 0 beside a positive cost is a missing price
        case when retail_price > 0 or cost = 0 then cast(retail_price * price_rate as decimal(38, 12)) end as list_unit_price,
        case when unit_price > 0 or cost = 0 then cast(unit_price * price_rate as decimal(38, 12)) end as contracted_unit_price,
        {{ azure_machine_family('machine_type') }} as instance_family
    from charged
),

categorised as (
    select
        priced.*,
        case when sub_category.ai_scope = 'model_api' then priced.meter_sub_category else coalesce(priced.meter_category, priced.consumed_service, 'Azure') end as service_name,
        coalesce(sub_category.service_category, category.service_category, provider.service_category) as service_category,
        coalesce(sub_category.service_subcategory, category.service_subcategory, provider.service_subcategory) as service_subcategory,
        coalesce(
            case when priced.is_usage or priced.is_committed then family.ai_scope end,
            sub_category.ai_scope, category.ai_scope, provider.ai_scope
        ) as ai_scope
    from priced
    left join {{ ref('service_categories') }} as sub_category
        on sub_category.service_provider_name = 'Microsoft' and sub_category.match_field = 'meter_sub_category'
        and priced.meter_sub_category = sub_category.match_value
        and priced.usage_date >= sub_category.valid_from and priced.usage_date < sub_category.valid_to
    left join {{ ref('service_categories') }} as category
        on category.service_provider_name = 'Microsoft' and category.match_field = 'meter_category'
        and priced.meter_category = category.match_value
        and priced.usage_date >= category.valid_from and priced.usage_date < category.valid_to
    left join {{ ref('service_categories') }} as provider
        on provider.service_provider_name = 'Microsoft' and provider.match_field = 'consumed_service'
        and priced.consumed_service = provider.match_value
        and priced.usage_date >= provider.valid_from and priced.usage_date < provider.valid_to
    left join {{ ref('service_categories') }} as family
        on family.service_provider_name = 'Microsoft' and family.match_field = 'instance_family'
        and priced.instance_family = family.match_value
        and priced.usage_date >= family.valid_from and priced.usage_date < family.valid_to
),

lines as (
    select
        {{ bill_line({
            'feed': 'feed',
            'charge_date': 'usage_date',
            'content_key': 'content_key',
            'availability_zone': 'availability_zone',
            'billed_cost': 'billed_cost',
            'billing_account_id': 'invoiced_account_id',
            'billing_account_name': 'invoiced_account_name',
            'billing_account_type': "case when invoiced_account_id = billing_account_id then 'Billing Account' else 'Billing Profile' end",
            'billing_currency': 'currency',
            'billing_period_end': 'billing_period_end',
            'billing_period_start': 'billing_period_start',
            'charge_category': "case
                when is_usage then 'Usage'
                when charge_type in ('Purchase', 'Refund') then 'Purchase'
                when charge_type = 'Tax' then 'Tax'
                when charge_type = 'Credit' then 'Credit'
                else 'Adjustment'
            end",
            'charge_class': "case when charge_type = 'Refund' then 'Correction' end",
            'charge_description': 'coalesce(product_name, meter_name)',
            'charge_frequency': "case frequency when 'OneTime' then 'One-Time' when 'Recurring' then 'Recurring' when 'UsageBased' then 'Usage-Based' end",
            'charge_period_end': "cast(usage_date as timestamp) + interval '1' day",
            'charge_period_start': 'cast(usage_date as timestamp)',
            'commitment_discount_category': "case
                when lower(commitment_id) like '%/microsoft.billingbenefits/%' or pricing_model = 'SavingsPlan' then 'Spend'
                when is_committed then 'Usage'
            end",
            'commitment_discount_id': 'case when is_committed then coalesce(commitment_id, product_order_id) end',
            'commitment_discount_name': 'case when is_committed then coalesce(commitment_name, product_order_name) end',
            'commitment_discount_status': "case
                when charge_type in ('UnusedReservation', 'UnusedSavingsPlan') then 'Unused'
                when is_committed and is_usage then 'Used'
            end",
            'commitment_discount_type': "case when pricing_model = 'SavingsPlan' then 'Savings Plan' when is_committed then 'Reservation' end",
            'consumed_quantity': "case when charge_type = 'Usage' then unit_quantity end",
            'consumed_unit': "case when charge_type = 'Usage' and unit_quantity is not null then unit end",
            'contracted_cost': "case when charge_type = 'Usage' then contracted_unit_price * cast(pricing_quantity as decimal(38, 9)) end",
            'contracted_unit_price': "case when is_usage then contracted_unit_price end",
            'effective_cost': 'effective_cost',
            'host_provider_name': "'Microsoft'",
            'invoice_id': 'invoice_id',
            'invoice_issuer_name': "coalesce(partner_name, 'Microsoft')",
            'list_cost': "case when charge_type = 'Usage' then coalesce(retail_cost, list_unit_price * cast(pricing_quantity as decimal(38, 9))) end",
            'list_unit_price': 'case when is_usage then list_unit_price end',
            'pricing_category': "case when not is_usage then null when is_committed then 'Committed' when pricing_model = 'Spot' then 'Dynamic' else 'Standard' end",
            'pricing_currency': 'pricing_currency',
            'pricing_currency_effective_cost': "case
                when pricing_currency = currency then null
                when effective_cost = 0 then 0
                else coalesce(cost_in_pricing_currency, " ~ allocate('effective_cost', '1', 'exchange_rate') ~ ")
            end",
            'pricing_quantity': 'case when is_usage then pricing_quantity end',
            'pricing_unit': "case when is_usage then unit_of_measure end",
            'provider_name': "'Microsoft'",
            'publisher_name': "coalesce(publisher_name, 'Microsoft')",
            'region_id': "case when region_id not in ('', 'unassigned', 'unknown') then region_id end",
            'resource_id': 'resource_id',
            'resource_name': 'resource_name',
            'resource_type': 'consumed_service',
            'service_category': 'service_category',
            'service_name': 'service_name',
            'service_subcategory': 'service_subcategory',
            'sku_id': 'coalesce(product_id, part_number)',
            'sku_meter': 'meter_name',
            'sku_price_id': 'coalesce(product_id, part_number)',
            'sub_account_id': 'subscription_id',
            'sub_account_name': 'subscription_name',
            'sub_account_type': "case when subscription_id is not null then 'Subscription' end",
            'tags': 'tags',
            'x_ai_scope': 'ai_scope',
            'x_instance_type': 'machine_type',
            'x_machine_name': "coalesce(" ~ json_text('additional_info', 'VMName') ~ ", " ~ json_text('additional_info', 'VmName') ~ ")",
        }) }}
    from categorised
),

{{ charges_of_lines('lines', 'azure') }}
