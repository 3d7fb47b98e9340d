-- The claim of a volume that a storage charge bills, on the charge's day.
select
    charges.charge_id,
    volumes.claim_namespace,
    volumes.label_team
from {{ ref('int_charges_in_scope') }} as charges
inner join {{ ref('int_resource_kinds') }} as kinds
    on
        charges.service_category is not distinct from kinds.service_category
        and charges.sku_meter is not distinct from kinds.sku_meter
        and kinds.resource_kind = 'storage'
inner join {{ ref('int_volume_days') }} as volumes
    on
        charges.charge_date = volumes.usage_date
        and {{ provider_resource_id('charges.resource_id') }} = volumes.resource_id
where charges.is_metered_use
