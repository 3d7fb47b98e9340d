-- FOCUS exports of any version as FOCUS 1.4: what the exporter wrote. Quantities that no price is known for are no charges yet.
with lines as (
    select * from {{ ref('focus_focus__priced') }}
    where billed_cost is not null
),

-- Clouds add columns of their own. AWS: the usage type names the instance, or the model and the token class.
cloud_lines as (
    select
        lines.*,
        scopes.service_provider_name as cloud_name,
        case when names.provider_id = 'aws' then lines.x_service_code end as aws_service_code,
        case when names.provider_id = 'aws' then lines.x_usage_type end as aws_usage_type
    from lines
    left join {{ ref('provider_aliases') }} as names
        on lower(coalesce(lines.service_provider_name, lines.provider_name, lines.invoice_issuer_name)) = names.raw_provider
    left join {{ ref('meter_scopes') }} as scopes on names.provider_id = scopes.provider_id
),

{{ read_bedrock('cloud_lines', 'aws_service_code', 'aws_usage_type', 'service_name', 'coalesce(pricing_unit, consumed_unit)') }},

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

machines as (
    select
        *,
        case cloud_name
            when 'AWS' then {{ instance_family('x_instance_type') }}
            when 'Google Cloud' then {{ google_machine_family('x_instance_type', 'sku_meter') }}
            when 'Microsoft' then {{ azure_machine_family('x_instance_type') }}
        end as machine_family
    from aws_read
),

scoped as (
    select
        machines.*,
        coalesce(family.ai_scope, service.ai_scope, sub_category.ai_scope, category.ai_scope) as x_ai_scope
    from machines
    left join {{ ref('service_categories') }} as service
        on service.service_provider_name = 'AWS' and service.match_field = 'service_code'
        and case when machines.is_bedrock then 'AmazonBedrock' else machines.aws_service_code end = service.match_value
        and machines.charge_date >= service.valid_from and machines.charge_date < service.valid_to
    left join {{ ref('service_categories') }} as sub_category
        on machines.cloud_name = 'Microsoft' and sub_category.service_provider_name = 'Microsoft'
        and sub_category.match_field = 'meter_sub_category' and machines.x_sku_meter_subcategory = sub_category.match_value
        and machines.charge_date >= sub_category.valid_from and machines.charge_date < sub_category.valid_to
    left join {{ ref('service_categories') }} as category
        on machines.cloud_name = 'Microsoft' and category.service_provider_name = 'Microsoft'
        and category.match_field = 'meter_category' and machines.x_sku_meter_category = category.match_value
        and machines.charge_date >= category.valid_from and machines.charge_date < category.valid_to
    left join {{ ref('service_categories') }} as family
        on machines.cloud_name = family.service_provider_name and family.match_field = 'instance_family'
        and machines.charge_category in ('Usage', 'Purchase') and machines.machine_family = family.match_value
        and machines.charge_date >= family.valid_from and machines.charge_date < family.valid_to
),

{{ charges_of_lines('scoped', 'focus') }}
