// SPDX-License-Identifier: Apache-2.0
// Lines on the control socket, from either side, however hostile: refused or understood, never
// more.

#include "drivers/api/errors.h"
#include "drivers/array/array_core.h"
#include "drivers/array/control.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

drivers::array::ArrayCore make_array() {
    drivers::array::ArraySettings settings;
    settings.controllers = 2;
    settings.volatile_cache = true;
    drivers::array::VolumeSettings volume;
    volume.block_count = 1U << 12U;
    settings.volumes.push_back(volume);
    return drivers::array::ArrayCore(settings);
}

template <typename Parse>
void refused_or_understood(Parse parse) {
    try {
        parse();
    } catch (const drivers::UsageError&) {
    } catch (const drivers::ArrayError&) {
    }
}

void serve(std::string_view line) {
    std::uint64_t id = 0;
    const auto request = drivers::array::parse_request(line, id);
    if (request.ask == drivers::array::Ask::event) {
        static drivers::array::ArrayCore array = make_array();
        array.apply(request.event, drivers::TimePoint{});
        array.apply({}, drivers::TimePoint{}); // Recover.
        // Whatever was understood can be said again and means the same.
        const auto again = drivers::array::parse_request(
            drivers::array::event_line(request.id, request.event), id);
        if (again.event.fault != request.event.fault || again.event.lba != request.event.lba ||
            again.event.duration != request.event.duration) {
            std::abort();
        }
    }
}

} // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    refused_or_understood([line] { serve(line); });
    refused_or_understood([line] { drivers::array::parse_ready(line); });
    refused_or_understood([line] { drivers::array::parse_answer(line); });
    return 0;
}
