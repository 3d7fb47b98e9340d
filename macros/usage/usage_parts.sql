{#- A SELECT over `relation`, which has the vendor's usage object as JSON text in `usage`: totals and disjoint parts as
    canonical_tokens takes them, with usage_shape, is_exclusive, usage_problem, reported_total, the quantities of other units,
    usage_service_tier, usage_residency and stated_cost. Columns of `relation` are passed on.

    What is particular to a shape:
    * Anthropic and Bedrock count input without what was cached; all others count it in.
    * Anthropic's top level leaves out compaction turns, which are billed: they are added. The turns of an advisor are another model's and
      have another price: `own_rows` names the types of turns that the caller makes rows of; of others `usage_problem` says that they are
      left out. After a fallback the top level is the model's that served, and the turns of those that declined are not billed.
      Thresholds of context hold for one turn: `largest_turn`.
    * Gemini counts thoughts and the tools' prompts beside the totals, and leaves counts of zero out. A document counts as images.
    * xAI's chat counts reasoning beside the completion, which only its total shows.
    * Cohere bills `billed_units`, not the tokens that the model saw.
    * Perplexity's fee for a request falls with the size of the context that it searched: a tier of its own below the largest.
    * gpt-image's output is image tokens where no detail says otherwise.

    The selects are set in the order in which they are read. The join with one row keeps DuckDB 2.0 from tracing each sum over these
    columns through all of them down to the JSON, which takes it minutes of planning. -#}
{% macro usage_parts(relation, own_rows=[]) -%}
{%- set known_turns = ['message', 'compaction', 'fallback_message'] + own_rows -%}
{%- set usage_read -%}
(
    {{ usage_counts(relation) }}
) as usage_read
{%- endset -%}

{%- set usage_shaped -%}
(
    select
        * replace (
            try_cast(audio_seconds as decimal(18, 6)) as audio_seconds,
            try_cast(video_seconds as decimal(18, 6)) as video_seconds
        ),
        case
            when coalesce(cohere_input, cohere_output, cohere_searches) is not null then 'cohere'
            when coalesce(gemini_prompt, gemini_candidates, gemini_thoughts) is not null then 'gemini'
            when coalesce(converse_input, converse_output) is not null then 'bedrock_converse'
            when coalesce(invocation_input, invocation_output) is not null then 'bedrock_invocation'
            when chat_prompt is not null and deepseek_cache_read is not null then 'deepseek_chat'
            when chat_prompt is not null and mistral_cache_read is not null then 'mistral_chat'
            when chat_prompt is not null and search_context is not null then 'perplexity_chat'
            when chat_prompt is not null and stated_cost is not null then 'openrouter_chat'
            when chat_prompt is not null and chat_completion is null and reported_total = chat_prompt then 'openai_embeddings'
            when chat_prompt is not null then 'openai_chat'
            when ollama_prompt is not null then 'ollama'
            when plain_input is not null and usage_type = 'tokens' then 'openai_transcription'
            when plain_input is not null and realtime_details is not null then 'openai_realtime'
            when coalesce(anthropic_cache_read, anthropic_cache_write) is not null then 'anthropic_messages'
            when plain_input is not null and detail_image_in is not null then 'openai_images'
            when plain_input is not null and coalesce(responses_details, cast(reported_total as varchar)) is not null then 'openai_responses'
            when plain_input is not null then 'anthropic_messages'
            when coalesce(usage_read.audio_seconds, usage_read.video_seconds) is not null then 'duration'
            when characters is not null then 'characters'
            when pages is not null then 'pages'
            when images is not null then 'images'
            when usage is not null then 'unknown'
        end as usage_shape,
        case when iterations is not null then from_json(iterations, '[{
            "type": "VARCHAR", "input_tokens": "BIGINT", "output_tokens": "BIGINT",
            "cache_read_input_tokens": "BIGINT", "cache_creation_input_tokens": "BIGINT",
            "cache_creation": {"ephemeral_5m_input_tokens": "BIGINT", "ephemeral_1h_input_tokens": "BIGINT"}
        }]') end as turns,
        {%- for details in ['prompt', 'tool', 'cached', 'output'] %}
        case when {{ details }}_modalities is not null then from_json({{ details }}_modalities, '[{"modality": "VARCHAR", "tokenCount": "BIGINT"}]') end as {{ details }}_by_modality,
        {%- endfor %}
        case when ttl_details is not null then from_json(ttl_details, '[{"ttl": "VARCHAR", "inputTokens": "BIGINT"}]') end as written_by_ttl
    from {{ usage_read }}
) as usage_shaped
{%- endset -%}

{%- set usage_totals -%}
(
    select
        *,
        coalesce(usage_shape in ('anthropic_messages', 'bedrock_converse', 'bedrock_invocation'), false) as is_exclusive,
        case
            when usage_problem is not null then null
            when usage_shape = 'gemini' then coalesce(gemini_prompt, 0) + coalesce(gemini_tool_prompt, 0)
            when usage_shape = 'cohere' then coalesce(cohere_input, 0) + coalesce(cohere_image, 0)
            when usage_shape = 'duration' then case when coalesce(audio_seconds, video_seconds) >= 0 then 0 end
            when usage_shape in ('characters', 'pages', 'images') then 0
            else coalesce(chat_prompt, plain_input, converse_input, invocation_input, ollama_prompt) + {{ compacted('input_tokens') }}
        end as prompt_tokens,
        case
            when usage_problem is not null then null
            when usage_shape = 'gemini' then coalesce(gemini_candidates, 0) + coalesce(gemini_thoughts, 0)
            when usage_shape = 'cohere' then coalesce(cohere_output, 0)
            when usage_shape = 'duration' then case when coalesce(audio_seconds, video_seconds) >= 0 then 0 end
            when usage_shape in ('openai_embeddings', 'characters', 'pages', 'images') then 0
            when detail_reasoning > 0 and reported_total = chat_prompt + chat_completion + detail_reasoning then chat_completion + detail_reasoning
            else coalesce(chat_completion, plain_output, converse_output, invocation_output, ollama_output) + {{ compacted('output_tokens') }}
        end as completion_tokens,
        coalesce(greatest(anthropic_cache_read, deepseek_cache_read, mistral_cache_read, other_cache_read), 0)
            + {{ compacted('cache_read_input_tokens') }} as cached_tokens,
        coalesce(greatest(anthropic_cache_write, other_cache_write), coalesce(detail_written_5m, 0) + coalesce(detail_written_1h, 0))
            + {{ compacted('cache_creation_input_tokens') }} as cache_write,
        coalesce(detail_written_5m, case when written_by_ttl is not null then list_sum([w['inputTokens'] for w in written_by_ttl if w['ttl'] = '5m']) end, 0)
            + {{ compacted('cache_creation', 'ephemeral_5m_input_tokens') }} as cache_write_5m,
        coalesce(detail_written_1h, case when written_by_ttl is not null then list_sum([w['inputTokens'] for w in written_by_ttl if w['ttl'] = '1h']) end, 0)
            + {{ compacted('cache_creation', 'ephemeral_1h_input_tokens') }} as cache_write_1h,
        coalesce(detail_cached_audio, {{ of_modality('cached', 'AUDIO') }}, 0) as cached_audio,
        coalesce(detail_cached_image, {{ of_modality('cached', 'IMAGE', 'DOCUMENT') }}, 0) as cached_image,
        coalesce({{ of_modality('cached', 'VIDEO') }}, 0) as cached_video,
        coalesce(detail_audio_in, 0) + coalesce({{ of_modality('prompt', 'AUDIO') }}, 0) + coalesce({{ of_modality('tool', 'AUDIO') }}, 0)
            - cached_audio as uncached_audio,
        coalesce(detail_image_in, cohere_image, 0) + coalesce({{ of_modality('prompt', 'IMAGE', 'DOCUMENT') }}, 0)
            + coalesce({{ of_modality('tool', 'IMAGE', 'DOCUMENT') }}, 0) - cached_image as uncached_image,
        coalesce(detail_video_in, 0) + coalesce({{ of_modality('prompt', 'VIDEO') }}, 0) + coalesce({{ of_modality('tool', 'VIDEO') }}, 0)
            - cached_video as uncached_video,
        coalesce(detail_reasoning, gemini_thoughts, 0) as reasoning,
        coalesce(detail_audio_out, {{ of_modality('output', 'AUDIO') }}, 0) as audio_out,
        coalesce(detail_image_out, {{ of_modality('output', 'IMAGE', 'DOCUMENT') }}, case when usage_shape = 'openai_images' then plain_output end, 0)
            as image_out,
        coalesce(detail_video_out, {{ of_modality('output', 'VIDEO') }}, 0) as video_out
    from {{ usage_shaped }}
) as usage_totals
{%- endset -%}

{#- A vendor may tell what is cached and what is audio, and not what is both. Where the two do not fit into the total, as little as it
    takes is both: audio first, then images, then video. -#}
{%- set usage_overlap -%}
(
    select
        *,
        case
            when not is_exclusive and cached_tokens > 0 and cached_tokens + cache_write <= prompt_tokens
                then greatest(cached_tokens + cache_write + uncached_audio + uncached_image + uncached_video - prompt_tokens, 0)
            else 0
        end as overlap,
        least(overlap, uncached_audio) as overlap_audio,
        least(overlap - overlap_audio, uncached_image) as overlap_image
    from {{ usage_totals }}
) as usage_overlap
{%- endset -%}

select
    * exclude (one) replace (
        case
            when usage_problem is not null then usage_problem
            when usage_shape = 'unknown' then 'unknown_usage_shape'
            when usage_shape = 'duration' and prompt_tokens is null then 'unreadable_usage'
            when turns is not null and len([t for t in turns if t['type'] not in ('{{ known_turns | join("', '") }}')]) > 0 then 'turns_of_another_model'
            when overlap > 0 then 'cached_modality_assumed'
        end as usage_problem,
        case upper(traffic_type)
            when 'ON_DEMAND' then 'standard'
            when 'ON_DEMAND_PRIORITY' then 'priority'
            when 'ON_DEMAND_FLEX' then 'flex'
            when 'FLEX' then 'flex'
            when 'BATCH' then 'flex'
            when 'PROVISIONED_THROUGHPUT' then 'provisioned'
            when 'TRAFFIC_TYPE_UNSPECIFIED' then null
            else coalesce(lower(traffic_type), case when lower(speed) = 'fast' then 'fast' end,
                case when lower(search_context) <> 'high' then 'search_' || lower(search_context) end, lower(usage_service_tier))
        end as usage_service_tier,
        case when lower(usage_residency) not in ('global', 'not_available') then lower(usage_residency) end as usage_residency,
        case when try_cast(stated_cost as decimal(38, 28)) is not null then stated_cost end as stated_cost
    ),
    cached_audio + overlap_audio as cache_read_audio,
    cached_image + overlap_image as cache_read_image,
    cached_tokens - cached_audio - overlap_audio - cached_image - overlap_image as cache_read,
    uncached_audio - overlap_audio as audio_in,
    uncached_image - overlap_image as image_in,
    uncached_video - (overlap - overlap_audio - overlap_image) as video_in,
    case when turns is not null then list_max([
        t['input_tokens'] + coalesce(t['cache_read_input_tokens'], 0) + coalesce(
            t['cache_creation_input_tokens'],
            t['cache_creation']['ephemeral_5m_input_tokens'] + t['cache_creation']['ephemeral_1h_input_tokens'],
            0
        )
        for t in turns if t['type'] in ('message', 'compaction', 'fallback_message')
    ]) end as largest_turn
from (
    select usage_overlap.*, one_row.one
    from {{ usage_overlap }}
    cross join (values (1)) as one_row (one)
) as guarded
{%- endmacro %}

{#- Tokens of the compaction turns of Anthropic's `iterations`, from a field or one inside it. Looking into a list costs even where there
    is none, so the few rows that have one are told apart first; the same below. -#}
{% macro compacted(field, inner=none) -%}
    case
        when turns is null then 0
        else coalesce(list_sum([t['{{ field }}']{{ "['" ~ inner ~ "']" if inner }} for t in turns if t['type'] = 'compaction']), 0)
    end
{%- endmacro %}

{#- Tokens of these modalities in one of Gemini's lists; NULL where it has none. -#}
{% macro of_modality(details) -%}
    case
        when {{ details }}_by_modality is not null
            then list_sum([m['tokenCount'] for m in {{ details }}_by_modality if m['modality'] in ('{{ varargs | join("', '") }}')])
    end
{%- endmacro %}
