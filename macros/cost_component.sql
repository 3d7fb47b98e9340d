{#- Which part of `total = net_unit_cost + unused_commitment + credits + tax + fees` a ledger row belongs to.
    Unit costs are made of `net_unit_cost` alone. Support plans are fees whatever category the vendor bills them under. -#}
{% macro cost_component() -%}
    case
        when usage_state = 'unused_commitment' then 'unused_commitment'
        when charge_category = 'Credit' then 'credits'
        when charge_category = 'Tax' then 'tax'
        when charge_category in ('Purchase', 'Adjustment') then 'fees'
        when lower(service_name) like '%support%' then 'fees'
        else 'net_unit_cost'
    end
{%- endmacro %}

{#- Sum of effective cost of one component; 0 where there is none. -#}
{% macro component_cost(component) -%}
    cast(coalesce(sum(case when cost_component = '{{ component }}' then effective_cost end), 0) as decimal(38, 12))
{%- endmacro %}

{#- Cost of so many units at this ratio: NULL where the denominator is zero or NULL. `per` = 1 or 1000000. -#}
{% macro unit_rate(cost, quantity, per=1) -%}
    cast(round(cast({{ cost }} as double) * {{ per }} / nullif(cast({{ quantity }} as double), 0), 9) as decimal(38, 12))
{%- endmacro %}

{#- An amount in the reporting currency at the dated rate `rate`; NULL where none holds. -#}
{% macro reporting_cost(amount, rate) -%}
    cast(round_even(cast({{ amount }} as decimal(26, 12)) * cast({{ rate }} as decimal(22, 12)), 12) as decimal(38, 12))
{%- endmacro %}

{#- A rate that is derived from others. The quotient is a DOUBLE on every engine, rounded once to the places of a rate. -#}
{% macro quotient_rate(numerator, denominator) -%}
    cast(round(cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0), 12) as decimal(22, 12))
{%- endmacro %}
