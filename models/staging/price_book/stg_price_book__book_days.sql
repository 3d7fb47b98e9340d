select
    book_id,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to,
    reason
from {{ source('price_book', 'price_book_days') }}
