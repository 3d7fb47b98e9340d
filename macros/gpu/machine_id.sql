{#- The one name of a machine that its bill and whoever sees it agree on, from a provider id of Kubernetes or the id that Azure's bill has:
    `i-0abc` of `aws:///us-east-1a/i-0abc`, `gce://project/zone/name` as it is, Azure's path without its scheme. Azure spells a path now in
    capitals and now not, and numbers the machines of each scale set from 0, so that the last part alone would be anybody's. -#}
{% macro machine_id(provider_id) -%}
    case
        when lower({{ provider_id }}) like 'gce://%' then lower({{ provider_id }})
        when lower({{ provider_id }}) like '%/subscriptions/%' then regexp_replace(lower({{ provider_id }}), '^azure://', '')
        else nullif(regexp_replace({{ provider_id }}, '^.*/', ''), '')
    end
{%- endmacro %}
