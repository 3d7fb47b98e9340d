{#- A day-grained model kept as Parquet, one folder a day, with a view over it: for request-grain data, which is too wide for the
    build file and is published as the same files. Replaces the folders of the dirty days; a day without rows loses its folder.
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
    {%- do run_query("select remove_day_folders('" ~ root ~ "', '" ~ replace_by ~ "', '"
        ~ ('*' if days is none else days | join(',')) ~ "')") -%}
    {% call statement('main') -%}
        copy (
            select * from ({{ sql }}) as model
            {%- if days is not none %} where {{ replaced_days(replace_by) }} {%- endif %}
        )
        to '{{ root }}' (
            format parquet, compression zstd, partition_by ({{ replace_by }}), write_partition_columns true,
            overwrite_or_ignore true, filename_pattern 'part_{i}'
        )
    {%- endcall %}
    {%- set has_files = run_query("select count(*) from glob('" ~ root ~ "/*/*.parquet')").columns[0][0] > 0 -%}
    {%- if existing is not none and not existing.is_view -%} {%- do adapter.drop_relation(existing) -%} {%- endif -%}
    {% call statement('view') -%}
        create or replace view {{ target_relation }} as
        {% if has_files -%}
            select * from read_parquet('{{ root }}/*/*.parquet', hive_partitioning = false)
        {%- else -%}
            select * from ({{ sql }}) as model where false
        {%- endif %}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{%- endmaterialization %}
