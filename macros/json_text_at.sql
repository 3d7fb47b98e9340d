{#- Text value of a JSON object held as text, at a key that is itself an SQL expression; NULL where absent. -#}
{% macro json_text_at(column, key) -%}
    {{ return(adapter.dispatch('json_text_at', 'ai_finops')(column, key)) }}
{%- endmacro %}

{% macro default__json_text_at(column, key) -%}
    json_extract_string({{ column }}, '$."' || {{ key }} || '"')
{%- endmacro %}

{% macro spark__json_text_at(column, key) -%}
    get_json_object({{ column }}, concat('$["', {{ key }}, '"]'))
{%- endmacro %}
