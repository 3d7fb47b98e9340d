{#- dbt-duckdb's `create_table_as`, which builds an incremental model some days at a time where its `meta.days_from` names the model whose
    rows it reduces (`days_from_day`: that model's column of the day; `days_filed_by`: that of the day or the one before, under which
    the lake has its rows): a year of samples at once fits no memory. Few rows go in one
    statement, since planning one costs more than they do. Each statement is the model's own SQL, rendered for a run in which these days are
    dirty (`dirty_days()`), so that its scans read their rows alone: a filter around it would not get through its windows and joins.
    A table kept by day that is made at once gets its rows in the order of their days: DuckDB knows the first and the last day of each run of
    rows, so that a night which reads or replaces a few days passes over the others. -#}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set batches = [] -%}
    {%- if config.get('materialized') == 'incremental' and 'days_from' in meta -%}
        {%- set day = meta.get('days_from_day', meta['replace_by']) -%}
        {%- set days_in_use = run_query(
            "select cast(" ~ day ~ " as varchar), count(*) from " ~ ref(meta['days_from'])
            ~ " where " ~ day ~ " is not null and " ~ in_dirty_days(day)
            ~ (" and " ~ in_dirty_days_or_before(meta['days_filed_by']) if 'days_filed_by' in meta else "") ~ " group by 1 order by 1"
        ) -%}
        {%- do batches.extend(day_batches(days_in_use, env_var('AI_FINOPS_SAMPLES_AT_ONCE', '3000000') | int)) -%}
    {%- endif -%}
    {%- if batches | length < 2 -%}
        {%- if 'replace_by' in meta and not temporary -%}
            {%- set compiled_code = "select * from (\n" ~ compiled_code ~ "\n) as model order by " ~ meta['replace_by'] -%}
        {%- endif -%}
        {{ return(dbt.duckdb__create_table_as(temporary, relation, compiled_code, language, partitioned_by, sorted_by)) }}
    {%- endif -%}
    {%- set table = relation.include(database=(not temporary), schema=(not temporary)) -%}
    {%- set statements = [] -%}
    {%- for batch in batches -%}
        {%- do model.update({'days_at_once': batch}) -%}
        {%- set of_days = render(model['raw_code']) -%}
        {%- if loop.first -%}
            {%- do statements.append(
                dbt.duckdb__create_table_as(temporary, relation, of_days, language, partitioned_by, sorted_by)
            ) -%}
        {%- else -%}
            {%- do statements.append('insert into ' ~ table ~ ' by name select * from (' ~ of_days ~ ') as model;') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do model.pop('days_at_once') -%}
    {{ return(statements | join('\n')) }}
{%- endmacro %}
