{#- What this run rebuilds, and its clock. Both differ from night to night, so they come through environment variables that are
    read while models run, never while they are parsed: `--vars`, and variables read in parsing, would make dbt parse the
    whole project anew each night (docs/decisions/0006-nightly-values-outside-the-parse.md). `--vars` wins where given. -#}

{#- ISO days to rebuild; none means every day, never "today". A test is told every day in a run that judges all of them; a model that is
    built some days at a time is told these days while its statement for them is rendered. -#}
{% macro dirty_days() -%}
    {%- if not execute -%} {{ return(none) }} {%- endif -%}
    {%- if 'days_at_once' in model -%} {{ return(model['days_at_once']) }} {%- endif -%}
    {%- if model.resource_type == 'test' and env_var('AI_FINOPS_TEST_ALL_DAYS', '') -%} {{ return(none) }} {%- endif -%}
    {%- if var('dirty_days') is not none -%} {{ return(var('dirty_days')) }} {%- endif -%}
    {%- set days = env_var('AI_FINOPS_DIRTY_DAYS', '') -%}
    {{ return(days.split(',') if days else none) }}
{%- endmacro %}

{#- The only clock, a TIMESTAMP in UTC; without one, everything that can end has ended. -#}
{% macro as_of() -%}
    {%- set never = '2999-01-01T00:00:00' -%}
    cast('{{ (var("as_of") or env_var("AI_FINOPS_AS_OF", "") or never) if execute else never }}' as timestamp)
{%- endmacro %}

{#- Conditions on the set of days that this run rebuilds. A set, not a range; no set means all days.
    A table that is built anew reads everything whatever the set, so that it never starts with holes. -#}

{#- Whether this model, in this run, replaces some days of what it already holds. -#}
{% macro replaces_days() -%}
    {%- if not execute or dirty_days() is none or flags.FULL_REFRESH -%} {{ return(false) }} {%- endif -%}
    {%- if config.get('materialized') not in ('incremental', 'parquet_days') -%} {{ return(false) }} {%- endif -%}
    {%- if 'days_at_once' in model -%} {{ return(true) }} {%- endif -%}
    {{ return(load_relation(this) is not none) }}
{%- endmacro %}

{% macro in_dirty_days(column) -%}
    {%- if replaces_days() -%}
        {{ column }} in ({{ dirty_day_literals() }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- For rows filed under one day that the next one reads, too (samples that it looks back at): those of the dirty days and of the day before each,
    beside the exact condition, which no scan can apply. -#}
{% macro in_dirty_days_or_before(column) -%}
    {%- if replaces_days() -%}
        {%- set days = [] -%}
        {%- for day in dirty_days() -%} {%- do days.extend([days_later(day, -1), day | string]) -%} {%- endfor -%}
        {{ column }} in ({% for day in days | unique | sort %}date '{{ day }}'{{ ', ' if not loop.last }}{% else %}null{% endfor %})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- `column` is a DATE on the first of a month. -#}
{% macro in_dirty_months(column) -%}
    {%- if replaces_days() -%}
        {{ column }} in ({{ dirty_month_literals() }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- For rows that cover an interval: true when any dirty day lies in [first_day, last_day]. -#}
{% macro overlaps_dirty_days(first_day, last_day) -%}
    {%- if replaces_days() -%}
        {{ touches_a_dirty_day(first_day, last_day) }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{% macro touches_a_dirty_day(first_day, last_day) -%}
    ({% for day in dirty_days() -%}
    ({{ first_day }} <= date '{{ day }}' and {{ last_day }} >= date '{{ day }}'){{ ' or ' if not loop.last }}
    {%- else -%} false {%- endfor %})
{%- endmacro %}

{% macro dirty_day_literals() -%}
    {%- for day in dirty_days() -%} date '{{ day }}'{{ ', ' if not loop.last }} {%- else -%} null {%- endfor -%}
{%- endmacro %}

{% macro dirty_month_literals() -%}
    {%- set months = dirty_days() | map('string') | map('truncate', 7, true, '', 0) | unique | sort -%}
    {%- for month in months -%} date '{{ month }}-01'{{ ', ' if not loop.last }} {%- else -%} null {%- endfor -%}
{%- endmacro %}

{#- ISO day, so many days after an ISO day. -#}
{% macro days_later(day, days) -%}
    {{ return((modules.datetime.date.fromisoformat(day | string) + modules.datetime.timedelta(days=days)).isoformat()) }}
{%- endmacro %}
