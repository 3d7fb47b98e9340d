select
    {{ hash_key(['units.unit_id', 'units.valid_from']) }} as org_unit_key,
    units.unit_id,
    units.name,
    units.parent_unit_id,
    parents.name as parent_name,
    grandparents.unit_id as grandparent_unit_id,
    units.owner_email,
    units.cost_center,
    units.valid_from,
    units.valid_to,
    units.valid_to = date '9999-12-31' as is_current
from {{ ref('int_org_units') }} as units
left join {{ ref('int_org_units') }} as parents
    on
        units.parent_unit_id = parents.unit_id
        and units.valid_from >= parents.valid_from
        and units.valid_from < parents.valid_to
left join {{ ref('int_org_units') }} as grandparents
    on
        parents.parent_unit_id = grandparents.unit_id
        and units.valid_from >= grandparents.valid_from
        and units.valid_from < grandparents.valid_to
