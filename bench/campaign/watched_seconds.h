// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace bench::campaign {

// Of the seconds that a capture has watched those in which something was lost or the calendar's
// clock stepped, each with a reason.
class WatchedSeconds {
public:
    // `offset_ns`: calendar minus monotonic clock.
    void begin(std::int64_t now_ns, std::int64_t offset_ns);

    // Something was lost since the last look.
    void lost(std::int64_t now_ns, const std::string& why);

    // Ends a look. No offset: it could not be read just now.
    void looked(std::int64_t now_ns, std::optional<std::int64_t> offset_ns);

    std::int64_t looked_ns() const noexcept { return looked_ns_; }
    const std::map<std::int64_t, std::string>& bad() const noexcept { return bad_; } // UTC, s

private:
    std::map<std::int64_t, std::string> bad_;
    std::int64_t looked_ns_ = 0;
    std::int64_t offset_ns_ = 0;
};

} // namespace bench::campaign
