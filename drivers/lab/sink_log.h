// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace drivers::lab {

// One thing that reached the outside, as the service that took it understood it.
struct SinkEntry {
    std::int64_t at_utc_ns = 0;
    std::string service; // "DNS", "NTP", "HTTPS", "syslog", "SNMP", "TCP", "UDP", "ICMP"
    std::string from;    // address:port
    std::string to;
    std::string said; // A name asked for, a server name, the first bytes.
    std::uint64_t bytes = 0;
};

// What the outside was told, from any of its threads; bounded, and says what it left out.
class SinkLog {
public:
    void add(SinkEntry entry) {
        const std::lock_guard<std::mutex> held(lock_);
        if (entries_.size() < entries_max) {
            entries_.push_back(std::move(entry));
        } else {
            ++left_out_;
        }
    }
    std::vector<SinkEntry> entries() const {
        const std::lock_guard<std::mutex> held(lock_);
        return entries_;
    }
    std::uint64_t left_out() const {
        const std::lock_guard<std::mutex> held(lock_);
        return left_out_;
    }

private:
    static constexpr std::size_t entries_max = 50'000;
    mutable std::mutex lock_;
    std::vector<SinkEntry> entries_;
    std::uint64_t left_out_ = 0;
};

} // namespace drivers::lab
