{#- What clouds keep in columns of their own, read alike in their detailed exports and in their FOCUS exports. -#}

{#- JSON object of an array of labels ([{key, value}] or [{Key, Value}], JSON text); '{}' where it is no array. Of a key that comes twice the
    last one counts. For staging. -#}
{% macro labels_as_object(labels) -%}
    case when json_type(try_cast({{ labels }} as json)) = 'ARRAY' then cast(json_merge_patch('{}', '{' || array_to_string(list_transform(
        list_zip(
            list_concat(json_extract_string({{ labels }}, '$[*].key'), json_extract_string({{ labels }}, '$[*].Key')),
            list_concat(json_extract_string({{ labels }}, '$[*].value'), json_extract_string({{ labels }}, '$[*].Value'))
        ),
        lambda entry: cast(to_json(entry[1]) as varchar) || ':' || coalesce(cast(to_json(entry[2]) as varchar), '""')
    ), ',') || '}') as varchar) else '{}' end
{%- endmacro %}

{#- Family of a machine of Google Cloud: `a3` of `a3-highgpu-8g`; gpu or tpu where the SKU names one, whatever machine it is in. -#}
{% macro google_machine_family(machine_type, sku_name) -%}
    case
        when regexp_matches(lower({{ sku_name }}), '[^a-z]gpu[^a-z]|nvidia') then 'gpu'
        when regexp_matches(lower({{ sku_name }}), '(^|[^a-z])tpu') then 'tpu'
        else nullif(regexp_extract({{ machine_type }}, '^([a-z0-9]+)-', 1), '')
    end
{%- endmacro %}

{#- Family of a GPU machine of Azure: `ND` of `ND96isr_H100_v5`; '' of any other. -#}
{% macro azure_machine_family(machine_type) -%}
    regexp_extract({{ machine_type }}, '^(N[A-Z])', 1)
{%- endmacro %}
