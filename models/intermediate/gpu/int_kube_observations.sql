-- One row per sample and day that reads it: its own day, and the next one where it falls into its look-back of an hour. So a pod
-- or node that ended soon after midnight is known on the day it ended.
select
    sample_date as usage_date,
    samples.*
from {{ ref('stg_kube_state_metrics__samples') }} as samples

union all

select
    lookback_for_date as usage_date,
    samples.*
from {{ ref('stg_kube_state_metrics__samples') }} as samples
where lookback_for_date > sample_date
