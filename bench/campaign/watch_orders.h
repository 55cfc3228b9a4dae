// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/marker.h"
#include "bench/integrity/canary_key_file.h"
#include "drivers/capture/pcap_source.h"
#include "profiles/policy.h"

#include <optional>
#include <string>
#include <vector>

namespace bench::campaign {

// What a child has to know to watch one array.
struct WatchOrders {
    std::string array;
    std::string captured_by; // As the report calls the taps.
    profiles::Policy policy{};
    std::vector<drivers::capture::LiveSettings> taps{};
    std::optional<egress::Markers::Key> marker_key{};   // Of this run: they are no traffic.
    std::optional<integrity::CanaryKeyFile> canaries{}; // What the bench plants in what it writes.
};

std::string orders_text(const WatchOrders& orders);

// Throws FileError.
WatchOrders orders_from(std::string_view text);

} // namespace bench::campaign
