// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/egress_books.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bench::campaign {

// What the process of a run and the child that takes one array's frames apart say to each other.
struct WatchWord {
    enum class Kind : std::uint8_t {
        orders,         // To the child, first. Text: watch_orders.h
        phase,          // Begins at `at_ns`. Text: its name
        slot,           // Begins: of pair `number`, loaded if `place` is 1
        slot_end,       //
        markers_from,   // Past tap `place`. Text: the interface they are sent on
        no_markers,     // The same. Text: why
        marker,         // Is sent past tap `place` at `at_ns`: its `number`
        marker_refused, // By the interface before tap `place`
        ask_books,      // Of all that was on the wire at `at_ns` (steady)
        stop,           //
        ready,          // From the child: it watches since `at_ns`
        alive,          // Books as they are
        books,          // As asked at `at_ns` (steady)
        stopped,        // It captures no more
        handover,       // Last. Text: handover.h
        failed,         // Instead. Text: why
    };
    Kind kind = Kind::alive;
    std::int64_t at_ns = 0; // UTC unless said
    std::uint64_t number = 0;
    std::uint16_t place = 0;
    EgressBooks books{};
    std::string text{};
};

std::string word_bytes(const WatchWord& word);

// Cuts a stream into words. Either end may have been taken over: what is no word is a HostError.
class WatchWordStream {
public:
    std::string& bytes() noexcept { return bytes_; } // What came is appended here.

    // `text_bytes_max`: of a text that is still to come, too.
    std::optional<WatchWord> next(std::size_t text_bytes_max);

private:
    std::string bytes_;
    std::size_t at_ = 0; // What lies before it has been given out.
};

} // namespace bench::campaign
