{#- A day-grained model kept as Parquet, one folder a day, with a view over it: for request-grain data, which is too wide for the
    build file and is published as the same files. Replaces the folders of the dirty days; a day without rows loses its folder.
    One COPY a day: memory is bounded by a day, and DuckDB's partitioned write costs twice a plain one. Without a set of days they
    are those of the model named by `meta.days_from`.
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
        "select distinct cast(" ~ replace_by ~ " as varchar) from " ~ ref(config.require('meta')['days_from'])
        ~ (" where " ~ replaced_days(replace_by) if days is not none else "") ~ " order by 1"
    ).columns[0].values() -%}
    {%- do run_query("select replace_day_folders('" ~ root ~ "', '" ~ replace_by ~ "', '"
        ~ ('*' if days is none else days | join(',')) ~ "', '" ~ days_in_use | join(',') ~ "')") -%}
    {% call statement('main') -%}
        {%- for day in days_in_use %}
        copy (select * from ({{ sql }}) as model where {{ replace_by }} = date '{{ day }}')
        to '{{ root }}/{{ replace_by }}={{ day }}/part_0.parquet' (format parquet, compression zstd);
        {%- else %}
        select 1
        {%- endfor %}
    {%- endcall %}
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
