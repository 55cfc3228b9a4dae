// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/lun_names.h"

#include "drivers/api/lun_serial.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::campaign {

namespace {

bool is_among(const std::string& name, const std::vector<std::string>& ids) {
    return std::any_of(
        ids.begin(), ids.end(), [&](const auto& id) { return name == plain_unique_id(id); });
}

} // namespace

std::string plain_unique_id(std::string_view text) {
    std::string name = drivers::plain_serial(text);
    for (const std::string_view prefix : {"naa.", "eui.", "nguid.", "uuid.", "urn:uuid:", "0x"}) {
        if (name.starts_with(prefix)) {
            name.erase(0, prefix.size());
            break;
        }
    }
    name.erase(
        std::remove_if(name.begin(),
                       name.end(),
                       [](char letter) { return letter == '-' || letter == ' ' || letter == ':'; }),
        name.end());
    return name;
}

bool names_lun(std::string_view named,
               const drivers::Identity& identity,
               const std::vector<std::string>& other_ids) {
    if (identity.unique_id.empty()) {
        return !drivers::plain_serial(named).empty() &&
               drivers::plain_serial(named) == drivers::plain_serial(identity.serial);
    }
    const std::string wanted = plain_unique_id(named);
    return !wanted.empty() &&
           (wanted == plain_unique_id(identity.unique_id) || is_among(wanted, other_ids));
}

std::string file_name_of(const drivers::LunMark& lun) {
    const std::string name =
        lun.unique_id.empty() ? drivers::plain_serial(lun.serial) : plain_unique_id(lun.unique_id);
    if (name.empty()) {
        return {};
    }
    std::string out = lun.unique_id.empty() ? "serial-" : "lun-";
    for (const char letter : name) { // What an array says may hold anything.
        const bool is_plain = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
        out += is_plain ? std::string(1, letter)
                        : fmt::format("_{:02x}", static_cast<unsigned char>(letter));
    }
    constexpr std::size_t longest = 200;
    return out.substr(0, longest);
}

} // namespace bench::campaign
