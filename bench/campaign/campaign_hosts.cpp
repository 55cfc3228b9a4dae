// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/campaign.h"
#include "bench/campaign/host_record.h"
#include "bench/campaign/interruption.h"
#include "results/whole_file.h"

namespace bench::campaign {

// Why, if not all of it was run; and the other hosts may go.
void Campaign::note_end() {
    const std::string lost = options_.others == nullptr ? "" : options_.others->lost();
    if (!lost.empty()) {
        record_.interrupted = lost;
        journal_.note("host lost", {{"reason", lost}});
    } else if (Interruption::raised() && record_.interrupted.empty()) {
        record_.interrupted = "interrupted by a signal";
    }
    if (options_.others != nullptr) {
        options_.others->part();
    }
}

void Campaign::meet_others(const Lab& lab) {
    if (options_.others == nullptr) {
        return;
    }
    const HostShare share = options_.others->share();
    record_.host["hosts"] = std::to_string(share.count);
    for (const auto& [key, value] : options_.others->meet(folder_, lab)) {
        record_.host[key] = value;
    }
    results::write_whole_file(folder_.path() + "/host.json", host_text(record_.host));
    journal_.note("hosts met", {{"hosts", std::to_string(share.count)}});
}

} // namespace bench::campaign
