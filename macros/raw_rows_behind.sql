{#- Whether a raw table that a staging model reads has a row; true where that cannot be told. Only while models run. -#}
{% macro raw_rows_behind(staging_model) -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == staging_model.identifier -%}
        {%- for parent in node.depends_on.nodes if parent in graph.sources -%}
            {%- set table = graph.sources[parent] -%}
            {%- set relation = adapter.get_relation(staging_model.database, table.schema, table.identifier) -%}
            {%- if relation is none or run_query('select 1 from ' ~ relation ~ ' limit 1').rows | length -%} {{ return(true) }} {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}
