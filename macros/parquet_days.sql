{#- A day-grained model kept as Parquet, one folder a day, with a view over it: for request-grain data, which is too wide for the
    build file and is published as the same files. Replaces the folders of the dirty days; a day without rows loses its folder. -#}
{% materialization parquet_days, adapter='duckdb' -%}
    {%- set replace_by = config.require('meta')['replace_by'] -%}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set root = var('parquet_root') ~ '/' ~ this.schema ~ '/' ~ this.identifier -%}
    {%- set rebuild = existing is none or should_full_refresh() or var('dirty_days') is none -%}

    {{ run_hooks(pre_hooks) }}
    {%- do adapter.ai_finops_noop() if false -%}
    {%- set days = none if rebuild else var('dirty_days') -%}
    {%- do clear_parquet_days(root, replace_by, days) -%}
    {% call statement('main') -%}
        copy (
            select * from ({{ sql }}) as model
            {%- if days is not none %} where {{ replaced_days(replace_by) }} {%- endif %}
        )
        to '{{ root }}'
        (format parquet, compression zstd, partition_by ({{ replace_by }}), write_partition_columns true, overwrite_or_ignore true,
         filename_pattern 'part_{i}')
    {%- endcall %}
    {%- do adapter.drop_relation(existing) if existing is not none and not existing.is_view -%}
    {% call statement('view') -%}
        create or replace view {{ target_relation }} as {{ parquet_days_view(root, sql) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{%- endmaterialization %}
