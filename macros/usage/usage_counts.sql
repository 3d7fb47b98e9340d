{#- The usage object of each row, read in one parse: a column for each name of usage_count_paths (BIGINT) and of usage_text_paths (text;
    `usage_cost` included), `usage_problem` where the object cannot be trusted, and `usage_shape` by the keys that are present.
    `relation` has the object as JSON text in `usage`; its other columns are passed on.

    A count that is no whole number (text, NaN, a fraction) or negative makes the row's usage unknown: it is never read as zero.
    Counts are looked at one path after the other, not as a list: adding up and counting small lists took most of the time. -#}
{% macro usage_counts(relation) -%}
{%- set count_paths = usage_count_paths() -%}
{%- set text_paths = usage_text_paths() -%}
{%- set counted = count_paths.values() | sum(start=[]) -%}
{%- set all_paths = counted + (text_paths.values() | sum(start=[])) -%}
select
    * exclude (usage_texts{% for path in counted %}, number_{{ loop.index }}{% endfor %}),
    {%- for name, paths in count_paths.items() %}
    {%- set numbers = [] -%}
    {%- for path in paths %}{% do numbers.append('number_' ~ (counted.index(path) + 1)) %}{% endfor %}
    cast(coalesce({{ numbers | join(', ') }}) as bigint) as {{ name }},
    {%- endfor %}
    {%- for name, paths in text_paths.items() %}
    {%- set texts = [] -%}
    {%- for path in paths %}{% do texts.append('usage_texts[' ~ (all_paths.index(path) + 1) ~ ']') %}{% endfor %}
    coalesce({{ texts | join(', ') }}) as {{ name }},
    {%- endfor %}
    case
        when usage_texts is null and usage <> '' then 'unreadable_usage'
        when {% for path in counted -%}
            (number_{{ loop.index }} is null and usage_texts[{{ loop.index }}] is not null) or number_{{ loop.index }} <> trunc(number_{{ loop.index }})
            {{- ' or ' if not loop.last }}
        {%- endfor %} then 'unreadable_usage'
        when least({% for path in counted %}number_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}) < 0 then 'negative_tokens'
    end as usage_problem
from (
    select
        *
        {%- for path in counted %},
        try_cast(usage_texts[{{ loop.index }}] as decimal(18, 6)) as number_{{ loop.index }}
        {%- endfor %}
    from (
        select
            *,
            case when json_valid(usage) then json_extract_string(usage, ['{{ all_paths | join("', '") }}']) end as usage_texts
        from {{ relation }}
    ) as parsed
) as numbered
{%- endmacro %}
