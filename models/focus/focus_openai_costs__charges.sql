-- OpenAI's daily costs as FOCUS: one charge per day, project, key and line item. The API gives no list price and no invoice.
with lines as (
    select
        *,
        cast(bucket_start as date) as charge_date,
        {{ hash_key([
            'feed', 'organization_id', 'bucket_start', 'bucket_end', 'project_id', 'api_key_id', 'line_item', 'quantity', 'quantity_unit',
            'amount', 'currency'
        ]) }} as content_key
    from {{ ref('stg_openai__costs') }}
),

meters as (
    {{ billing_meters('lines', "'openai'", 'line_item') }}
),

classes as (
    select * from {{ ref('billing_token_classes') }}
),

classified as (
    select
        lines.*,
        lines.quantity_unit as vendor_unit,
        row_number() over (partition by lines.charge_date, lines.content_key order by lines.content_key) as ordinal,
        coalesce(labels.billing_token_class, meters.billing_token_class) as billing_token_class,
        classes.token_direction,
        classes.token_cache_action,
        classes.quantity_unit as class_unit,
        classes.split_by,
        -- a tool fee names the tool, a duration or an image may name its model alone
        coalesce(aliases.model_id, models.model_id, lines.raw_model) as model_id,
        case
            when lines.quantity_unit is null then lines.quantity
            when units.quantity_unit = classes.quantity_unit then lines.quantity * units.units_per_quantity
        end as usage_quantity,
        scope.service_provider_name,
        scope.service_name,
        scope.invoice_issuer_name,
        service.service_category,
        service.service_subcategory,
        service.ai_scope
    from lines
    left join {{ ref('billing_token_labels') }} as labels
        on labels.provider_id = 'openai' and lines.token_label = labels.label
    left join meters on labels.label is null and lower(lines.line_item) = meters.meter
    left join classes on coalesce(labels.billing_token_class, meters.billing_token_class) = classes.billing_token_class
    left join {{ ref('billed_units') }} as units on units.provider_id = '*' and lower(lines.quantity_unit) = units.billed_unit
    left join {{ ref('billing_models') }} as models
        on models.provider_id = 'openai' and lower(coalesce(lines.raw_model, lines.line_item)) = lower(models.billing_name)
    left join {{ ref('stg_price_book__model_aliases') }} as aliases
        on aliases.provider_id = 'openai' and lines.raw_model = aliases.raw_model
    left join {{ ref('meter_scopes') }} as scope on scope.provider_id = 'openai'
    left join {{ ref('service_categories') }} as service
        on service.match_field = 'service_name' and scope.service_name = service.match_value
        and lines.charge_date >= service.valid_from and lines.charge_date < service.valid_to
)

select
    {{ focus_charge({
        'BilledCost': 'amount',
        'BillingAccountId': 'organization_id',
        'BillingAccountType': "'Organization'",
        'BillingCurrency': 'currency',
        'BillingPeriodEnd': "date_trunc('month', bucket_start) + interval '1' month",
        'BillingPeriodStart': "date_trunc('month', bucket_start)",
        'ChargeCategory': "'Usage'",
        'ChargeDescription': 'line_item',
        'ChargeFrequency': "'Usage-Based'",
        'ChargePeriodEnd': 'bucket_end',
        'ChargePeriodStart': 'bucket_start',
        'ConsumedQuantity': 'quantity',
        'ConsumedUnit': "case when class_unit = 'tokens' then 'Tokens' else vendor_unit end",
        'EffectiveCost': 'amount',
        'HostProviderName': 'service_provider_name',
        'InvoiceIssuerName': 'invoice_issuer_name',
        'ProviderName': 'service_provider_name',
        'PublisherName': 'service_provider_name',
        'ServiceCategory': 'service_category',
        'ServiceName': 'service_name',
        'ServiceProviderName': 'service_provider_name',
        'ServiceSubcategory': 'service_subcategory',
        'SkuMeter': 'line_item',
        'SubAccountId': 'project_id',
        'SubAccountType': "case when project_id is not null then 'Project' end",
        'x_ChargeId': hash_key(["'openai'", 'content_key', 'ordinal']),
        'x_ChargeDate': 'charge_date',
        'x_Source': "'openai'",
        'x_Feed': 'feed',
        'x_AiScope': 'ai_scope',
        'x_MeterScope': "case when split_by <> 'nothing' then 'openai' end",
        'x_ModelId': 'case when billing_token_class is not null then model_id end',
        'x_ModelDeveloper': "case when model_id is not null and billing_token_class is not null then 'OpenAI' end",
        'x_TokenDirection': 'token_direction',
        'x_TokenCacheAction': 'token_cache_action',
        'x_BillingTokenClass': 'billing_token_class',
        'x_UsageQuantity': 'case when billing_token_class is not null then usage_quantity end',
        'x_UsageUnit': 'class_unit',
        'x_ProjectId': 'project_id',
        'x_CredentialId': 'api_key_id',
    }) }}
from classified
