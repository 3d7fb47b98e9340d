{#- dbt-duckdb's `create_table_as`, which builds an incremental model some days at a time where its `meta.days_from` names the model whose
    rows it reduces (`days_from_day`: that model's column of the day): a year of samples at once fits no memory. Few rows go in one
    statement, since planning one costs more than they do. The filter on the day has to reach the rows through the model's SQL: its groups
    and windows are all by the day. -#}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) -%}
    {%- set whole = dbt.duckdb__create_table_as(temporary, relation, compiled_code, language, partitioned_by, sorted_by) -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- if config.get('materialized') != 'incremental' or 'days_from' not in meta -%}
        {{ return(whole) }}
    {%- endif -%}
    {%- set day = meta.get('days_from_day', meta['replace_by']) -%}
    {%- set days_in_use = run_query(
        "select cast(" ~ day ~ " as varchar), count(*) from " ~ ref(meta['days_from'])
        ~ " where " ~ day ~ " is not null and " ~ in_dirty_days(day) ~ " group by 1 order by 1"
    ) -%}
    {%- set batches = day_batches(days_in_use, env_var('AI_FINOPS_SAMPLES_AT_ONCE', '3000000') | int) -%}
    {%- if batches | length < 2 -%}
        {{ return(whole) }}
    {%- endif -%}
    {%- set table = relation.include(database=(not temporary), schema=(not temporary)) -%}
    create {{ 'temporary ' if temporary }}table {{ table }} as (select * from ({{ compiled_code }}) as model limit 0);
    {%- for batch in batches %}
    insert into {{ table }} select * from ({{ compiled_code }}) as model where {{ meta['replace_by'] }} in (date '{{ batch | join("', date '") }}');
    {%- endfor %}
{%- endmacro %}
