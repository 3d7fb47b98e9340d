{#- What clouds keep in columns of their own, read alike in their detailed exports and in their FOCUS exports. -#}

{#- JSON object of an array of labels ([{key, value}] or [{Key, Value}], JSON text); '{}' where it is no array. A label without a key is none,
    one without a value is empty, of a key that comes twice the first counts. For staging. -#}
{% macro labels_as_object(labels) -%}
    {%- set keys = "list_transform(json_extract(" ~ labels ~ ", '$[*]'), lambda entry: "
        ~ "coalesce(json_extract_string(entry, '$.key'), json_extract_string(entry, '$.Key')))" -%}
    {%- set texts = "list_transform(json_extract(" ~ labels ~ ", '$[*]'), lambda entry: "
        ~ "coalesce(json_extract_string(entry, '$.value'), json_extract_string(entry, '$.Value'), ''))" -%}
    case when json_type(try_cast({{ labels }} as json)) = 'ARRAY' then '{' || array_to_string(list_transform(
        list_filter(
            list_zip({{ keys }}, {{ texts }}, range(1, len({{ keys }}) + 1)),
            lambda label: label[1] is not null and list_position({{ keys }}, label[1]) = label[3]
        ),
        lambda label: cast(to_json(label[1]) as varchar) || ':' || cast(to_json(label[2]) as varchar)
    ), ',') || '}' else '{}' end
{%- endmacro %}

{#- Family of a machine of Google Cloud: `a3` of `a3-highgpu-8g`; gpu or tpu where the SKU names one, whatever machine it is in. -#}
{% macro google_machine_family(machine_type, sku_name) -%}
    case
        when regexp_matches(lower({{ sku_name }}), '[^a-z]gpu[^a-z]|nvidia') then 'gpu'
        when regexp_matches(lower({{ sku_name }}), '(^|[^a-z])tpu') then 'tpu'
        else nullif(regexp_extract({{ machine_type }}, '^([a-z0-9]+)-', 1), '')
    end
{%- endmacro %}

{#- Family of a GPU machine of Azure: `ND` of `Standard_ND96isr_H100_v5`; '' of any other. -#}
{% macro azure_machine_family(machine_type) -%}
    regexp_extract({{ machine_type }}, '^(?:Standard_)?(N[A-Z])', 1)
{%- endmacro %}
