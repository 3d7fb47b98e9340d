{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
-- A token line of Bedrock whose model name is not in seed billing_models meets no request: its cost ends as unmetered (T26). Also
-- Bedrock usage that looks like tokens but was not read as such. A warning with the names to add.
select SkuMeter, x_ModelId, sum(BilledCost) as billed_cost
from {{ ref('cost_and_usage') }} as charges
where x_Source = 'aws_cur' and {{ replaced_days('x_ChargeDate') }}
    and (
        (x_MeterScope = 'aws' and not exists (
            select 1 from {{ ref('billing_models') }} as models where charges.x_ModelId in (models.model_id, models.global_model_id)
        ))
        or (x_MeterScope is null and ChargeCategory = 'Usage' and lower(ServiceName) like '%bedrock%' and lower(SkuMeter) like '%token%')
    )
group by SkuMeter, x_ModelId
