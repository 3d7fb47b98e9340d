{#- The usage object of each row, read in one parse: a column for each name of usage_count_paths (BIGINT) and of usage_text_paths (text;
    `usage_cost` included), `usage_problem` where the object cannot be trusted, and `usage_shape` by the keys that are present.
    `relation` has the object as JSON text in `usage`; its other columns are passed on.

    A count that is no whole number (text, NaN, a fraction) or negative makes the row's usage unknown: it is never read as zero. -#}
{% macro usage_counts(relation) -%}
{%- set count_paths = usage_count_paths() -%}
{%- set text_paths = usage_text_paths() -%}
{%- set all_paths = (count_paths.values() | sum(start=[])) + (text_paths.values() | sum(start=[])) -%}
{%- set counted = count_paths.values() | sum(start=[]) | length -%}
select
    * exclude (usage_texts, usage_numbers),
    {%- for name, paths in count_paths.items() %}
    cast({{ first_of('usage_numbers', paths, all_paths) }} as bigint) as {{ name }},
    {%- endfor %}
    {%- for name, paths in text_paths.items() %}
    {{ first_of('usage_texts', paths, all_paths) }} as {{ name }},
    {%- endfor %}
    case
        when usage_texts is null and usage <> '' then 'unreadable_usage'
        when list_count(usage_texts[1:{{ counted }}]) <> list_count(usage_numbers) then 'unreadable_usage'
        when list_sum(usage_numbers) <> trunc(list_sum(usage_numbers)) then 'unreadable_usage'
        when list_min(usage_numbers) < 0 then 'negative_tokens'
    end as usage_problem
from (
    select
        *,
        try_cast(usage_texts[1:{{ counted }}] as decimal(18, 6)[]) as usage_numbers
    from (
        select
            *,
            case when json_valid(usage) then json_extract_string(usage, ['{{ all_paths | join("', '") }}']) end as usage_texts
        from {{ relation }}
    ) as parsed
) as numbered
{%- endmacro %}

{#- First of a name's paths that the row has, as an element of the parsed list. -#}
{% macro first_of(list, paths, all_paths) -%}
    {%- set elements = [] -%}
    {%- for path in paths %}{% do elements.append(list ~ '[' ~ (all_paths.index(path) + 1) ~ ']') %}{% endfor -%}
    {{ elements[0] if elements | length == 1 else 'coalesce(' ~ elements | join(', ') ~ ')' }}
{%- endmacro %}
