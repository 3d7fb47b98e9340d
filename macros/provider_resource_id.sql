{#- The one name of a machine or volume that its bill and whoever sees it agree on, from what Kubernetes or a bill calls it: `i-0abc` of
    `aws:///us-east-1a/i-0abc`, `vol-0abc` of an ARN, `gce://project/zone/name` as it is, Azure's path without its scheme. Azure spells a
    path now in capitals and now not, and numbers the machines of each scale set from 0, so that the last part alone would be anybody's. -#}
{% macro provider_resource_id(given_id) -%}
    case
        when lower({{ given_id }}) like 'gce://%' then lower({{ given_id }})
        when lower({{ given_id }}) like '%/subscriptions/%' then regexp_replace(lower({{ given_id }}), '^azure://', '')
        else nullif(regexp_replace({{ given_id }}, '^.*/', ''), '')
    end
{%- endmacro %}
