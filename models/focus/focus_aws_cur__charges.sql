-- Amortised AWS lines as FOCUS: what each line measures, which service it is of, and the specification's columns.
with rows_of_bill as (
    select
        *,
        case
            when row_kind in ('unused', 'unused_block') or (row_kind = 'line' and is_usage) then 'Usage'
            when row_kind = 'negation' then 'Adjustment'
            when line_item_type = 'Tax' then 'Tax'
            when line_item_type = 'Credit' then 'Credit'
            when is_commitment_fee or line_item_type = 'Fee' then 'Purchase'
            else 'Adjustment'
        end as charge_category,
        case when line_item_type = 'Refund' or bill_type = 'Refund' then 'Correction' end as charge_class,
        coalesce(nullif(savings_plan_arn, ''), nullif(reservation_arn, '')) as commitment_id
    from {{ ref('focus_aws_cur__amortised') }}
),

parsed as (
    select
        *,
        row_kind = 'line' and is_usage as is_usage_row,
        {{ instance_family("coalesce(instance_type, " ~ usage_type_instance('usage_type') ~ ", regexp_extract(usage_type, 'EC2SP:(.+)$', 1))") }}
            as instance_family
    from rows_of_bill
),

{{ read_bedrock('parsed', 'product_code', 'usage_type', 'product_name', 'pricing_unit') }},

unlabelled as (
    select bedrock_meter as meter
    from bedrock_lines
    where is_bedrock and is_usage_row and bedrock_label is null
),

bedrock_meters as (
    {{ billing_meters('unlabelled', "'aws'", 'meter') }}
),

classes as (
    select * from {{ ref('billing_token_classes') }}
),

-- A price has an id where the report gives one, or a SKU and its term. Without, the specification wants no quantity of it.
priced as (
    select
        bedrock_lines.*,
        focus_units.focus_unit,
        case
            when bedrock_lines.row_kind = 'line' and bedrock_lines.charge_category in ('Usage', 'Purchase')
                then coalesce(nullif(bedrock_lines.rate_code, ''), bedrock_lines.sku || '.' || nullif(bedrock_lines.term, ''))
        end as sku_price_id
    from bedrock_lines
    left join {{ ref('focus_units') }} as focus_units on lower(bedrock_lines.pricing_unit) = focus_units.billed_unit
),

-- Unit price × quantity is the cost. The vendor's rate is the price where it gives that, up to the rounding of its costs to ten
-- places; a line of several rates (a tier, a blend) has its average.
unit_priced as (
    select
        *,
        {%- for kind, rate in [('list', 'public_on_demand_rate'), ('contracted', 'charged_rate')] %}
        case
            when sku_price_id is null or row_{{ kind }}_cost is null then null
            when abs(
                cast({{ rate }} as double) * cast(usage_amount as double) - cast(row_{{ kind }}_cost as double)
            ) <= 0.000000001 + 0.000000001 * abs(cast(row_{{ kind }}_cost as double)) then {{ rate }}
            else {{ allocate('row_' ~ kind ~ '_cost', '1', 'usage_amount') }}
        end as {{ kind }}_unit_price{{ ',' if not loop.last }}
        {%- endfor %}
    from priced
),

classified as (
    select
        metered.*,
        case when metered.is_usage_row then classes.billing_token_class end as billing_token_class,
        case when metered.is_usage_row then classes.split_by end as split_by,
        classes.token_direction,
        classes.token_cache_action,
        classes.quantity_unit,
        case
            when classes.quantity_unit = 'tokens' then metered.usage_amount * metered.tokens_per_unit
            when classes.quantity_unit = units.quantity_unit then metered.usage_amount * units.units_per_quantity
        end as usage_quantity,
        models.model_developer,
        case when metered.is_global_routing then coalesce(models.global_model_id, models.model_id) else models.model_id end as mapped_model_id,
        coalesce(service.service_category, entity.service_category) as service_category,
        coalesce(service.service_subcategory, entity.service_subcategory) as service_subcategory,
        coalesce(
            case when metered.row_kind = 'unused' or metered.is_usage_row or metered.is_commitment_fee then family.ai_scope end,
            service.ai_scope, entity.ai_scope
        ) as ai_scope
    from unit_priced as metered
    left join {{ ref('billing_token_labels') }} as labels
        on labels.provider_id = 'aws' and metered.bedrock_label = labels.label
    left join bedrock_meters on metered.is_bedrock and metered.bedrock_label is null and lower(metered.bedrock_meter) = bedrock_meters.meter
    left join classes on coalesce(labels.billing_token_class, bedrock_meters.billing_token_class) = classes.billing_token_class
    left join {{ ref('billed_units') }} as units on units.provider_id = '*' and lower(metered.pricing_unit) = units.billed_unit
    left join {{ ref('billing_models') }} as models
        on models.provider_id = 'aws' and lower(metered.bedrock_model) = lower(models.billing_name)
    left join {{ ref('service_categories') }} as service
        on service.service_provider_name = 'AWS' and service.match_field = 'service_code'
        and case when metered.is_bedrock then 'AmazonBedrock' else metered.product_code end = service.match_value
        and metered.row_charge_date >= service.valid_from and metered.row_charge_date < service.valid_to
    left join {{ ref('service_categories') }} as entity
        on entity.service_provider_name = 'AWS' and entity.match_field = 'billing_entity' and metered.billing_entity = entity.match_value
        and metered.row_charge_date >= entity.valid_from and metered.row_charge_date < entity.valid_to
    left join {{ ref('service_categories') }} as family
        on family.service_provider_name = 'AWS' and family.match_field = 'instance_family' and metered.instance_family = family.match_value
        and metered.row_charge_date >= family.valid_from and metered.row_charge_date < family.valid_to
)

select
    {{ focus_charge({
        'AvailabilityZone': 'availability_zone',
        'BilledCost': 'row_billed_cost',
        'BillingAccountId': 'payer_account_id',
        'BillingAccountName': 'payer_account_name',
        'BillingAccountType': "'Payer Account'",
        'BillingCurrency': 'currency',
        'BillingPeriodEnd': 'row_billing_period_end',
        'BillingPeriodStart': 'row_billing_period_start',
        'CapacityReservationId': 'row_capacity_reservation_id',
        'CapacityReservationStatus': "case
            when row_kind = 'unused_block' then 'Unused'
            when row_capacity_reservation_id is null or charge_category <> 'Usage' or row_kind <> 'line' then null
            when capacity_reservation_status in ('unused', 'cancelled') then 'Unused'
            else 'Used'
        end",
        'ChargeCategory': 'charge_category',
        'ChargeClass': 'charge_class',
        'ChargeDescription': "case row_kind when 'unused' then 'Unused commitment: ' || coalesce(description, '')
            when 'unused_block' then 'Unused hours of a capacity block: ' || coalesce(description, '')
            when 'negation' then 'Savings plan negation that no covered line explains' else description end",
        'ChargeFrequency': "case
            when is_usage_row or row_kind in ('unused', 'unused_block') then 'Usage-Based'
            when line_item_type in ('SavingsPlanRecurringFee', 'RIFee') then 'Recurring'
            else 'One-Time'
        end",
        'ChargePeriodEnd': 'row_usage_end',
        'ChargePeriodStart': 'row_usage_start',
        'CommitmentDiscountCategory': "case when savings_plan_arn <> '' then 'Spend' when reservation_arn <> '' then 'Usage' end",
        'CommitmentDiscountId': 'commitment_id',
        'CommitmentDiscountQuantity': "case when commitment_id is not null and charge_class is null then row_commitment_quantity end",
        'CommitmentDiscountStatus': "case
            when row_kind = 'unused' then 'Unused'
            when line_item_type in ('SavingsPlanCoveredUsage', 'DiscountedUsage') then 'Used'
        end",
        'CommitmentDiscountType': "case when savings_plan_arn <> '' then coalesce(savings_plan_type, 'Savings Plan') when reservation_arn <> '' then 'Reserved Instance' end",
        'CommitmentDiscountUnit': "case
            when commitment_id is null or charge_class is not null or row_commitment_quantity is null then null
            when savings_plan_arn <> '' then currency
            else coalesce(focus_unit, pricing_unit, 'Hours')
        end",
        'ConsumedQuantity': "case
            when row_kind = 'unused_block' then row_commitment_quantity
            when not is_usage_row or sku_price_id is null then null when quantity_unit = 'tokens' then usage_quantity else usage_amount
        end",
        'ConsumedUnit': "case
            when row_kind = 'unused_block' then 'Hours'
            when not is_usage_row or sku_price_id is null then null when quantity_unit = 'tokens' then 'Tokens'
            else coalesce(focus_unit, pricing_unit)
        end",
        'ContractedCost': 'row_contracted_cost',
        'ContractedUnitPrice': 'contracted_unit_price',
        'EffectiveCost': 'row_effective_cost',
        'HostProviderName': "'AWS'",
        'InvoiceId': "nullif(invoice_id, '')",
        'InvoiceIssuerName': "coalesce(invoicing_entity, case when billing_entity <> 'AWS Marketplace' then legal_entity end, 'Amazon Web Services, Inc.')",
        'ListCost': 'row_list_cost',
        'ListUnitPrice': 'list_unit_price',
        'PricingCategory': "case
            when sku_price_id is null then null
            when line_item_type in ('SavingsPlanCoveredUsage', 'DiscountedUsage') then 'Committed'
            when term = 'Spot' or usage_type like '%SpotUsage%' then 'Dynamic'
            else 'Standard'
        end",
        'PricingQuantity': 'case when sku_price_id is not null then usage_amount end',
        'PricingUnit': "case
            when sku_price_id is null then null
            when quantity_unit = 'tokens' and billing_token_class is not null then tokens_per_unit || ' Tokens'
            else coalesce(focus_unit, pricing_unit)
        end",
        'ProviderName': "'AWS'",
        'PublisherName': "coalesce(legal_entity, 'Amazon Web Services, Inc.')",
        'RegionId': 'region_id',
        'RegionName': 'region_name',
        'ResourceId': "case
            when row_kind in ('unused', 'unused_block') or is_commitment_fee then coalesce(commitment_id, row_capacity_reservation_id)
            else nullif(resource_id, '')
        end",
        'ResourceType': "case when row_kind not in ('unused', 'unused_block') then product_family end",
        'ServiceCategory': "coalesce(service_category, 'Other')",
        'ServiceName': 'coalesce(product_name, product_code)',
        'ServiceProviderName': "case when billing_entity = 'AWS Marketplace' then coalesce(legal_entity, 'AWS Marketplace') else 'AWS' end",
        'ServiceSubcategory': 'service_subcategory',
        'SkuId': "case when charge_category <> 'Tax' then sku end",
        'SkuMeter': "case when charge_category <> 'Tax' then usage_type end",
        'SkuPriceDetails': 'case when sku_price_id is not null then sku_price_details end',
        'SkuPriceId': 'sku_price_id',
        'SubAccountId': 'usage_account_id',
        'SubAccountName': 'usage_account_name',
        'SubAccountType': "'Account'",
        'Tags': 'tags',
        'x_ChargeId': 'row_charge_id',
        'x_ChargeDate': 'row_charge_date',
        'x_Source': "'aws_cur'",
        'x_Feed': 'feed',
        'x_AiScope': 'ai_scope',
        'x_MeterScope': "case when split_by <> 'nothing' then 'aws' end",
        'x_ModelId': 'case when billing_token_class is not null then coalesce(mapped_model_id, bedrock_model) end',
        'x_ModelDeveloper': 'case when billing_token_class is not null then model_developer end',
        'x_TokenDirection': "case when is_usage_row then token_direction end",
        'x_TokenCacheAction': "case when is_usage_row then token_cache_action end",
        'x_BillingTokenClass': 'billing_token_class',
        'x_UsageQuantity': 'case when billing_token_class is not null then usage_quantity end',
        'x_UsageUnit': 'case when billing_token_class is not null then quantity_unit end',
        'x_ServiceTier': "case when quantity_unit = 'tokens' and billing_token_class is not null then bedrock_tier end",
        'x_ProjectId': "case when is_bedrock then coalesce(nullif(resource_id, ''), usage_account_id) else usage_account_id end",
        'x_PrincipalId': "nullif(principal_id, '')",
        'x_InstanceType': 'coalesce(instance_type, ' ~ usage_type_instance('usage_type') ~ ')',
        'x_ServiceCode': 'product_code',
        'x_Operation': "nullif(operation, '')",
        'x_CostCategories': 'cost_categories',
        'x_Discounts': 'discounts',
    }) }}
from classified
