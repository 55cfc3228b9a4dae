// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/offered_load.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::measure {

void judge_offered_load(results::AuditRecord& audit, const results::Histogram& response_ns) {
    if (audit.offered_per_s <= 0) {
        return;
    }
    const auto slip_ns = static_cast<double>(audit.slip_ns.quantile_ns(0.99));
    const double allowed_ns =
        std::max(100e3, 0.05 * static_cast<double>(response_ns.quantile_ns(0.5)));
    if (slip_ns > allowed_ns) {
        audit.invalid.push_back(
            fmt::format("invalid for the generator: schedule slip P99 {:.0f} us is above {:.0f} us",
                        slip_ns / 1e3,
                        allowed_ns / 1e3));
    }
}

} // namespace bench::measure
