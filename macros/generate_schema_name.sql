{#- Schemas are named as in the folder tree (core, focus, …), without the target's prefix: published names never depend on who builds. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
