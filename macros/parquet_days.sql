{#- A day-grained model kept as Parquet, one folder a day, with a view over it: for request-grain data, which is too wide for the
    build file and is published as the same files. Replaces the folders of the dirty days; a day without rows loses its folder.
    One COPY for a large day: memory is bounded by it, and DuckDB's partitioned write costs twice a plain one. Small days go together:
    planning a statement costs more than their rows. Without a set of days they are those of the model named by `meta.days_from`.
    Columns of ids make useless dictionaries and nobody looks for one value by Bloom filter: without both, at the lowest level of zstd,
    the files are smaller and take two thirds of the time.
    A kill in the middle leaves a day without folder: the orchestrator has marked it unbuilt before, so it is built again. -#}
{% materialization parquet_days, adapter='duckdb' -%}
    {%- set replace_by = config.require('meta')['replace_by'] -%}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set root = var('parquet_root') ~ '/' ~ this.schema ~ '/' ~ this.identifier -%}
    {%- set days = none if existing is none or should_full_refresh() else dirty_days() -%}

    {{ run_hooks(pre_hooks) }}
    {%- if config.get('contract').enforced %}
        {{ get_assert_columns_equivalent(sql) }}
    {%- endif %}
    {%- set days_in_use = run_query(
        "select cast(" ~ replace_by ~ " as varchar), count(*) from " ~ ref(config.require('meta')['days_from'])
        ~ (" where " ~ replaced_days(replace_by) if days is not none else "") ~ " group by 1 order by 1"
    ) -%}
    {%- do run_query("select replace_day_folders('" ~ root ~ "', '" ~ replace_by ~ "', '"
        ~ ('*' if days is none else days | join(',')) ~ "', '" ~ days_in_use.columns[0].values() | join(',') ~ "')") -%}
    {#- DuckDB expects a handful of rows of a day and would hold all its requests in a hash table to look the few prices up in
        it: the sides of a join stay as they are written. The setting is global; it costs the models beside this one little. #}
    {%- do run_query("set disabled_optimizers = 'build_side_probe_side'") -%}
    {% call statement('main') -%}
        {%- for batch in day_batches(days_in_use, 100000) %}
        copy (select * from ({{ sql }}) as model where {{ replace_by }} in (date '{{ batch | join("', date '") }}'))
        to '{{ root }}{{ '' if batch | length > 1 else '/' ~ replace_by ~ '=' ~ batch[0] ~ '/part_0.parquet' }}' (
            format parquet, compression zstd, compression_level 1, dictionary_size_limit 5000, write_bloom_filter false
            {%- if batch | length > 1 %}, partition_by ({{ replace_by }}), write_partition_columns true, overwrite_or_ignore true,
            filename_pattern 'part_{i}' {%- endif %}
        );
        {%- else %}
        select 1
        {%- endfor %}
    {%- endcall %}
    {%- do run_query("reset disabled_optimizers") -%}
    {%- set has_files = run_query("select count(*) from glob('" ~ root ~ "/*/*.parquet')").columns[0][0] > 0 -%}
    {%- if existing is not none and not existing.is_view -%} {%- do adapter.drop_relation(existing) -%} {%- endif -%}
    {% call statement('view') -%}
        create or replace view {{ target_relation }} as
        {% if has_files -%}
            {#- With the day in the path a filter on days opens the files of these days alone, not a year of them. #}
            select * from read_parquet(
                '{{ root }}/*/*.parquet', hive_partitioning = true, hive_types = {'{{ replace_by }}': date}
            )
        {%- else -%}
            select * from ({{ sql }}) as model where false
        {%- endif %}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{%- endmaterialization %}

{#- Days (with their rows) in batches of at most so many rows, or one day. -#}
{% macro day_batches(days_and_rows, rows_at_once) -%}
    {%- set batches = [] -%}
    {%- set rows = namespace(of_batch=none) -%}
    {%- for day in days_and_rows.rows -%}
        {%- if rows.of_batch is none or rows.of_batch + day[1] > rows_at_once -%}
            {%- do batches.append([]) -%}
            {%- set rows.of_batch = 0 -%}
        {%- endif -%}
        {%- do batches[-1].append(day[0]) -%}
        {%- set rows.of_batch = rows.of_batch + day[1] -%}
    {%- endfor -%}
    {{ return(batches) }}
{%- endmacro %}
