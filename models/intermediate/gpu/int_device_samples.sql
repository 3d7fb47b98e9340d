-- What every kind of exporter says of accelerators and their slices, in one shape. A view: who reads it filters by day.
select
    metric, observed_at, sample_date, feed, node_name, gpu_uuid, gpu_model, mig_profile, mig_instance_id, namespace, pod_name, hpc_job, value
from {{ ref('stg_dcgm__samples') }}

union all

-- a partition of an AMD device is read like a slice: what it reports is the device's
select
    metric, observed_at, sample_date, feed, node_name, gpu_uuid, gpu_model, null, partition_id, namespace, pod_name, hpc_job, value
from {{ ref('stg_amd__samples') }}

union all

select
    metric, observed_at, sample_date, feed, node_name, gpu_uuid, gpu_model, null, null, namespace, pod_name, null, value
from {{ ref('stg_cloud_monitoring__points') }}

union all

select
    'neuroncore_utilization', observed_at, sample_date, feed, node_name, gpu_uuid, instance_type, null, core_index, namespace, pod_name,
    null, utilization_percent
from {{ ref('stg_neuron__cores') }}

{%- for metric, column in [('nvidia_smi_utilization_gpu', 'utilization_percent'), ('nvidia_smi_power_draw', 'power_watts')] %}

union all

select
    '{{ metric }}', observed_at, sample_date, feed, node_name, gpu_uuid, gpu_model, null, null, null, null, null, {{ column }}
from {{ ref('stg_nvidia_smi__samples') }}
where failed_check is null
{%- endfor %}
