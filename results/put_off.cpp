// SPDX-License-Identifier: Apache-2.0
#include "results/put_off.h"

#include "results/text/human.h"

#include <algorithm>
#include <fmt/format.h>

namespace results {

bool is_put_off(std::string_view measure) {
    return measure == put_off_attentions || measure == put_off_times || measure == put_off_longest;
}

std::string put_off_text(const std::map<std::string, double>& measures) {
    const auto value = [&measures](const char* name) {
        const auto found = measures.find(name);
        return found == measures.end() ? 0.0 : found->second;
    };
    const auto counted = [](double count, const char* what) {
        return fmt::format("{:.0f} {}{}", count, what, count == 1 ? "" : "s");
    };
    std::string out;
    if (value(put_off_times) > 0) {
        out = fmt::format("not ready for {} at most, {}",
                          text::duration(value(put_off_longest)),
                          counted(value(put_off_times), "time"));
    }
    if (value(put_off_attentions) > 0) {
        out += (out.empty() ? "" : "; ") + counted(value(put_off_attentions), "unit attention");
    }
    return out;
}

std::string put_off_text(const RunRecord& run, const std::string& array) {
    std::map<std::string, double> all;
    for (const RoundRecord& round : run.rounds) {
        for (const auto& [name, value] : round.measures) {
            if (round.array == array && is_put_off(name)) {
                double& sum = all[name];
                sum = name == put_off_longest ? std::max(sum, value) : sum + value;
            }
        }
    }
    return put_off_text(all);
}

} // namespace results
