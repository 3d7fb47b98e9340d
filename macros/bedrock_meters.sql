{#- CTEs that read what a usage type of AWS says about Bedrock, ending in `bedrock_lines`: the columns of `lines` and is_bedrock,
    bedrock_meter, bedrock_model, bedrock_label, bedrock_tier, is_global_routing, tokens_per_unit. A usage type holds region, model, token class and
    routing; in the older marketplace form the product is the model. The report and the FOCUS export share the grammar, so one macro
    for two callers. -#}
{% macro read_bedrock(lines, service_code, usage_type, product_name, unit) -%}
{%- set label = 'cache-?(?:read|write)(?:-5m|-1h)?(?:-input)?|input|output' -%}
bedrock_parsed as (
    select
        *,
        coalesce({{ service_code }} in ('AmazonBedrock', 'AmazonBedrockService', 'AmazonBedrockFoundationModels'), false)
        or coalesce(regexp_matches({{ usage_type }}, 'MP:.*(Input|Output).*TokenCount|MP:.*_tokens.*Units$'), false)
        -- a model of the marketplace has a product code of its own
        or coalesce({{ product_name }} like '%(Amazon Bedrock Edition)%', false) as is_bedrock,
        regexp_replace({{ usage_type }}, '^[A-Z]{2,4}[0-9]{0,2}-(MP:[A-Z0-9]+_)?', '') as bedrock_meter
    from {{ lines }}
),

bedrock_lines as (
    select
        *,
        case
            when not is_bedrock then null
            when regexp_matches(bedrock_meter, 'TokenCount') then {{ product_name }}
            when regexp_matches(bedrock_meter, '_tokens.*Units$') then {{ product_name }}
            else coalesce(
                nullif(regexp_extract(bedrock_meter, '^(.*?)(?:-mantle)?(?:-text)?-(?:{{ label }})-token(?:s|-count)', 1), ''),
                -- a meter of another unit begins with its model
                nullif(regexp_extract(bedrock_meter, '^(.*?)-(?:ProvisionedThroughput|search-units|T2I|I2I|T2V|I2V)', 1), '')
            )
        end as bedrock_model,
        case
            when not is_bedrock then null
            when regexp_matches(bedrock_meter, 'TokenCount') then lower(regexp_extract(bedrock_meter, '^([A-Za-z0-9]*)TokenCount', 1))
            when regexp_matches(bedrock_meter, '_tokens.*Units$') then replace(regexp_extract(bedrock_meter, '^([a-z0-9_]+?)_tokens', 1), '_', '-')
            else nullif(regexp_extract(bedrock_meter, '-({{ label }})-token(?:s|-count)', 1), '')
        end as bedrock_label,
        case when is_bedrock then regexp_matches(lower(bedrock_meter), 'global') end as is_global_routing,
        -- what the model was asked to do it for; a meter that says nothing is the standard tier
        case when is_bedrock then coalesce(nullif(regexp_extract(lower(bedrock_meter), '[-_](batch|flex|priority|latency-optimized)', 1), ''), 'standard') end
            as bedrock_tier,
        case
            when regexp_matches(lower({{ unit }}), '1k|1,000|thousand') then 1000
            when regexp_matches(lower({{ unit }}), '1m|1,000,000|million') then 1000000
            -- no unit in the file: the older service code counts thousands, the newer ones millions
            when {{ service_code }} = 'AmazonBedrock' then 1000
            else 1000000
        end as tokens_per_unit
    from bedrock_parsed
)
{%- endmacro %}

{#- Instance type that a usage type of AWS names, for example `USE1-BoxUsage:p5.48xlarge`; NULL where it names none. -#}
{% macro usage_type_instance(usage_type) -%}
    nullif(regexp_extract({{ usage_type }}, '(?:BoxUsage|SpotUsage|HeavyUsage|DedicatedUsage|UnusedBox|UnusedDed|CapacityBlockFee):(.+)$', 1), '')
{%- endmacro %}

{#- Family of an instance type: `p5` of `p5.48xlarge`; '' where there is none. -#}
{% macro instance_family(instance_type) -%}
    regexp_extract({{ instance_type }}, '^((?:ml[.])?[a-z0-9-]+)[.]', 1)
{%- endmacro %}
