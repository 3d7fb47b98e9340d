{#- dbt-duckdb's `create_table_as`, which builds an incremental model some days at a time where its `meta.days_from` names the model whose
    rows it reduces (`days_from_day`: that model's column of the day; `days_filed_by`: that of the day or the one before, under which
    the lake has its rows): a year of samples at once fits no memory. Few rows go in one
    statement, since planning one costs more than they do. Each statement is the model's own SQL, rendered for a run in which these days are
    dirty (`dirty_days()`), so that its scans read their rows alone: a filter around it would not get through its windows and joins.
    Any other table that is kept by day is made as it comes and then copied some days at a time, in their order: DuckDB keeps the first and the
    last day of each run of 122,880 rows, so that a night which reads or replaces a few days passes over the others. To sort all its wide rows
    while the joins that make them are held does not fit memory beside another model. -#}
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
    {%- if batches | length < 2 and (temporary or 'replace_by' not in meta) -%}
        {{ return(dbt.duckdb__create_table_as(temporary, relation, compiled_code, language, partitioned_by, sorted_by)) }}
    {%- elif batches | length < 2 -%}
        {%- set day = meta['replace_by'] -%}
        {%- set as_made = relation.incorporate(path={'identifier': relation.identifier ~ '__as_made'}) -%}
        {%- do run_query(dbt.duckdb__create_table_as(false, as_made, compiled_code)) -%}
        {%- set days_in_use = run_query(
            "select cast(" ~ day ~ " as varchar), count(*) from " ~ as_made ~ " where " ~ day ~ " is not null group by 1 order by 1"
        ) -%}
        {#- Two runs of rows at once; each copy looks at all rows, so the many rows of years are laid out in a few larger parts. #}
        {%- set two_runs = [245760, env_var('AI_FINOPS_SAMPLES_AT_ONCE', '3000000') | int] | min -%}
        {%- set rows_at_once = [two_runs, (days_in_use.columns[1].values() | sum / 16) | int] | max -%}
        {%- set batches = day_batches(days_in_use, rows_at_once) -%}
        {%- if batches | length < 2 -%}
            {{ return('alter table ' ~ as_made ~ ' rename to ' ~ adapter.quote(relation.identifier)) }}
        {%- endif -%}
        {%- set statements = [] -%}
        {%- for batch in batches -%}
            {%- set of_days = "select * from " ~ as_made ~ " where " ~ day ~ " between date '" ~ batch[0] ~ "' and date '" ~ batch[-1] ~ "'"
                ~ (" or " ~ day ~ " is null" if loop.first else "") ~ " order by " ~ day -%}
            {%- if loop.first -%}
                {%- do statements.append(dbt.duckdb__create_table_as(false, relation, of_days)) -%}
            {%- else -%}
                {%- do statements.append('insert into ' ~ relation ~ ' by name ' ~ of_days ~ ';') -%}
            {%- endif -%}
        {%- endfor -%}
        {{ return(statements | join('\n') ~ '\ndrop table ' ~ as_made) }}
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
