{#- The canonical token classes, in the order of columns. A request has `<class>_tokens`; the classes are disjoint. -#}
{% macro token_class_names() -%}
    {{ return([
        'input_uncached_text', 'input_cache_read', 'input_cache_write_5m', 'input_cache_write_1h', 'input_cache_write_unspecified',
        'input_audio', 'input_image', 'input_video', 'input_cache_read_audio', 'input_cache_read_image',
        'output_text', 'output_reasoning', 'output_audio', 'output_image', 'output_video'
    ]) }}
{%- endmacro %}

{#- What is priced by another unit than the token: tool calls, seconds, pages, characters, images, whole requests. The name of the
    class is the name of its column and says its unit. Seldom used, so a request has `has_units` to pass over all of them. -#}
{% macro unit_class_names() -%}
    {{ return([
        'web_searches', 'storage_searches', 'code_executions', 'rerank_searches', 'grounded_prompts', 'maps_queries',
        'input_audio_seconds', 'output_audio_seconds', 'output_video_seconds', 'input_characters', 'input_document_pages',
        'output_images', 'priced_requests'
    ]) }}
{%- endmacro %}

{#- Column that holds the quantity of a class. -#}
{% macro usage_column(usage_class) -%}
    {{ return(usage_class ~ '_tokens' if usage_class in token_class_names() else usage_class) }}
{%- endmacro %}

{#- Token classes of a direction (`input`, `output`) or of what input was to the cache (`uncached`, `cache_read`, `cache_write`). -#}
{% macro token_classes_of(kind) -%}
    {%- set found = [] -%}
    {%- for token_class in token_class_names() -%}
        {%- set cached = token_class.startswith('input_cache_') -%}
        {%- if token_class.startswith(kind ~ '_') or token_class.startswith('input_' ~ kind)
            or (kind == 'uncached' and token_class.startswith('input_') and not cached) -%}
            {%- do found.append(token_class) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- Tokens of these classes together; NULL where any is unknown. -#}
{% macro tokens_of(kind, relation) -%}
    ({% for token_class in token_classes_of(kind) -%}
        {{ relation }}.{{ token_class }}_tokens{{ ' + ' if not loop.last }}
    {%- endfor %})
{%- endmacro %}

{#- Classes that most requests have none of (sound and pictures; what is written to a cache), in groups that are passed over
    together then: multiplying decimals is most of what pricing costs. -#}
{% macro seldom_used_classes() -%}
    {%- set media = [] -%}
    {%- for token_class in token_class_names() if token_class.split('_')[-1] in ('audio', 'image', 'video') -%}
        {%- do media.append(token_class) -%}
    {%- endfor -%}
    {{ return([token_classes_of('cache_write'), media]) }}
{%- endmacro %}

{#- Cost of a request: quantity × unit price over the classes. A class that was used and has no price makes the cost unknown. -#}
{% macro usage_cost(usage, prices, prefix) -%}
    {%- set seldom = seldom_used_classes() -%}
    cast({% for token_class in token_class_names() if token_class not in seldom[0] + seldom[1] -%}
        {{ token_cost(usage, prices, prefix, token_class) }}{{ ' + ' if not loop.last }}
    {%- endfor %} as decimal(38, 12))
    {%- for group in seldom %}
    + case when {% for token_class in group -%}
        {{ usage }}.{{ token_class }}_tokens = 0 {{ 'and ' if not loop.last }}
    {%- endfor %} then 0 else cast({% for token_class in group -%}
        {{ token_cost(usage, prices, prefix, token_class) }}{{ ' + ' if not loop.last }}
    {%- endfor %} as decimal(38, 12)) end
    {%- endfor %}
    + case when {{ usage }}.has_units then cast({% for unit_class in unit_class_names() -%}
        coalesce(cast({{ usage }}.{{ unit_class }} as decimal(18, 6)) * {{ prices }}.{{ prefix }}_{{ unit_class }},
            case when coalesce({{ usage }}.{{ unit_class }}, 0) = 0 then 0 end)
        {{- ' + ' if not loop.last }}
    {%- endfor %} as decimal(38, 12)) else 0 end
{%- endmacro %}

{% macro token_cost(usage, prices, prefix, token_class) -%}
    coalesce(cast({{ usage }}.{{ token_class }}_tokens as decimal(18, 0)) * {{ prices }}.{{ prefix }}_{{ token_class }},
        case when {{ usage }}.{{ token_class }}_tokens = 0 then 0 end)
{%- endmacro %}

{#- Tiers whose use costs nothing more: capacity by the hour, a subscription. Seed service_tiers has the names that vendors give them. -#}
{% macro prepaid_tiers() -%}
    'provisioned', 'subscription'
{%- endmacro %}

{#- What an allocation group is made of, besides the day that its hour has. -#}
{% macro allocation_group_columns() -%}
    {{ return([
        'usage_hour', 'provider_id', 'project_id', 'api_key_id', 'model_id', 'deployment_id', 'service_tier', 'processing', 'team_id', 'environment',
        'customer_id', 'feature'
    ]) }}
{%- endmacro %}
