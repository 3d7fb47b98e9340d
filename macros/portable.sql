{#- SQL that engines spell differently, behind dispatch, so that models stay in the common subset. -#}

{#- Hash of several columns as text; NULL differs from the empty string. -#}
{% macro hash_key(columns) -%}
    md5(concat_ws('|',
        {%- for column in columns %} coalesce(cast({{ column }} as {{ dbt.type_string() }}), '∅'){{ ',' if not loop.last }}{% endfor %}
    ))
{%- endmacro %}

{#- Text value at a top-level key of a JSON object held as text; NULL where absent. -#}
{% macro json_text(column, key) -%}
    {{ return(adapter.dispatch('json_text', 'ai_finops')(column, key)) }}
{%- endmacro %}

{% macro default__json_text(column, key) -%}
    json_extract_string({{ column }}, '$."{{ key }}"')
{%- endmacro %}

{% macro spark__json_text(column, key) -%}
    get_json_object({{ column }}, '$["{{ key }}"]')
{%- endmacro %}

{#- A relation of one column `usage_hour`: every hour in [first_hour, last_hour). Both are SQL expressions of timestamps. -#}
{% macro hour_spine(first_hour, last_hour) -%}
    {{ return(adapter.dispatch('hour_spine', 'ai_finops')(first_hour, last_hour)) }}
{%- endmacro %}

{% macro default__hour_spine(first_hour, last_hour) -%}
    select cast(range as timestamp) as usage_hour
    from range({{ first_hour }}, {{ last_hour }}, interval 1 hour)
{%- endmacro %}

{% macro spark__hour_spine(first_hour, last_hour) -%}
    select explode(sequence({{ first_hour }}, {{ last_hour }} - interval 1 hour, interval 1 hour)) as usage_hour
{%- endmacro %}

{#- What the clocks of a time zone (IANA name) show at a UTC timestamp. -#}
{% macro in_time_zone(utc, time_zone) -%}
    {{ return(adapter.dispatch('in_time_zone', 'ai_finops')(utc, time_zone)) }}
{%- endmacro %}

{% macro default__in_time_zone(utc, time_zone) -%}
    timezone('{{ time_zone }}', timezone('UTC', {{ utc }}))
{%- endmacro %}

{% macro spark__in_time_zone(utc, time_zone) -%}
    from_utc_timestamp({{ utc }}, '{{ time_zone }}')
{%- endmacro %}

{#- Seconds from `start` to `stop`, both timestamps, as a whole number. -#}
{% macro seconds_between(start, stop) -%}
    {{ return(adapter.dispatch('seconds_between', 'ai_finops')(start, stop)) }}
{%- endmacro %}

{% macro default__seconds_between(start, stop) -%}
    date_diff('second', cast({{ start }} as timestamp), cast({{ stop }} as timestamp))
{%- endmacro %}

{% macro spark__seconds_between(start, stop) -%}
    timestampdiff(second, {{ start }}, {{ stop }})
{%- endmacro %}

{#- The distinct values of a text column over a group, in order, as one text; names hold commas, so a semicolon parts them. -#}
{% macro listed(column) -%}
    {{ return(adapter.dispatch('listed', 'ai_finops')(column)) }}
{%- endmacro %}

{% macro default__listed(column) -%}
    string_agg(distinct {{ column }}, '; ' order by {{ column }})
{%- endmacro %}

{% macro spark__listed(column) -%}
    array_join(array_sort(collect_set({{ column }})), '; ')
{%- endmacro %}

{#- A relation of one column `month_start`: the first day of every month in [first_day, last_day). Both are SQL expressions of dates. -#}
{% macro month_spine(first_day, last_day) -%}
    {{ return(adapter.dispatch('month_spine', 'ai_finops')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__month_spine(first_day, last_day) -%}
    select cast(range as date) as month_start
    from range(cast(date_trunc('month', {{ first_day }}) as timestamp), cast({{ last_day }} as timestamp), interval 1 month)
{%- endmacro %}

{% macro spark__month_spine(first_day, last_day) -%}
    select explode(sequence(trunc({{ first_day }}, 'MM'), {{ last_day }} - interval 1 day, interval 1 month)) as month_start
{%- endmacro %}

{#- Number of the day of the week of a date, Monday 1 to Sunday 7. -#}
{% macro iso_weekday(column) -%}
    {{ return(adapter.dispatch('iso_weekday', 'ai_finops')(column)) }}
{%- endmacro %}

{% macro default__iso_weekday(column) -%}
    isodow({{ column }})
{%- endmacro %}

{% macro spark__iso_weekday(column) -%}
    (weekday({{ column }}) + 1)
{%- endmacro %}
