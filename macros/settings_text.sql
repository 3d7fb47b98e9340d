{#- The settings of a run (a JSON object of any order) as one text, `key=value` a line in the order of the keys, so that equal settings
    are equal texts. `except` = SQL patterns of keys that name the run itself. Staging only. -#}
{% macro settings_text(column, except=[]) -%}
    nullif(array_to_string(list_sort([
        k || '=' || coalesce(json_extract_string({{ column }}, '$."' || k || '"'), '')
        for k in json_keys({{ column }})
        {%- if except %} if not ({% for pattern in except %}k like '{{ pattern }}'{{ ' or ' if not loop.last }}{% endfor %}){% endif %}
    ]), chr(10)), '')
{%- endmacro %}
