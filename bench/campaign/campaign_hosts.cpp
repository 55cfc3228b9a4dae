// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/campaign.h"
#include "bench/campaign/expectation_files.h"
#include "bench/campaign/host_record.h"
#include "bench/campaign/interruption.h"
#include "results/round_end.h"
#include "results/whole_file.h"

#include <filesystem>

namespace bench::campaign {

// Why, if not all of it was run; and the other hosts may go.
void Campaign::note_end() {
    const std::string lost = options_.others == nullptr ? "" : options_.others->lost();
    if (!lost.empty() && results::end_of(record_.interrupted) != results::RoundEnd::refused) {
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
    results::write_file_in(folder_.path(), "host.json", host_text(record_.host));
    journal_.note("hosts met", {{"hosts", std::to_string(share.count)}});
}

// What the arrays hold from earlier, in a run that is resumed. It counts only for the same share of
// the load: of other hosts' writes nothing would be known.
void Campaign::recall_expectations(Lab& lab) {
    const std::string hosts =
        options_.others == nullptr ? "" : std::to_string(options_.others->share().count);
    const bool same_share = earlier_.hosts == hosts;
    if (same_share && !plan_.preconditioning) { // Else everything has just been written over.
        lab.load_expectations(folder_.path());
        if (options_.others != nullptr) {
            options_.others->recall_expectations(folder_.path());
        }
    }
    lab.save_expectations(folder_.path(), false); // What is there from earlier is no longer all.
    for (const ExpectationFile& file : expectation_files(folder_.path())) {
        if (file.share.count > 1 || (!same_share && !plan_.preconditioning)) {
            std::filesystem::remove(file.path);
        }
    }
}

} // namespace bench::campaign
