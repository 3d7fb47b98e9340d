with source as (

    select
        *,
        -- few series say what their object is labelled with; reading the JSON of all would take most of a day's time
        case when labels like '%"label_%' then labels end as object_labels,
        case when labels like '%"condition"%' then labels end as condition_labels,
        case when labels like '%"owner_kind"%' then labels end as owner_labels,
        case when labels like '%"persistentvolume%' then labels end as volume_labels
    from {{ source('kube_state_metrics', 'kube_samples') }}

),

renamed as (

    select
        metric,
        observed_at,
        _day as sample_date,
        -- the next day, for samples that it reads as its look-back
        cast(observed_at - interval 1 second + interval 1 hour as date) as lookback_for_date,
        _feed as feed,

        -- which object
        coalesce(nullif(uid, ''), namespace || '/' || pod) as pod_uid,
        namespace,
        pod as pod_name,
        nullif(node, '') as node_name,
        container as container_name,
        {{ provider_resource_id('provider_id') }} as provider_resource_id,

        -- what it says
        resource,
        phase,
        reason,
        {{ json_text('object_labels', 'label_team') }} as label_team,
        {{ json_text('object_labels', 'label_app') }} as label_app,
        {{ json_text('object_labels', 'label_model') }} as label_model,
        {{ json_text('object_labels', 'label_environment') }} as label_environment,
        -- whichever tracker the run is in
        coalesce(
            {{ json_text('object_labels', 'label_mlflow_run_id') }},
            {{ json_text('object_labels', 'label_wandb_run_id') }},
            {{ json_text('object_labels', 'label_run_id') }}
        ) as label_mlflow_run_id,
        {{ json_text('object_labels', 'label_workload_type') }} as label_workload_type,
        coalesce(
            {{ json_text('object_labels', 'label_node_kubernetes_io_instance_type') }},
            {{ json_text('object_labels', 'label_beta_kubernetes_io_instance_type') }}
        ) as label_instance_type,
        {{ json_text('object_labels', 'label_nvidia_com_gpu_product') }} as label_gpu_product,
        {{ json_text('condition_labels', 'condition') }} as node_condition,
        {{ json_text('condition_labels', 'status') }} as condition_status,
        {{ json_text('owner_labels', 'owner_kind') }} as owner_kind,
        {{ json_text('owner_labels', 'owner_name') }} as owner_name,
        {{ json_text('volume_labels', 'persistentvolume') }} as volume_name,
        -- volumes made before CSI have a label of their cloud's
        coalesce(
            {{ json_text('volume_labels', 'csi_volume_handle') }},
            {{ json_text('volume_labels', 'ebs_volume_id') }},
            {{ json_text('volume_labels', 'gce_persistent_disk_name') }}
        ) as volume_handle,
        coalesce(
            {{ json_text('volume_labels', 'persistentvolumeclaim') }},
            case when metric = 'kube_persistentvolume_claim_ref' then {{ json_text('volume_labels', 'name') }} end
        ) as claim_name,
        coalesce({{ json_text('volume_labels', 'claim_namespace') }}, namespace) as claim_namespace,

        value,
        case
            when metric in (
                'kube_pod_start_time', 'kube_pod_completion_time', 'kube_pod_deletion_timestamp', 'kube_node_created'
            ) then make_timestamp(cast(value * 1000000 as bigint))
        end as value_at
    from source

)

select * from renamed
