// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/controller.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <fstream>

namespace drivers::nvme_tcp {

namespace {

std::string first_line(const char* path) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    return line;
}

} // namespace

void complete_host_identity(Settings& settings) {
    constexpr std::size_t digits_wanted = 32;
    std::string digits = first_line("/etc/machine-id");
    std::erase_if(digits, [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) == 0; });
    digits.resize(digits_wanted, '0');
    const bool no_id = std::all_of(settings.host_id.begin(),
                                   settings.host_id.end(),
                                   [](std::byte b) { return b == std::byte{0}; });
    for (std::size_t i = 0; no_id && i < settings.host_id.size(); ++i) {
        settings.host_id[i] =
            static_cast<std::byte>(std::stoul(digits.substr(2 * i, 2), nullptr, 16));
    }
    if (no_id) {
        settings.host_id[0] |= std::byte{1}; // Zero is no identifier.
    }
    if (settings.host_nqn.empty()) {
        settings.host_nqn = first_line("/etc/nvme/hostnqn");
    }
    if (settings.host_nqn.empty()) {
        settings.host_nqn = fmt::format("nqn.2014-08.org.nvmexpress:uuid:{}-{}-{}-{}-{}",
                                        digits.substr(0, 8),
                                        digits.substr(8, 4),
                                        digits.substr(12, 4),
                                        digits.substr(16, 4),
                                        digits.substr(20, 12));
    }
}

} // namespace drivers::nvme_tcp
