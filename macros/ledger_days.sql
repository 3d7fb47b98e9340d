{#- For the working tables of the allocation, which hold only the charges of this run: true for intervals that touch a day which the
    ledger will replace. Same rule as `overlaps_dirty_days`, asked on behalf of core.fct_cost_allocation. -#}
{% macro overlaps_ledger_days(first_day, last_day) -%}
    {%- if ledger_replaces_days() -%}
        {{ touches_a_dirty_day(first_day, last_day) }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- Days of which some hour is in the charge hours of this run: what the meters have on other days splits nothing now. -#}
{% macro in_charge_days(column, charge_hours) -%}
    {%- if ledger_replaces_days() -%}
        {{ column }} in (select distinct cast(usage_hour as date) from {{ charge_hours }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- Whether the ledger already holds days of which this run replaces some. -#}
{% macro ledger_replaces_days() -%}
    {{ return(replaces_days_of('core', 'fct_cost_allocation')) }}
{%- endmacro %}

{#- For a view that focus.vendor_charges alone reads, where the database cannot push its filter down (a CTE with several readers):
    true for the days that it will replace. -#}
{% macro in_focus_days(column) -%}
    {%- if replaces_days_of('focus', 'vendor_charges') -%}
        {{ column }} in ({{ dirty_day_literals() }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- As `in_focus_days`, for a TIMESTAMP: by bounds, one pair for each run of days that follow each other, which a database applies while it
    reads. `cast(… as date) in (…)` it applies to what is typed and parsed already, of all days. -#}
{% macro at_focus_days(timestamp) -%}
    {%- if not replaces_days_of('focus', 'vendor_charges') -%} {{ return('true') }} {%- endif -%}
    {%- set runs = [] -%}
    {%- for day in dirty_days() | map('string') | unique | sort -%}
        {%- if runs and runs[-1]['until'] == day -%}
            {%- do runs[-1].update({'until': days_later(day, 1)}) -%}
        {%- else -%}
            {%- do runs.append({'from': day, 'until': days_later(day, 1)}) -%}
        {%- endif -%}
    {%- endfor -%}
    ({% for run in runs -%}
    ({{ timestamp }} >= timestamp '{{ run['from'] }}' and {{ timestamp }} < timestamp '{{ run['until'] }}'){{ ' or ' if not loop.last }}
    {%- else -%} false {%- endfor %})
{%- endmacro %}

{#- Whether a model that exists already has some of its days replaced in this run. -#}
{% macro replaces_days_of(schema, identifier) -%}
    {%- if not execute or dirty_days() is none or flags.FULL_REFRESH -%} {{ return(false) }} {%- endif -%}
    {{ return(adapter.get_relation(target.database, schema, identifier) is not none) }}
{%- endmacro %}
