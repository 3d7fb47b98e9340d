{#- What the lines of a bill measure where no token label says it: one row per meter text (lower case), the first pattern of seed
    billing_meters that it matches. `provider` is an SQL expression of the relation. -#}
{% macro billing_meters(relation, provider, meter) -%}
    select provider_id, meter, billing_token_class
    from (
        select
            meters.provider_id, meters.meter, patterns.billing_token_class,
            row_number() over (partition by meters.provider_id, meters.meter order by patterns.priority) as position
        from (select distinct {{ provider }} as provider_id, lower({{ meter }}) as meter from {{ relation }}) as meters
        inner join {{ ref('billing_meters') }} as patterns
            on meters.provider_id = patterns.provider_id and {{ matches_pattern('meters.meter', 'patterns.meter_pattern') }}
    ) as ranked
    where position = 1
{%- endmacro %}

{#- Whether the text holds a match of the regular expression. -#}
{% macro matches_pattern(column, pattern) -%}
    {{ return(adapter.dispatch('matches_pattern', 'ai_finops')(column, pattern)) }}
{%- endmacro %}

{% macro default__matches_pattern(column, pattern) -%}
    regexp_matches({{ column }}, {{ pattern }})
{%- endmacro %}

{% macro spark__matches_pattern(column, pattern) -%}
    {{ column }} rlike {{ pattern }}
{%- endmacro %}
