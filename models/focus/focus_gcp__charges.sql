-- Google Cloud's billing export as FOCUS. A line costs what is left of it after the credits that are a part of its price (committed and
-- sustained use, free tier, margins); what a promotion pays is a Credit of its own. Charge period is the usage, billing
-- period the invoice: use of a month's last hours may be on the next invoice (B13). Commitment fees are purchases that cost what
-- they cost: Google does not say which use they paid for, only what credit it got.
with priced as (
    select
        *,
        cast(usage_start as date) as charge_date,
        cost + discount as net_cost,
        cost_type = 'regular' and not starts_with(sku_name, 'Commitment') as is_usage,
        cost_type = 'regular' and starts_with(sku_name, 'Commitment') as is_fee,
        pricing_amount / nullif(pricing_unit_quantity, 0) as pricing_quantity,
        {{ google_machine_family('machine_type', 'sku_name') }} as instance_family,
        {{ hash_key([
            'feed', 'billing_account_id', 'service_id', 'sku_id', 'usage_start', 'usage_end', 'project_id', 'region_id',
            'availability_zone', 'resource_id', 'resource_name', 'usage_amount', 'usage_unit', 'pricing_amount', 'pricing_unit',
            'effective_price', 'tier_start_amount', 'cost', 'cost_at_list', 'currency', 'discount', 'promotion', 'invoice_month',
            'cost_type', 'adjustment_id', 'subscription_id', 'consumption_model', 'machine_type', 'tags', 'export_time'
        ]) }} as content_key
    from {{ ref('stg_gcp__charges') }}
    where {{ in_focus_days('cast(usage_start as date)') }}
),

rows_of_bill as (
    select priced.*, 'line' as row_kind from priced
    union all
    select priced.*, 'promotion' as row_kind from priced
    where promotion <> 0
),

scoped as (
    select
        rows_of_bill.*,
        rows_of_bill.row_kind = 'line' and rows_of_bill.is_usage as is_usage_row,
        family.ai_scope as family_scope
    from rows_of_bill
    left join {{ ref('service_categories') }} as family
        on family.service_provider_name = 'Google Cloud' and family.match_field = 'instance_family'
        and rows_of_bill.instance_family = family.match_value
        and rows_of_bill.charge_date >= family.valid_from and rows_of_bill.charge_date < family.valid_to
),

lines as (
    select
        {{ bill_line({
            'feed': 'feed',
            'charge_date': 'charge_date',
            'content_key': hash_key(['content_key', 'row_kind']),
            'availability_zone': 'availability_zone',
            'billed_cost': "case when row_kind = 'promotion' then promotion else net_cost end",
            'billing_account_id': 'billing_account_id',
            'billing_account_type': "'Billing Account'",
            'billing_currency': 'currency',
            'billing_period_end': "invoice_month + interval '1' month",
            'billing_period_start': 'invoice_month',
            'charge_category': "case
                when row_kind = 'promotion' then 'Credit'
                when is_usage then 'Usage'
                when is_fee then 'Purchase'
                when cost_type = 'tax' then 'Tax'
                else 'Adjustment'
            end",
            'charge_class': "case when adjustment_id is not null then 'Correction' end",
            'charge_description': "case when row_kind = 'promotion' then 'Promotional credit: ' || coalesce(sku_name, '') else coalesce(adjustment_description, sku_name) end",
            'charge_frequency': "case when is_usage_row then 'Usage-Based' when row_kind = 'line' and is_fee then 'Recurring' else 'One-Time' end",
            'charge_period_end': 'usage_end',
            'charge_period_start': 'usage_start',
            'commitment_discount_category': "case
                when commitment_credit_type = 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE' or consumption_model is not null then 'Spend'
                when commitment_credit_type is not null or is_fee then 'Usage'
            end",
            'commitment_discount_id': "case when is_fee or commitment_credit_type is not null then coalesce(subscription_id, commitment_credit_id) end",
            'commitment_discount_status': "case when is_usage_row and commitment_credit_type is not null then 'Used' end",
            'commitment_discount_type': "case when is_fee or commitment_credit_type is not null then 'Committed use discount' end",
            'consumed_quantity': 'case when is_usage_row then usage_amount end',
            'consumed_unit': 'case when is_usage_row then usage_unit end',
            'contracted_cost': 'case when is_usage_row then cost end',
            'contracted_unit_price': 'case when is_usage_row then effective_price end',
            'effective_cost': "case when row_kind = 'promotion' then promotion else net_cost end",
            'host_provider_name': "'Google Cloud'",
            'invoice_issuer_name': "'Google Cloud'",
            'list_cost': 'case when is_usage_row and not (cost_at_list = 0 and cost <> 0) then cost_at_list end',
            'list_unit_price': 'case when is_usage_row then list_price end',
            'pricing_category': "case when not is_usage_row then null when commitment_credit_type is not null then 'Committed'
                when regexp_matches(lower(sku_name), 'spot|preemptible') then 'Dynamic' else 'Standard' end",
            'pricing_quantity': "case when is_usage_row then pricing_quantity end",
            'pricing_unit': "case
                when is_usage_row and pricing_unit_quantity <> 1 then cast(cast(pricing_unit_quantity as decimal(38, 0)) as varchar) || ' ' || pricing_unit
                when is_usage_row then pricing_unit
            end",
            'provider_name': "'Google Cloud'",
            'publisher_name': "coalesce(seller_name, 'Google Cloud')",
            'region_id': 'region_id',
            'resource_id': 'resource_id',
            'resource_name': 'resource_name',
            'service_name': 'service_name',
            'sku_id': 'sku_id',
            'sku_meter': 'sku_name',
            'sku_price_id': "sku_id || coalesce('-' || tier_start_amount, '')",
            'sub_account_id': 'project_id',
            'sub_account_name': 'project_name',
            'sub_account_type': "case when project_id is not null then 'Project' end",
            'tags': 'tags',
            'x_ai_scope': 'case when is_usage_row or is_fee then family_scope end',
            'x_instance_type': 'machine_type',
        }) }}
    from scoped
),

{{ charges_of_lines('lines', 'gcp') }}
