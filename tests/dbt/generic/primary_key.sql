{#- A column that names each row: no two rows share a value, no row is without one. What `unique` and `not_null` say, in one
    statement: starting one costs more than most tables' rows. -#}
{% test primary_key(model, column_name) %}
select {{ column_name }}, count(*) as number_of_rows
from {{ model }}
group by {{ column_name }}
having count(*) > 1 or {{ column_name }} is null
{% endtest %}
