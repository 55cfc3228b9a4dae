// SPDX-License-Identifier: Apache-2.0
#include "drivers/lab/address_plan.h"

#include "drivers/api/errors.h"

#include <fmt/format.h>

namespace drivers::lab {

ArrayPlace place_of_array(std::size_t index, std::size_t controllers) {
    constexpr std::size_t first_array = 128;
    constexpr std::size_t addresses_per_array = 16;
    if (index >= arrays_max || controllers == 0 || controllers > data_addresses_max) {
        throw UsageError(fmt::format("a laboratory has room for {} arrays of 1 to {} controllers",
                                     arrays_max,
                                     data_addresses_max));
    }
    const std::size_t base = first_array + index * addresses_per_array;
    ArrayPlace out;
    out.management_address = fmt::format("192.0.2.{}", base + 1);
    out.management_address_ipv6 = fmt::format("2001:db8::a{:x}", index);
    for (std::size_t i = 0; i < controllers; ++i) {
        out.data_addresses.push_back(fmt::format("192.0.2.{}", base + 2 + i));
    }
    out.prefixes = {fmt::format("192.0.2.{}/28", base), out.management_address_ipv6};
    out.data_mac = fmt::format("02:ab:00:00:{:02x}:d0", index + 1);
    out.management_mac = fmt::format("02:ab:00:00:{:02x}:a0", index + 1);
    out.mirror = fmt::format("tap{}", index);
    return out;
}

} // namespace drivers::lab
