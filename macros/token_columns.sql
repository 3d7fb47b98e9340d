{#- The canonical token classes, in the order of columns. A request has `<class>_tokens`; the classes are disjoint. -#}
{% macro token_class_names() -%}
    {{ return([
        'input_uncached_text', 'input_cache_read', 'input_cache_write_5m', 'input_cache_write_1h', 'input_cache_write_unspecified',
        'input_audio', 'input_image', 'output_text', 'output_reasoning', 'output_audio'
    ]) }}
{%- endmacro %}

{#- Cost of a request: tokens × unit price over the classes. A class that was used and has no price makes the cost unknown. -#}
{% macro token_cost(tokens, prices, prefix) -%}
    cast({% for token_class in token_class_names() -%}
        coalesce(cast({{ tokens }}.{{ token_class }}_tokens as decimal(18, 0)) * {{ prices }}.{{ prefix }}_{{ token_class }},
            case when {{ tokens }}.{{ token_class }}_tokens = 0 then 0 end)
        {{- ' + ' if not loop.last }}
    {%- endfor %} as decimal(38, 12))
{%- endmacro %}

{#- What an allocation group is made of, besides the day that its hour has. -#}
{% macro allocation_group_columns() -%}
    {{ return([
        'usage_hour', 'provider_id', 'project_id', 'api_key_id', 'model_id', 'deployment_id', 'service_tier', 'team_id', 'environment',
        'customer_id', 'feature'
    ]) }}
{%- endmacro %}
