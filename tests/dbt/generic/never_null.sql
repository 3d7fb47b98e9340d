{#- Columns that every row has a value in; what `not_null` says of each of them, in one statement. -#}
{% test never_null(model, columns) %}
select {{ columns | join(', ') }}
from {{ model }}
where {{ columns | join(' is null or ') }} is null
{% endtest %}
