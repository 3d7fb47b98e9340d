{#- Tests of a day-grained model judge the days that this run rebuilt (all days once a week and with `run --full-tests`).
    One place instead of a `where` on every test. -#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', none) -%}
    {%- set replace_by = replace_by_of(relation) -%}
    {%- set conditions = [] -%}
    {%- if where -%} {%- do conditions.append(where) -%} {%- endif -%}
    {%- if replace_by and dirty_days() is not none -%} {%- do conditions.append(replaced_days(replace_by)) -%} {%- endif -%}
    {%- if conditions -%}
        (select * from {{ relation }} where {{ conditions | join(' and ') }}) as dbt_subquery
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{% macro replace_by_of(relation) -%}
    {%- if not execute -%} {{ return(none) }} {%- endif -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.alias == relation.identifier and node.schema == relation.schema -%}
        {{ return(node.config.get('meta', {}).get('replace_by')) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}
