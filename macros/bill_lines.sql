{#- What bills in FOCUS words have in common, from the names of columns to what their meters measure. -#}

{#- `ChargePeriodStart` -> `charge_period_start`. -#}
{% macro snake_case(column) -%}
    {{ return(modules.re.sub('(?<!^)(?=[A-Z])', '_', column) | lower) }}
{%- endmacro %}

{#- Columns of a bill line that are no FOCUS columns: where it is from, and what the source knows about tokens, models and scope. -#}
{% macro own_line_columns() -%}
    {{ return([
        'feed', 'content_key', 'principal_id', 'credential_id', 'x_model_id', 'x_token_direction', 'x_token_cache_action',
        'x_service_tier', 'x_ai_scope', 'x_project_id', 'x_instance_type', 'x_machine_name', 'x_service_code', 'x_operation', 'x_cost_categories',
        'x_discounts'
    ]) }}
{%- endmacro %}

{#- Select list of a bill line for `charges_of_lines`: the FOCUS columns in snake case, `charge_date` and `own_line_columns`.
    `expressions` maps a column to SQL; a column that the source does not have is NULL. -#}
{% macro bill_line(expressions) -%}
    {%- set types = {'charge_date': 'date'} -%}
    {%- for name in own_line_columns() -%} {%- do types.update({name: 'varchar'}) -%} {%- endfor -%}
    {%- for name, type in focus_columns() if not name.startswith('x_') -%} {%- do types.update({snake_case(name): type}) -%} {%- endfor -%}
    {%- for name in expressions if name not in types -%}
        {{ exceptions.raise_compiler_error('not a column of a bill line: ' ~ name) }}
    {%- endfor -%}
    {%- for name, type in types.items() %}
    cast({{ expressions.get(name, 'null') }} as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- CTEs and SELECT that turn bill lines into charges. `lines` is a relation with the columns of `bill_line`; `content_key` is the hash of
    the vendor columns read. Providers of older versions are filled in; token properties of the 1.5 draft (in SkuPriceDetails or in
    custom columns) and what meters say in words become x_ columns; what a line leaves open about its service comes from seed
    service_categories. -#}
{% macro charges_of_lines(lines, source) -%}
lines_read as (
    select
        *,
        coalesce(service_provider_name, provider_name, invoice_issuer_name, 'unknown') as provider,
        coalesce({{ json_text('sku_price_details', 'TokenDirection') }}, x_token_direction) as token_direction,
        coalesce({{ json_text('sku_price_details', 'TokenCacheAction') }}, x_token_cache_action) as given_cache_action,
        coalesce({{ json_text('sku_price_details', 'ModelId') }}, x_model_id) as raw_model,
        {{ json_text('sku_price_details', 'ModelDeveloper') }} as model_developer,
        coalesce(x_instance_type, {{ json_text('sku_price_details', 'InstanceType') }}) as instance_type
    from {{ lines }}
),

numbered as (
    select
        lines_read.*,
        row_number() over (partition by charge_date, content_key order by content_key) as ordinal,
        case when token_direction = 'Input' then coalesce(given_cache_action, 'Uncached') end as token_cache_action,
        lower(provider) as provider_key
    from lines_read
),

-- Azure OpenAI names model, direction, routing and tier in the meter alone: `gpt-4o-mini-0718-Inp-regnl Tokens`, `5.4 opt Dz 1M Tokens`.
-- Google names Gemini's in the SKU: `Gemini 2.5 Flash Lite Text Input - Predictions` on Vertex AI, `Generate content output token count gemini
-- 2.5 flash short input text` on the Gemini API (the first of two directions is the tokens' own). Gemini 1 counted characters and is not read.
meter_words as (
    select
        numbered.*,
        names.provider_id,
        case
            when names.provider_id = 'azure' and lower(numbered.sku_meter) like '%tokens'
                then regexp_replace(lower(numbered.sku_meter), '[-_ ]+', ' ', 'g')
            when names.provider_id = 'google' and regexp_matches(lower(numbered.sku_meter), 'gemini[ -](?:[2-9]|embedding)') and lower(numbered.sku_meter) not like '%storage%'
                then regexp_replace(lower(numbered.sku_meter), '[-_ ]+', ' ', 'g')
        end as meter,
        -- Google's id of a machine holds the numbers of project and machine, Kubernetes has their names. Azure's is the scale set, and the
        -- machine's number is in AdditionalInfo; without it the set is all that the bill knows.
        case
            when names.provider_id = 'google' and numbered.resource_id like '//compute.googleapis.com/projects/%/instances/%' then
                'gce://' || numbered.sub_account_id || '/' || regexp_extract(numbered.resource_id, '/zones/([^/]+)/instances/', 1)
                || '/' || regexp_replace(numbered.resource_name, '^.*/', '')
            when lower(numbered.resource_id) like '/subscriptions/%/providers/microsoft.compute/virtualmachinescalesets/%'
                and lower(numbered.resource_id) not like '%/virtualmachines/%'
                then
                    numbered.resource_id
                    || coalesce('/virtualmachines/' || nullif(regexp_extract(numbered.x_machine_name, '_([0-9]+)$', 1), ''), '')
            when lower(numbered.resource_id) like '/subscriptions/%/providers/microsoft.compute/virtualmachine%' then numbered.resource_id
        end as machine_provider_id
    from numbered
    left join {{ ref('provider_aliases') }} as names on numbered.provider_key = names.raw_provider
),

read as (
    select
        *,
        case
            when provider_id = 'azure' then nullif(regexp_extract(meter, ' ((?:cached |cchd |cd )?(?:input|inpt|inp|outpt|outp|output|opt)) ', 1), '')
            when regexp_matches(meter, ' cach(ed|ing|e) ?') and regexp_matches(meter, 'input') then 'cached input'
            else nullif(regexp_extract(meter, ' (input|output)( |$)', 1), '')
        end as meter_label,
        case
            -- context and tier stand between model and direction
            when provider_id = 'azure' then nullif(trim(regexp_replace(
                regexp_extract(meter, '^(.*?) (?:cached |cchd |cd )?(?:input|inpt|inp|outpt|outp|output|opt) ', 1),
                ' (batch|btch|pp|prty|priority|shortco|longco)', '', 'g'
            )), '')
            else replace(nullif(regexp_extract(meter, '(gemini (?:embedding )?[0-9.]+(?: (?:pro|flash|ultra|nano))?(?: lite)?)', 1), ''), ' ', '-')
        end as meter_model,
        case
            when meter is null then null
            when regexp_matches(meter, ' (batch|btch)( |$)') then 'batch'
            when regexp_matches(meter, ' (pp|prty|priority)( |$)') then 'priority'
            when regexp_matches(meter, ' flex( |$)') then 'flex'
            else 'standard'
        end as meter_tier
    from meter_words
),

unlabelled as (
    select provider_id as bill_provider, sku_meter
    from read
    where charge_category = 'Usage' and token_direction is null and meter_label is null
),

meters as (
    {{ billing_meters('unlabelled', 'bill_provider', 'sku_meter') }}
),

classified as (
    select
        numbered.*,
        coalesce(aliases.model_id, numbered.raw_model, models.model_id, numbered.meter_model) as model_id,
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
            when numbered.x_ai_scope is not null then numbered.x_ai_scope
            when accelerator.gpu_count > 0 and numbered.charge_category in ('Usage', 'Purchase') then 'accelerator'
            when service.ai_scope is not null then service.ai_scope
            when classes.billing_token_class is not null or labels.billing_token_class is not null or numbered.service_subcategory = 'Generative AI' then 'model_api'
            else category.ai_scope
        end as ai_scope
    from read as numbered
    left join {{ ref('stg_price_book__model_aliases') }} as aliases
        on numbered.provider_id = aliases.provider_id and numbered.raw_model = aliases.raw_model
    left join {{ ref('billing_models') }} as models
        on numbered.provider_id = models.provider_id and numbered.meter_model = models.billing_name
    left join {{ ref('billing_token_labels') }} as labels
        on numbered.provider_id = labels.provider_id and numbered.meter_label = labels.label and numbered.token_direction is null
    left join meters
        on numbered.provider_id = meters.provider_id and lower(numbered.sku_meter) = meters.meter
        and numbered.token_direction is null and numbered.meter_label is null
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
            when service.ai_scope = 'model_api' or numbered.x_ai_scope = 'model_api' or numbered.service_subcategory = 'Generative AI'
                then meters.billing_token_class
        end) = metered.billing_token_class
    left join {{ ref('service_categories') }} as category
        on category.match_field = 'service_category' and numbered.service_category = category.match_value
        and numbered.charge_date >= category.valid_from and numbered.charge_date < category.valid_to
)

{%- set expressions = {} -%}
{%- for name, _ in focus_columns() if not name.startswith('x_') -%} {%- do expressions.update({name: snake_case(name)}) -%} {%- endfor -%}
{%- do expressions.update({
        'HostProviderName': 'coalesce(host_provider_name, provider)',
        'InvoiceIssuerName': 'coalesce(invoice_issuer_name, provider)',
        'ProviderName': 'provider',
        'PublisherName': 'coalesce(publisher_name, provider)',
        'ServiceCategory': "coalesce(service_category, seed_service_category, 'Other')",
        'ServiceProviderName': 'provider',
        'ServiceSubcategory': 'coalesce(service_subcategory, seed_service_subcategory)',
        'x_ChargeId': hash_key(["'" ~ source ~ "'", 'content_key', 'ordinal']),
        'x_ChargeDate': 'charge_date',
        'x_Source': "'" ~ source ~ "'",
        'x_Feed': 'feed',
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
        'x_ServiceTier': "coalesce(x_service_tier, case when billing_token_class is not null and meter_label is not null then meter_tier end)",
        'x_ProjectId': 'coalesce(x_project_id, sub_account_id)',
        'x_CredentialId': 'credential_id',
        'x_PrincipalId': 'principal_id',
        'x_InstanceType': 'instance_type',
        'x_MachineId': provider_resource_id('machine_provider_id'),
        'x_ServiceCode': 'x_service_code',
        'x_Operation': 'x_operation',
        'x_CostCategories': 'x_cost_categories',
        'x_Discounts': 'x_discounts'
    }) %}

select
    {{ focus_charge(expressions) }}
from classified
{%- endmacro %}
