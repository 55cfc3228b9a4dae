// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/platform_measures.h"

#include "profiles/interception/streams.h"

#include <algorithm>

namespace bench::campaign {

using profiles::interception::Promises;
using profiles::interception::StreamIndex;
using results::Histogram;
using results::RoundRecord;

namespace {

constexpr std::uint64_t samples_above_min = 10; // Else a percentile is not measured.

const Histogram* responses_of(const RoundRecord& round, StreamIndex stream) {
    const std::string& name = profiles::interception::platform_streams()[number(stream)].name;
    const auto found = std::find_if(round.streams.begin(),
                                    round.streams.end(),
                                    [&](const auto& one) { return one.name == name; });
    return found == round.streams.end() ? nullptr : &found->response_ns;
}

// To the histogram's own precision: a sample in the bin of the promise itself is not late.
double later_than(const Histogram* responses, profiles::Duration promised) {
    double out = 0;
    if (responses != nullptr) {
        for (const auto& [edge_ns, count] : responses->bins()) {
            out += edge_ns > static_cast<std::uint64_t>(promised.count())
                       ? static_cast<double>(count)
                       : 0.0;
        }
        out += static_cast<double>(responses->overflow());
    }
    return out;
}

} // namespace

void add_platform_measures(const profiles::AnyWorkload& workload, RoundRecord& round) {
    const auto* platform = std::get_if<profiles::interception::PlatformWorkload>(&workload);
    if (platform == nullptr) {
        return;
    }
    const Promises& promised = platform->parameters.promises;
    round.measures["targets"] = platform->parameters.targets * platform->parameters.scale;
    round.measures["seals_late"] =
        later_than(responses_of(round, StreamIndex::seal), promised.seal);
    round.measures["searches_over_limit"] =
        later_than(responses_of(round, StreamIndex::search), promised.search);
    round.measures["playbacks_over_limit"] =
        later_than(responses_of(round, StreamIndex::playback_start), promised.playback_start);
    const Histogram* delays = responses_of(round, StreamIndex::commit_delay);
    if (delays == nullptr || delays->count() == 0) {
        return;
    }
    round.measures["commit_delay_ns_max"] = static_cast<double>(delays->max_ns());
    for (const auto& [name, share] : {std::pair("commit_delay_ns_p50", 0.5),
                                      std::pair("commit_delay_ns_p99", 0.99),
                                      std::pair("commit_delay_ns_p99_9", 0.999)}) {
        if (delays->samples_above(share) >= samples_above_min) {
            round.measures[name] = static_cast<double>(delays->quantile_ns(share));
        }
    }
}

} // namespace bench::campaign
