{#- The one incremental strategy: delete the days (or months) of the dirty set, insert them again. Unlike delete+insert by key
    it also empties a day whose rows have vanished; unlike microbatch it takes a set of days and one pass over them. -#}
{% macro get_incremental_replace_days_sql(arg_dict) -%}
    {%- set replace_by = config.require('meta')['replace_by'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }}
    where {{ replaced_days(replace_by) }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}

{% macro replaced_days(replace_by) -%}
    {%- if dirty_days() is none -%} true
    {%- elif replace_by.endswith('_month') -%} {{ replace_by }} in ({{ dirty_month_literals() }})
    {%- else -%} {{ replace_by }} in ({{ dirty_day_literals() }})
    {%- endif -%}
{%- endmacro %}
