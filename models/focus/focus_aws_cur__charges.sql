{%- set label = 'cache-?(?:read|write)(?:-5m|-1h)?(?:-input)?|input|output' -%}
-- AWS bill lines as FOCUS, amortised. What is charged is the net cost in a billing month whose payer has net costs, else the
-- gross cost. Usage under a savings plan is billed 0 (its negation line takes the price back) and costs what the plan costs;
-- a fee is billed when due and costs nothing itself; what a commitment did not use is a row of its own.
with lines as (
    select
        *,
        cast(usage_start as date) as charge_date,
        {{ hash_key([
            'feed', 'payer_account_id', 'invoice_id', 'invoicing_entity', 'billing_entity', 'bill_type', 'billing_period_start',
            'usage_account_id', 'line_item_type', 'usage_start', 'usage_end', 'product_code', 'usage_type', 'operation',
            'availability_zone', 'resource_id', 'usage_amount', 'currency', 'description', 'tax_type', 'legal_entity', 'iam_principal',
            'unblended_cost', 'net_unblended_cost', 'public_on_demand_cost', 'pricing_unit', 'savings_plan_arn',
            'savings_plan_effective_cost', 'savings_plan_net_effective_cost', 'savings_plan_total_commitment', 'savings_plan_used_commitment',
            'reservation_arn', 'reservation_effective_cost', 'reservation_unused_upfront_fee', 'reservation_unused_recurring_fee',
            'split_parent_resource_id', 'product_name', 'instance_type', 'tags'
        ]) }} as content_key
    from {{ ref('stg_aws_cur__line_items') }}
    where {{ in_focus_days('usage_date') }}
),

numbered as (
    select
        *,
        row_number() over (partition by charge_date, content_key order by content_key) as ordinal
    from lines
),

payer_months as (
    select
        payer_account_id,
        billing_period_start,
        count(net_unblended_cost) > 0 as has_net_costs
    from {{ ref('stg_aws_cur__line_items') }}
    group by payer_account_id, billing_period_start
),

charged as (
    select
        numbered.*,
        payer_months.has_net_costs,
        {{ hash_key(["'aws_cur'", 'numbered.content_key', 'numbered.ordinal']) }} as charge_id,
        coalesce(case when payer_months.has_net_costs then numbered.net_unblended_cost end, numbered.unblended_cost, 0) as charged_cost,
        numbered.line_item_type in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage') as is_usage,
        numbered.line_item_type in ('SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee', 'RIFee')
        or (numbered.line_item_type = 'Fee' and numbered.reservation_arn <> '') as is_commitment_fee
    from numbered
    inner join payer_months
        on numbered.payer_account_id = payer_months.payer_account_id
        and numbered.billing_period_start = payer_months.billing_period_start
),

costed as (
    select
        *,
        case when line_item_type = 'SavingsPlanCoveredUsage' then 0 else charged_cost end as billed_cost,
        case
            when line_item_type = 'SavingsPlanCoveredUsage'
                then coalesce(case when has_net_costs then savings_plan_net_effective_cost end, savings_plan_effective_cost, 0)
            when line_item_type = 'DiscountedUsage'
                then coalesce(case when has_net_costs then reservation_net_effective_cost end, reservation_effective_cost, 0)
            when is_commitment_fee then 0
            else charged_cost
        end as effective_cost,
        -- A list price of 0 beside a positive charge is a missing price.
        case when is_usage and not (public_on_demand_cost = 0 and charged_cost <> 0) then public_on_demand_cost end as list_cost,
        -- The unused part in the same terms as the fee: a net fee leaves a net remainder. AWS gives the used part gross only.
        case
            when line_item_type = 'SavingsPlanRecurringFee' and has_net_costs
                then {{ allocate(
                    "coalesce(savings_plan_net_recurring_commitment + coalesce(savings_plan_net_upfront_commitment, 0), charged_cost)",
                    "savings_plan_total_commitment - savings_plan_used_commitment", "savings_plan_total_commitment"
                ) }}
            when line_item_type = 'SavingsPlanRecurringFee' then savings_plan_total_commitment - savings_plan_used_commitment
            when line_item_type = 'RIFee' and has_net_costs
                then coalesce(reservation_net_unused_upfront_fee, reservation_unused_upfront_fee, 0)
                + coalesce(reservation_net_unused_recurring_fee, reservation_unused_recurring_fee, 0)
            when line_item_type = 'RIFee'
                then coalesce(reservation_unused_upfront_fee, 0) + coalesce(reservation_unused_recurring_fee, 0)
        end as unused_cost
    from charged
),

-- A negation takes back exactly what the covered lines were charged. Where a month's lines do not cancel, the rest is on the
-- invoice, so it stays a charge.
unfolded as (
    select
        payer_account_id,
        billing_period_start,
        savings_plan_arn,
        charge_date,
        currency,
        sum(charged_cost) as residual,
        min(charge_id) as first_charge_id
    from costed
    where line_item_type in ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')
    group by payer_account_id, billing_period_start, savings_plan_arn, charge_date, currency
    having sum(charged_cost) <> 0
),

rows_of_bill as (
    select
        costed.*,
        'line' as row_kind,
        charge_id as row_charge_id,
        billed_cost as row_billed_cost,
        effective_cost as row_effective_cost,
        list_cost as row_list_cost
    from costed
    where line_item_type <> 'SavingsPlanNegation'
    union all
    select
        costed.*,
        'unused' as row_kind,
        {{ hash_key(['charge_id', "'unused'"]) }} as row_charge_id,
        0 as row_billed_cost,
        unused_cost as row_effective_cost,
        null as row_list_cost
    from costed
    where unused_cost <> 0
    union all
    select
        costed.*,
        'negation' as row_kind,
        {{ hash_key(['costed.charge_id', "'negation'"]) }} as row_charge_id,
        unfolded.residual as row_billed_cost,
        unfolded.residual as row_effective_cost,
        null as row_list_cost
    from costed
    inner join unfolded on costed.charge_id = unfolded.first_charge_id
),

-- Bedrock: the usage type holds region, model, token class and routing; in the older marketplace form the product is the model.
parsed as (
    select
        *,
        row_kind = 'line' and is_usage as is_usage_row,
        product_code in ('AmazonBedrock', 'AmazonBedrockService', 'AmazonBedrockFoundationModels')
        or regexp_matches(usage_type, 'MP:.*(Input|Output).*TokenCount|MP:.*_tokens.*Units$') as is_bedrock,
        regexp_extract(coalesce(instance_type, regexp_extract(usage_type, '(?:BoxUsage|SpotUsage|EC2SP):(.+)$', 1)), '^((?:ml[.])?[a-z0-9-]+)[.]', 1)
            as instance_family,
        regexp_replace(usage_type, '^[A-Z]{2,4}[0-9]{0,2}-(MP:[A-Z0-9]+_)?', '') as meter
    from rows_of_bill
),

metered as (
    select
        *,
        case
            when not is_bedrock then null
            when regexp_matches(meter, 'TokenCount') then product_name
            when regexp_matches(meter, '_tokens.*Units$') then product_name
            else coalesce(
                nullif(regexp_extract(meter, '^(.*?)(?:-mantle)?(?:-text)?-(?:{{ label }})-token(?:s|-count)', 1), ''),
                -- a meter of another unit begins with its model
                nullif(regexp_extract(meter, '^(.*?)-(?:ProvisionedThroughput|search-units|T2I|I2I|T2V|I2V)', 1), '')
            )
        end as billing_model,
        case
            when not is_bedrock then null
            when regexp_matches(meter, 'TokenCount') then lower(regexp_extract(meter, '^([A-Za-z0-9]*)TokenCount', 1))
            when regexp_matches(meter, '_tokens.*Units$') then replace(regexp_extract(meter, '^([a-z0-9_]+?)_tokens', 1), '_', '-')
            else nullif(regexp_extract(meter, '-({{ label }})-token(?:s|-count)', 1), '')
        end as token_label,
        regexp_matches(lower(meter), 'global') as is_global_routing,
        -- what the model was asked to do it for; a meter that says nothing is the standard tier
        coalesce(nullif(regexp_extract(lower(meter), '[-_](batch|flex|priority|latency-optimized)', 1), ''), 'standard') as service_tier,
        case
            when regexp_matches(lower(pricing_unit), '1k|1,000|thousand') then 1000
            when regexp_matches(lower(pricing_unit), '1m|1,000,000|million') then 1000000
            -- no unit in the file: the older service code counts thousands, the newer ones millions
            when product_code = 'AmazonBedrock' then 1000
            else 1000000
        end as tokens_per_unit
    from parsed
),

unlabelled as (
    select meter
    from metered
    where is_bedrock and is_usage_row and token_label is null
),

bedrock_meters as (
    {{ billing_meters('unlabelled', "'aws'", 'meter') }}
),

classes as (
    select * from {{ ref('billing_token_classes') }}
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
    from metered
    left join {{ ref('billing_token_labels') }} as labels
        on labels.provider_id = 'aws' and metered.token_label = labels.label
    left join bedrock_meters on metered.is_bedrock and metered.token_label is null and lower(metered.meter) = bedrock_meters.meter
    left join classes on coalesce(labels.billing_token_class, bedrock_meters.billing_token_class) = classes.billing_token_class
    left join {{ ref('billed_units') }} as units on units.provider_id = '*' and lower(metered.pricing_unit) = units.billed_unit
    left join {{ ref('billing_models') }} as models
        on models.provider_id = 'aws' and lower(metered.billing_model) = lower(models.billing_name)
    left join {{ ref('service_categories') }} as service
        on service.service_provider_name = 'AWS' and service.match_field = 'service_code' and metered.product_code = service.match_value
        and metered.charge_date >= service.valid_from and metered.charge_date < service.valid_to
    left join {{ ref('service_categories') }} as entity
        on entity.service_provider_name = 'AWS' and entity.match_field = 'billing_entity' and metered.billing_entity = entity.match_value
        and metered.charge_date >= entity.valid_from and metered.charge_date < entity.valid_to
    left join {{ ref('service_categories') }} as family
        on family.service_provider_name = 'AWS' and family.match_field = 'instance_family' and metered.instance_family = family.match_value
        and metered.charge_date >= family.valid_from and metered.charge_date < family.valid_to
)

select
    {{ focus_charge({
        'AvailabilityZone': 'availability_zone',
        'BilledCost': 'row_billed_cost',
        'BillingAccountId': 'payer_account_id',
        'BillingAccountName': 'payer_account_name',
        'BillingCurrency': 'currency',
        'BillingPeriodEnd': 'billing_period_end',
        'BillingPeriodStart': 'billing_period_start',
        'CapacityReservationId': 'capacity_reservation_id',
        'CapacityReservationStatus': "case when lower(capacity_reservation_status) like '%unused%' then 'Unused' when capacity_reservation_id is not null then 'Used' end",
        'ChargeCategory': "case
            when row_kind = 'unused' or is_usage_row then 'Usage'
            when row_kind = 'negation' then 'Adjustment'
            when line_item_type = 'Tax' then 'Tax'
            when line_item_type = 'Credit' then 'Credit'
            when is_commitment_fee or line_item_type = 'Fee' then 'Purchase'
            else 'Adjustment'
        end",
        'ChargeClass': "case when line_item_type = 'Refund' or bill_type = 'Refund' then 'Correction' end",
        'ChargeDescription': "case row_kind when 'unused' then 'Unused commitment: ' || coalesce(description, '')
            when 'negation' then 'Savings plan negation that no covered line explains' else description end",
        'ChargeFrequency': "case
            when is_usage_row or row_kind = 'unused' then 'Usage-Based'
            when line_item_type in ('SavingsPlanRecurringFee', 'RIFee') then 'Recurring'
            else 'One-Time'
        end",
        'ChargePeriodEnd': 'usage_end',
        'ChargePeriodStart': 'usage_start',
        'CommitmentDiscountCategory': "case when savings_plan_arn <> '' then 'Spend' when reservation_arn <> '' then 'Usage' end",
        'CommitmentDiscountId': "coalesce(nullif(savings_plan_arn, ''), nullif(reservation_arn, ''))",
        'CommitmentDiscountStatus': "case
            when row_kind = 'unused' then 'Unused'
            when line_item_type in ('SavingsPlanCoveredUsage', 'DiscountedUsage') then 'Used'
        end",
        'CommitmentDiscountType': "case when savings_plan_arn <> '' then coalesce(savings_plan_type, 'Savings Plan') when reservation_arn <> '' then 'Reserved Instance' end",
        'ConsumedQuantity': "case when is_usage_row and quantity_unit = 'tokens' then usage_quantity when is_usage_row then usage_amount end",
        'ConsumedUnit': "case when is_usage_row and quantity_unit = 'tokens' then 'Tokens' when is_usage_row then pricing_unit end",
        'ContractedCost': "case when row_kind <> 'line' then null when line_item_type = 'DiscountedUsage' then list_cost when is_usage_row then charged_cost end",
        'EffectiveCost': 'row_effective_cost',
        'HostProviderName': "'AWS'",
        'InvoiceId': "nullif(invoice_id, '')",
        'InvoiceIssuerName': "coalesce(invoicing_entity, case when billing_entity <> 'AWS Marketplace' then legal_entity end, 'Amazon Web Services, Inc.')",
        'ListCost': 'row_list_cost',
        'ListUnitPrice': "case when is_usage_row and public_on_demand_rate <> 0 then public_on_demand_rate end",
        'PricingCategory': "case
            when not is_usage_row then null
            when line_item_type in ('SavingsPlanCoveredUsage', 'DiscountedUsage') then 'Committed'
            when term = 'Spot' or usage_type like '%SpotUsage%' then 'Dynamic'
            else 'Standard'
        end",
        'PricingQuantity': "case when row_kind = 'line' and line_item_type not in ('Tax', 'Credit', 'Refund') then usage_amount end",
        'PricingUnit': "case when row_kind = 'line' and line_item_type not in ('Tax', 'Credit', 'Refund') then pricing_unit end",
        'ProviderName': "'AWS'",
        'PublisherName': "coalesce(legal_entity, 'Amazon Web Services, Inc.')",
        'RegionId': 'region_id',
        'RegionName': 'region_name',
        'ResourceId': "nullif(resource_id, '')",
        'ResourceType': 'product_family',
        'ServiceCategory': "coalesce(service_category, 'Other')",
        'ServiceName': 'coalesce(product_name, product_code)',
        'ServiceProviderName': "case when billing_entity = 'AWS Marketplace' then coalesce(legal_entity, 'AWS Marketplace') else 'AWS' end",
        'ServiceSubcategory': 'service_subcategory',
        'SkuId': 'sku',
        'SkuMeter': 'usage_type',
        'SkuPriceId': 'rate_code',
        'SubAccountId': 'usage_account_id',
        'SubAccountName': 'usage_account_name',
        'SubAccountType': "'Account'",
        'Tags': 'tags',
        'x_ChargeId': 'row_charge_id',
        'x_ChargeDate': 'charge_date',
        'x_Source': "'aws_cur'",
        'x_Feed': 'feed',
        'x_LoadId': 'load_id',
        'x_AiScope': 'ai_scope',
        'x_MeterScope': "case when split_by <> 'nothing' then 'aws' end",
        'x_ModelId': 'case when billing_token_class is not null then coalesce(mapped_model_id, billing_model) end',
        'x_ModelDeveloper': 'case when billing_token_class is not null then model_developer end',
        'x_TokenDirection': "case when is_usage_row then token_direction end",
        'x_TokenCacheAction': "case when is_usage_row then token_cache_action end",
        'x_BillingTokenClass': 'billing_token_class',
        'x_UsageQuantity': 'case when billing_token_class is not null then usage_quantity end',
        'x_UsageUnit': 'case when billing_token_class is not null then quantity_unit end',
        'x_ServiceTier': "case when quantity_unit = 'tokens' and billing_token_class is not null then service_tier end",
        'x_ProjectId': "case when is_bedrock then coalesce(nullif(resource_id, ''), usage_account_id) else usage_account_id end",
        'x_PrincipalId': "nullif(iam_principal, '')",
        'x_InstanceType': "coalesce(instance_type, nullif(regexp_extract(usage_type, '(?:BoxUsage|SpotUsage):(.+)$', 1), ''))",
    }) }}
from classified
