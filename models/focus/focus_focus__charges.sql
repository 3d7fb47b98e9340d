-- FOCUS exports of any version as FOCUS 1.4: what the exporter wrote.
with lines as (
    select
        *,
        cast(charge_period_start as date) as charge_date,
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
            'given_instance_type', 'x_service_code', 'x_usage_type', 'x_operation', 'x_cost_categories', 'x_discounts'
        ]) }} as content_key
    from {{ ref('stg_focus__charges') }}
),

-- AWS adds its own columns: the usage type names the instance, or the model and the token class.
aws_lines as (
    select
        lines.*,
        case when names.provider_id = 'aws' then lines.x_service_code end as aws_service_code,
        case when names.provider_id = 'aws' then lines.x_usage_type end as aws_usage_type
    from lines
    left join {{ ref('provider_aliases') }} as names
        on lower(coalesce(lines.service_provider_name, lines.provider_name, lines.invoice_issuer_name)) = names.raw_provider
),

{{ read_bedrock('aws_lines', 'aws_service_code', 'aws_usage_type', 'service_name', 'coalesce(pricing_unit, consumed_unit)') }},

aws_read as (
    select
        bedrock_lines.*,
        coalesce(
            bedrock_lines.given_model_id, case when bedrock_lines.is_global_routing then models.global_model_id end, models.model_id,
            bedrock_lines.bedrock_model
        ) as x_model_id,
        coalesce(bedrock_lines.given_instance_type, {{ usage_type_instance('bedrock_lines.aws_usage_type') }}) as x_instance_type,
        coalesce(bedrock_lines.given_project_id, case when bedrock_lines.is_bedrock then nullif(bedrock_lines.resource_id, '') end) as x_project_id,
        classes.token_direction as x_token_direction,
        classes.token_cache_action as x_token_cache_action,
        case when bedrock_lines.is_bedrock and classes.quantity_unit = 'tokens' then bedrock_lines.bedrock_tier end as x_service_tier
    from bedrock_lines
    left join {{ ref('billing_models') }} as models
        on models.provider_id = 'aws' and lower(bedrock_lines.bedrock_model) = lower(models.billing_name)
    left join {{ ref('billing_token_labels') }} as labels
        on labels.provider_id = 'aws' and bedrock_lines.bedrock_label = labels.label and bedrock_lines.charge_category = 'Usage'
    left join {{ ref('billing_token_classes') }} as classes on labels.billing_token_class = classes.billing_token_class
),

scoped as (
    select
        aws_read.*,
        coalesce(family.ai_scope, service.ai_scope) as x_ai_scope
    from aws_read
    left join {{ ref('service_categories') }} as service
        on service.service_provider_name = 'AWS' and service.match_field = 'service_code' and aws_read.aws_service_code = service.match_value
        and aws_read.charge_date >= service.valid_from and aws_read.charge_date < service.valid_to
    left join {{ ref('service_categories') }} as family
        on family.service_provider_name = 'AWS' and family.match_field = 'instance_family' and aws_read.aws_service_code is not null
        and aws_read.charge_category in ('Usage', 'Purchase')
        and {{ instance_family('aws_read.x_instance_type') }} = family.match_value
        and aws_read.charge_date >= family.valid_from and aws_read.charge_date < family.valid_to
),

{{ charges_of_lines('scoped', 'focus') }}
