-- Google Cloud's billing export as FOCUS. A line costs what is left of it after the credits that are a part of its price (committed and
-- sustained use, free tier, margins), and its part of the commitments' fees (focus_gcp__amortised); what a promotion pays is a Credit of
-- its own. Charge period is the usage, billing period the invoice: use of a month's last hours may be on the next invoice (B13).
with rows_of_bill as (
    select
        *,
        cost_type = 'regular' and not is_fee as is_usage,
        commitment_credit_type is not null or coalesce(consumption_model, 'Default') <> 'Default' as is_covered,
        case
            when commitment_credit_type = 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE' or coalesce(consumption_model, 'Default') <> 'Default' then 'Spend'
            when is_fee and not coalesce(starts_with(sku_name, 'Commitment v'), false) then 'Spend'
            when commitment_credit_type is not null or is_fee then 'Usage'
        end as commitment_category,
        {{ google_machine_family('machine_type', 'sku_name') }} as instance_family
    from {{ ref('focus_gcp__amortised') }}
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
            'content_key': 'row_content_key',
            'availability_zone': 'availability_zone',
            'billed_cost': 'row_billed_cost',
            'billing_account_id': 'billing_account_id',
            'billing_account_type': "'Billing Account'",
            'billing_currency': 'currency',
            'billing_period_end': "invoice_month + interval '1' month",
            'billing_period_start': 'invoice_month',
            'charge_category': "case
                when row_kind = 'promotion' then 'Credit'
                when is_usage or row_kind = 'unused' then 'Usage'
                when is_fee then 'Purchase'
                when cost_type = 'tax' then 'Tax'
                else 'Adjustment'
            end",
            'charge_class': "case when adjustment_id is not null then 'Correction' end",
            'charge_description': "case when row_kind = 'promotion' then 'Promotional credit: ' || coalesce(sku_name, '') else coalesce(adjustment_description, sku_name) end",
            'charge_frequency': "case when is_usage_row or row_kind = 'unused' then 'Usage-Based' when row_kind = 'line' and is_fee then 'Recurring' else 'One-Time' end",
            'charge_period_end': 'usage_end',
            'charge_period_start': 'usage_start',
            'commitment_discount_category': 'commitment_category',
            'commitment_discount_id': 'case when commitment_category is not null then coalesce(subscription_id, commitment_credit_id, consumption_model_id) end',
            'commitment_discount_quantity': "case
                when row_kind = 'promotion' then null
                when commitment_category = 'Usage' then row_commitment_quantity
                when commitment_category = 'Spend' then case when row_kind = 'line' and is_fee then cost else row_effective_cost end
            end",
            'commitment_discount_status': "case when row_kind = 'unused' then 'Unused' when is_usage_row and is_covered then 'Used' end",
            'commitment_discount_type': "case when commitment_category is not null then 'Committed use discount' end",
            'commitment_discount_unit': "case
                when row_kind = 'promotion' then null
                when commitment_category = 'Spend' then currency
                when row_commitment_quantity is not null then pricing_unit
            end",
            'consumed_quantity': 'case when is_usage_row then usage_amount end',
            'consumed_unit': 'case when is_usage_row then usage_unit end',
            'contracted_cost': "case
                when row_kind = 'unused' then 0
                when is_usage_row then case when effective_price_default is not null then coalesce(cost_at_default_price, cost) else cost end
            end",
            'contracted_unit_price': "case
                when is_usage_row then case when cost_at_default_price is not null then coalesce(effective_price_default, effective_price) else effective_price end
            end",
            'effective_cost': 'row_effective_cost',
            'host_provider_name': "'Google Cloud'",
            'invoice_issuer_name': "'Google Cloud'",
            'list_cost': "case
                when row_kind = 'unused' then 0 when is_usage_row and not (cost_at_list = 0 and cost <> 0) then cost_at_list
            end",
            'list_unit_price': 'case when is_usage_row then list_price end',
            'pricing_category': "case when not is_usage_row then null when is_covered then 'Committed'
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
            'sku_price_id': "case when row_kind <> 'unused' then sku_id || coalesce('-' || tier_start_amount, '') end",
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
