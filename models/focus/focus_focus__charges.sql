-- FOCUS exports of any version as FOCUS 1.4: what the exporter wrote, its older provider columns filled in, and the token
-- properties of the 1.5 draft (in SkuPriceDetails or in custom columns) read into x_ columns.
with lines as (
    select
        *,
        cast(charge_period_start as date) as charge_date,
        coalesce(service_provider_name, provider_name, invoice_issuer_name, 'unknown') as provider,
        {{ json_text('sku_price_details', 'TokenDirection') }} as token_direction,
        {{ json_text('sku_price_details', 'TokenCacheAction') }} as given_cache_action,
        coalesce({{ json_text('sku_price_details', 'ModelId') }}, x_model_id) as raw_model,
        {{ json_text('sku_price_details', 'ModelDeveloper') }} as model_developer,
        coalesce(x_instance_type, {{ json_text('sku_price_details', 'InstanceType') }}) as instance_type,
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
            'provider_name', 'publisher_name', 'principal_id', 'credential_id', 'x_model_id', 'x_project_id',
            'x_instance_type'
        ]) }} as content_key
    from {{ ref('stg_focus__charges') }}
),

numbered as (
    select
        lines.*,
        row_number() over (partition by charge_date, content_key order by content_key) as ordinal,
        case when token_direction = 'Input' then coalesce(given_cache_action, 'Uncached') end as token_cache_action,
        lower(provider) as provider_key
    from lines
),

-- Azure OpenAI names model, direction, routing and tier in the meter alone: `gpt-4o-mini-0718-Inp-regnl Tokens`, `5.4 opt Dz 1M Tokens`.
azure_parts as (
    select
        numbered.*,
        names.provider_id,
        case
            when names.provider_id = 'azure' and lower(numbered.sku_meter) like '%tokens'
                then regexp_replace(lower(numbered.sku_meter), '[-_ ]+', ' ', 'g')
        end as azure_meter
    from numbered
    left join {{ ref('provider_aliases') }} as names on numbered.provider_key = names.raw_provider
),

read as (
    select
        *,
        nullif(regexp_extract(azure_meter, ' ((?:cached |cchd |cd )?(?:input|inpt|inp|outpt|outp|output|opt)) ', 1), '') as azure_label,
        -- context and tier stand between model and direction
        nullif(trim(regexp_replace(
            regexp_extract(azure_meter, '^(.*?) (?:cached |cchd |cd )?(?:input|inpt|inp|outpt|outp|output|opt) ', 1),
            ' (batch|btch|pp|prty|priority|shortco|longco)', '', 'g'
        )), '') as azure_model,
        case
            when azure_meter is null then null
            when regexp_matches(azure_meter, ' (batch|btch) ') then 'batch'
            when regexp_matches(azure_meter, ' (pp|prty|priority) ') then 'priority'
            else 'standard'
        end as azure_tier
    from azure_parts
),

unlabelled as (
    select provider_id as bill_provider, sku_meter
    from read
    where charge_category = 'Usage' and token_direction is null and azure_label is null
),

meters as (
    {{ billing_meters('unlabelled', 'bill_provider', 'sku_meter') }}
),

classified as (
    select
        numbered.*,
        coalesce(aliases.model_id, numbered.raw_model, models.model_id, numbered.azure_model) as model_id,
        case when numbered.charge_category = 'Usage' then coalesce(classes.billing_token_class, metered.billing_token_class) end
            as billing_token_class,
        coalesce(classes.quantity_unit, metered.quantity_unit) as quantity_unit,
        coalesce(classes.split_by, metered.split_by) as split_by,
        coalesce(own_units.quantity_unit, units.quantity_unit) as consumed_quantity_unit,
        coalesce(own_units.units_per_quantity, units.units_per_quantity) as units_per_quantity,
        metered.token_direction as metered_direction,
        metered.token_cache_action as metered_cache_action,
        coalesce(numbered.model_developer, models.model_developer) as known_developer,
        service.service_category as seed_service_category,
        service.service_subcategory as seed_service_subcategory,
        case
            when accelerator.gpu_count > 0 and numbered.charge_category in ('Usage', 'Purchase') then 'accelerator'
            when service.ai_scope is not null then service.ai_scope
            when classes.billing_token_class is not null or labels.billing_token_class is not null or numbered.service_subcategory = 'Generative AI' then 'model_api'
            else category.ai_scope
        end as ai_scope
    from read as numbered
    left join {{ ref('stg_price_book__model_aliases') }} as aliases
        on numbered.provider_id = aliases.provider_id and numbered.raw_model = aliases.raw_model
    left join {{ ref('billing_models') }} as models
        on numbered.provider_id = models.provider_id and numbered.azure_model = models.billing_name
    left join {{ ref('billing_token_labels') }} as labels
        on numbered.provider_id = labels.provider_id and numbered.azure_label = labels.label and numbered.token_direction is null
    left join meters
        on numbered.provider_id = meters.provider_id and lower(numbered.sku_meter) = meters.meter
        and numbered.token_direction is null and numbered.azure_label is null
    left join {{ ref('billing_token_classes') }} as classes
        on numbered.token_direction = classes.token_direction
        and coalesce(numbered.token_cache_action, '') = coalesce(classes.token_cache_action, '')
    left join {{ ref('billed_units') }} as own_units
        on numbered.provider_id = own_units.provider_id and lower(numbered.consumed_unit) = own_units.billed_unit
    left join {{ ref('billed_units') }} as units on units.provider_id = '*' and lower(numbered.consumed_unit) = units.billed_unit
    left join {{ ref('instance_specs') }} as accelerator on numbered.instance_type = accelerator.instance_type
    left join {{ ref('service_categories') }} as service
        on service.match_field = 'service_name' and numbered.service_name = service.match_value
        and numbered.charge_date >= service.valid_from and numbered.charge_date < service.valid_to
    -- a pattern is read only where the service is a model API: elsewhere `video` or `storage` means something else
    left join {{ ref('billing_token_classes') }} as metered
        on coalesce(labels.billing_token_class, case
            when service.ai_scope = 'model_api' or numbered.service_subcategory = 'Generative AI' then meters.billing_token_class
        end) = metered.billing_token_class
    left join {{ ref('service_categories') }} as category
        on category.match_field = 'service_category' and numbered.service_category = category.match_value
        and numbered.charge_date >= category.valid_from and numbered.charge_date < category.valid_to
)

select
    {{ focus_charge({
        'AllocatedMethodDetails': 'allocated_method_details',
        'AllocatedMethodId': 'allocated_method_id',
        'AllocatedResourceId': 'allocated_resource_id',
        'AllocatedResourceName': 'allocated_resource_name',
        'AllocatedTags': 'allocated_tags',
        'AvailabilityZone': 'availability_zone',
        'BilledCost': 'billed_cost',
        'BillingAccountId': 'billing_account_id',
        'BillingAccountName': 'billing_account_name',
        'BillingAccountType': 'billing_account_type',
        'BillingCurrency': 'billing_currency',
        'BillingPeriodEnd': 'billing_period_end',
        'BillingPeriodStart': 'billing_period_start',
        'CapacityReservationId': 'capacity_reservation_id',
        'CapacityReservationStatus': 'capacity_reservation_status',
        'ChargeCategory': 'charge_category',
        'ChargeClass': 'charge_class',
        'ChargeDescription': 'charge_description',
        'ChargeFrequency': 'charge_frequency',
        'ChargePeriodEnd': 'charge_period_end',
        'ChargePeriodStart': 'charge_period_start',
        'CommitmentDiscountCategory': 'commitment_discount_category',
        'CommitmentDiscountId': 'commitment_discount_id',
        'CommitmentDiscountName': 'commitment_discount_name',
        'CommitmentDiscountQuantity': 'commitment_discount_quantity',
        'CommitmentDiscountStatus': 'commitment_discount_status',
        'CommitmentDiscountType': 'commitment_discount_type',
        'CommitmentDiscountUnit': 'commitment_discount_unit',
        'CommitmentProgramEligibilityDetails': 'commitment_program_eligibility_details',
        'ConsumedQuantity': 'consumed_quantity',
        'ConsumedUnit': 'consumed_unit',
        'ContractApplied': 'contract_applied',
        'ContractedCost': 'contracted_cost',
        'ContractedUnitPrice': 'contracted_unit_price',
        'EffectiveCost': 'effective_cost',
        'HostProviderName': 'coalesce(host_provider_name, provider)',
        'InvoiceDetailId': 'invoice_detail_id',
        'InvoiceId': 'invoice_id',
        'InvoiceIssuerName': 'coalesce(invoice_issuer_name, provider)',
        'ListCost': 'list_cost',
        'ListUnitPrice': 'list_unit_price',
        'PricingCategory': 'pricing_category',
        'PricingCurrency': 'pricing_currency',
        'PricingCurrencyContractedUnitPrice': 'pricing_currency_contracted_unit_price',
        'PricingCurrencyEffectiveCost': 'pricing_currency_effective_cost',
        'PricingCurrencyListUnitPrice': 'pricing_currency_list_unit_price',
        'PricingQuantity': 'pricing_quantity',
        'PricingUnit': 'pricing_unit',
        'ProviderName': 'provider',
        'PublisherName': 'coalesce(publisher_name, provider)',
        'RegionId': 'region_id',
        'RegionName': 'region_name',
        'ResourceId': 'resource_id',
        'ResourceName': 'resource_name',
        'ResourceType': 'resource_type',
        'ServiceCategory': "coalesce(service_category, seed_service_category, 'Other')",
        'ServiceName': 'service_name',
        'ServiceProviderName': 'provider',
        'ServiceSubcategory': 'coalesce(service_subcategory, seed_service_subcategory)',
        'SkuId': 'sku_id',
        'SkuMeter': 'sku_meter',
        'SkuPriceDetails': 'sku_price_details',
        'SkuPriceId': 'sku_price_id',
        'SubAccountId': 'sub_account_id',
        'SubAccountName': 'sub_account_name',
        'SubAccountType': 'sub_account_type',
        'Tags': 'tags',
        'x_ChargeId': hash_key(["'focus'", 'content_key', 'ordinal']),
        'x_ChargeDate': 'charge_date',
        'x_Source': "'focus'",
        'x_Feed': 'feed',
        'x_LoadId': 'load_id',
        'x_AiScope': 'ai_scope',
        'x_MeterScope': "case when billing_token_class is not null and split_by <> 'nothing' then coalesce(provider_id, provider_key) end",
        'x_ModelId': 'case when billing_token_class is not null then model_id end',
        'x_ModelDeveloper': 'known_developer',
        'x_TokenDirection': 'case when billing_token_class is not null then coalesce(token_direction, metered_direction) end',
        'x_TokenCacheAction': 'case when billing_token_class is not null then coalesce(token_cache_action, metered_cache_action) end',
        'x_BillingTokenClass': 'billing_token_class',
        'x_UsageQuantity': 'case
            when billing_token_class is not null and quantity_unit = consumed_quantity_unit then consumed_quantity * units_per_quantity
        end',
        'x_UsageUnit': 'case when billing_token_class is not null then quantity_unit end',
        'x_ServiceTier': "case when billing_token_class is not null and azure_label is not null then azure_tier end",
        'x_ProjectId': 'coalesce(x_project_id, sub_account_id)',
        'x_CredentialId': 'credential_id',
        'x_PrincipalId': 'principal_id',
        'x_InstanceType': 'instance_type',
    }) }}
from classified
