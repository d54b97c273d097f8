/* One stream of features, windows as slices of it. Equal to firmware_bridge/reference/device.py. */
#include "scorer.h"

#include "protocol.h"

/* All windows of the longest segment fit the store. */
#if (UT_SEGMENT_SAMPLES - UT_WINDOW_SAMPLES) / (UT_HOP_SAMPLES / UT_HOP_FRAMES) + UT_WINDOW_FRAMES >         \
    UT_STORE_FRAMES
#error "the store of features is shorter than a segment"
#endif

static uint32_t clock_of(const ut_scorer *scorer) {
    return scorer->port->cycles != 0 ? scorer->port->cycles(scorer->port->context) : 0;
}

/* A stream without end, whose windows go to a sink. */
static int32_t is_live(const ut_scorer *scorer) { return scorer->sink.take != 0; }

void ut_scorer_init(ut_scorer *scorer, const ut_port *port, const ut_tables *frontend,
                    const ut_memory *memory, const ut_image *image, ut_stats *stats, ut_recovery *recovery) {
    scorer->port = port;
    scorer->frontend = frontend;
    scorer->memory = memory;
    scorer->image = image;
    scorer->stats = stats;
    scorer->recovery = recovery;
}

void ut_scorer_start(ut_scorer *scorer, const ut_window_sink *sink) {
    static const ut_window_sink nowhere = {0, 0};
    scorer->sink = sink != 0 ? *sink : nowhere;
    static const ut_cycles none = {0, 0, 0, {0, 0}, 0};
    ut_reset(&scorer->stream);
    scorer->samples = scorer->frames = scorer->next = scorer->windows = 0;
    scorer->failed = 0;
    scorer->cycles = none;
    for (uint32_t i = 0; i < UT_MOST_SCORES; ++i) {
        scorer->sum_acoustic[i] = scorer->sum_keyword[i] = scorer->sum_fused[i] = 0;
    }
}

/* Drop the frames that lie before the next window. The rest moves to the front of the store: with a store of
 * several windows that happens once in several windows, so it costs next to nothing. */
static void make_room(ut_scorer *scorer) {
    const uint32_t dropped = scorer->next < scorer->frames ? scorer->next : scorer->frames;
    const size_t from = (size_t)dropped * UT_CHANNELS, end = (size_t)scorer->frames * UT_CHANNELS;
    uint16_t *const store = scorer->memory->features;
    for (size_t i = from; i < end; ++i) {
        store[i - from] = store[i];
    }
    scorer->frames -= dropped;
    scorer->next -= dropped;
    scorer->samples -= dropped * (uint32_t)scorer->frontend->step;
}

/* Compute the features of some samples; return the cycles that it took. */
static uint32_t compute(ut_scorer *scorer, const int16_t *pcm, uint32_t samples) {
    const ut_tables *const frontend = scorer->frontend;
    const uint32_t started = clock_of(scorer);
    const size_t ready = ut_frames_ready(frontend, &scorer->stream, samples);
    if (is_live(scorer) && ready > UT_STORE_FRAMES - scorer->frames) {
        make_room(scorer);
    }
    scorer->samples += samples;
    if (ready > UT_STORE_FRAMES - scorer->frames) {
        scorer->failed = 1; /* only if a port's limits do not go together */
        return 0;
    }
    (void)ut_push(frontend, &scorer->stream, pcm, samples,
                  scorer->memory->features + (size_t)scorer->frames * UT_CHANNELS);
    scorer->frames += (uint32_t)ready;
    const uint32_t spent = clock_of(scorer) - started;
    scorer->cycles.features += spent;
    scorer->stats->features_cycles += spent;
    return spent;
}

static int32_t infer(ut_scorer *scorer, uint32_t network, int8_t *scores) {
    const ut_port *const port = scorer->port;
    const ut_image_network *const what = &scorer->image->networks[network];
    const uint32_t started = clock_of(scorer);
    const int32_t bad = port->infer == 0 || port->infer(port->context, network, scorer->memory->input,
                                                        what->inputs, scores, what->outputs) != 0;
    const uint32_t spent = clock_of(scorer) - started;
    if (bad && !scorer->recovery->wanted) {
        scorer->recovery->wanted = 1;
        scorer->recovery->since_ms = port->milliseconds(port->context);
    }
    scorer->cycles.network[network] += spent;
    scorer->stats->network_cycles[network] += spent;
    return bad;
}

/* Score the window whose features these are, into `latest`. Returns 0, or anything else if a network failed.
 */
static int32_t score(ut_scorer *scorer, const uint16_t *features) {
    const ut_image *const image = scorer->image;
    ut_scores *const latest = &scorer->latest;
    const uint32_t started = clock_of(scorer);
    ut_scale(&image->scaling, features, (size_t)UT_WINDOW_FRAMES * UT_CHANNELS, scorer->memory->input);
    const uint32_t scaled = clock_of(scorer);
    scorer->cycles.scaling += scaled - started;
    scorer->stats->scaling_cycles += scaled - started;
    if (infer(scorer, UT_ACOUSTIC, latest->acoustic) || infer(scorer, UT_KEYWORD, latest->keyword)) {
        return 1;
    }
    const uint32_t inferred = clock_of(scorer);
    ut_fuse(&image->fusion, latest->acoustic, image->labels, latest->keyword, image->keywords, latest->fused);
    const uint32_t fused = clock_of(scorer) - inferred;
    scorer->cycles.fusion += fused;
    scorer->stats->fusion_cycles += fused;
    return 0;
}

static void add_scores(ut_scorer *scorer) {
    const ut_image *const image = scorer->image;
    for (uint32_t i = 0; i < image->labels; ++i) {
        scorer->sum_acoustic[i] += scorer->latest.acoustic[i];
        scorer->sum_fused[i] += scorer->latest.fused[i];
    }
    for (uint32_t i = 0; i < image->keywords; ++i) {
        scorer->sum_keyword[i] += scorer->latest.keyword[i];
    }
}

/* The next window is complete. Of a segment with one window that failed, no other is scored: its mean is
 * worth nothing. Of live listening, a window that failed is left out. */
static void finish_window(ut_scorer *scorer, uint32_t tail) {
    const uint16_t *const features = scorer->memory->features + (size_t)scorer->next * UT_CHANNELS;
    scorer->next += UT_HOP_FRAMES;
    if (scorer->failed && !is_live(scorer)) {
        ++scorer->windows;
        return;
    }
    scorer->cycles.tail += tail;
    const uint32_t started = clock_of(scorer);
    scorer->failed = score(scorer, features);
    const uint32_t took = tail + (clock_of(scorer) - started);
    if (scorer->failed) {
        scorer->windows += is_live(scorer) ? 0 : 1;
        return;
    }
    if (took > scorer->stats->longest_window_cycles) {
        scorer->stats->longest_window_cycles = took;
    }
    ++scorer->stats->windows_scored;
    if (is_live(scorer)) {
        scorer->sink.take(scorer->sink.context, &scorer->latest, scorer->windows);
    } else {
        add_scores(scorer);
    }
    ++scorer->windows;
}

/* Take samples, piece by piece so that a piece ends where a window does. *tail: cycles of features since the
 * last chunk or window. */
static void take(ut_scorer *scorer, const int16_t *pcm, size_t samples, uint32_t *tail) {
    while (samples > 0) {
        const uint32_t step = (uint32_t)scorer->frontend->step;
        const uint32_t missing = scorer->next * step + UT_WINDOW_SAMPLES - scorer->samples;
        const uint32_t most = is_live(scorer) && missing > UT_CHUNK_SAMPLES ? UT_CHUNK_SAMPLES : missing;
        const uint32_t piece = samples < most ? (uint32_t)samples : most;
        *tail += compute(scorer, pcm, piece);
        if (piece == missing) {
            finish_window(scorer, *tail);
            *tail = 0;
        }
        pcm += piece;
        samples -= piece;
    }
}

void ut_scorer_push(ut_scorer *scorer, const int16_t *pcm, size_t samples) {
    uint32_t tail = 0;
    take(scorer, pcm, samples, &tail);
}

void ut_scorer_pad(ut_scorer *scorer) {
    static const int16_t silence[UT_CHUNK_SAMPLES] = {0};
    uint32_t tail = 0;
    while (scorer->windows == 0) {
        const uint32_t missing = UT_WINDOW_SAMPLES - scorer->samples;
        take(scorer, silence, missing < UT_CHUNK_SAMPLES ? missing : UT_CHUNK_SAMPLES, &tail);
    }
}

int8_t ut_mean_of(int32_t sum, int32_t n) {
    const int32_t twice = 2 * sum + n, divisor = 2 * n;
    /* Division rounds towards zero; this rounds down. */
    return (int8_t)(twice / divisor - (twice % divisor < 0));
}

void ut_scorer_mean(const ut_scorer *scorer, ut_scores *mean) {
    const ut_image *const image = scorer->image;
    const int32_t n = (int32_t)scorer->windows;
    for (uint32_t i = 0; i < image->labels; ++i) {
        mean->acoustic[i] = ut_mean_of(scorer->sum_acoustic[i], n);
        mean->fused[i] = ut_mean_of(scorer->sum_fused[i], n);
    }
    for (uint32_t i = 0; i < image->keywords; ++i) {
        mean->keyword[i] = ut_mean_of(scorer->sum_keyword[i], n);
    }
}
