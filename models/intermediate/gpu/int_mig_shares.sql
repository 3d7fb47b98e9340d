-- The part of a GPU that a slice holds is the larger of its compute and memory parts: two 3g.40gb (3/7, 4/8) fill a GPU.
with shares as (

    select
        accelerator_type,
        mig_profile,
        greatest(
            {{ floor_quantity('compute_slices * 1.0 / compute_slices_total') }},
            {{ floor_quantity('memory_slices * 1.0 / memory_slices_total') }}
        ) as gpu_share
    from {{ ref('mig_profiles') }}

)

select
    accelerator_type,
    mig_profile,
    gpu_share
from shares

union all

-- where the GPU model is not known: the profile's usual part, the smaller where two models use one name
select
    '*' as accelerator_type,
    mig_profile,
    min(gpu_share) as gpu_share
from shares
group by mig_profile
