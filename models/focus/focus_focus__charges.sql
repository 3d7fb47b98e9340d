-- FOCUS exports of any version as FOCUS 1.4: what the exporter wrote. Quantities that no price is known for are no charges yet.
with lines as (
    select * from {{ ref('focus_focus__priced') }}
    where billed_cost is not null
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
