// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/driver_end_text.h"

#include <array>
#include <utility>

namespace bench::plan {

namespace {

using drivers::DriverEnd;

constexpr std::array<std::pair<DriverEnd, std::string_view>, 4> words{
    {{DriverEnd::lost, "lost"},
     {DriverEnd::another_lun, "another_lun"},
     {DriverEnd::less_secure, "less_secure"},
     {DriverEnd::broke_protocol, "broke_protocol"}}};

} // namespace

std::string driver_end_text(DriverEnd end, std::string_view reason) {
    for (const auto& [one, word] : words) {
        if (one == end) {
            return std::string(word) + ' ' + std::string(reason);
        }
    }
    return {};
}

std::optional<ToldEnd> driver_end_from(std::string_view text) {
    const std::string_view said = text.substr(0, text.find(' '));
    for (const auto& [one, word] : words) {
        if (word == said && said.size() < text.size()) {
            return ToldEnd{one, std::string(text.substr(said.size() + 1))};
        }
    }
    return std::nullopt;
}

} // namespace bench::plan
