{#- The grain of a model: no two rows share these columns. NULLs compare as equal, as a reader would. -#}
{% test unique_combination(model, columns) %}
select {{ columns | join(', ') }}, count(*) as number_of_rows
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
