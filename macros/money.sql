{#- Money is DECIMAL(38,12), rounded half-even. -#}

{#- A vendor's amount, kept as text in raw, rounded once. Ten digits before the point hold any single charge. -#}
{% macro vendor_amount(column) -%}
    {{ return(adapter.dispatch('vendor_amount', 'ai_finops')(column)) }}
{%- endmacro %}

{% macro default__vendor_amount(column) -%}
    round_even(cast({{ column }} as decimal(38, 28)), 12)
{%- endmacro %}

{% macro spark__vendor_amount(column) -%}
    bround(cast({{ column }} as decimal(38, 28)), 12)
{%- endmacro %}

{#- A vendor's amount in cents, kept as text in raw, as dollars (or euros), rounded once. -#}
{% macro vendor_cents(column) -%}
    {{ return(adapter.dispatch('vendor_cents', 'ai_finops')(column)) }}
{%- endmacro %}

{% macro default__vendor_cents(column) -%}
    round_even(cast({{ column }} as decimal(36, 26)) * cast(0.01 as decimal(2, 2)), 12)
{%- endmacro %}

{% macro spark__vendor_cents(column) -%}
    bround(cast({{ column }} as decimal(36, 26)) * cast(0.01 as decimal(2, 2)), 12)
{%- endmacro %}

{#- The one way to split money: amount × driver ÷ total, rounded half-even to 12 places; NULL where there is nothing to divide by.
    The quotient is a DOUBLE on every engine (decimal division differs between them) and is never summed; what it is off by
    comes back in the caller's `rounding` row. -#}
{% macro allocate(amount, driver, driver_total) -%}
    {{ return(adapter.dispatch('allocate', 'ai_finops')(amount, driver, driver_total)) }}
{%- endmacro %}

{% macro default__allocate(amount, driver, driver_total) -%}
    round_even(cast(
        cast({{ amount }} as double) * (cast({{ driver }} as double) / nullif(cast({{ driver_total }} as double), 0))
        as decimal(38, 18)
    ), 12)
{%- endmacro %}

{% macro spark__allocate(amount, driver, driver_total) -%}
    bround(cast(
        cast({{ amount }} as double) * (cast({{ driver }} as double) / nullif(cast({{ driver_total }} as double), 0))
        as decimal(38, 18)
    ), 12)
{%- endmacro %}
