// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/load/pump.h"
#include "drivers/api/block_driver.h"
#include "profiles/trace/iolog.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bench::load {

// What one driver was given, with the instants. Room is taken beforehand; what comes after it is
// full is only counted.
class SubmissionLog {
public:
    explicit SubmissionLog(std::size_t room) { entries_.reserve(room); }

    struct Entry {
        drivers::TimePoint at{};
        profiles::trace::Record record; // Without its instant.
    };
    void add(const Entry& entry) noexcept {
        if (entries_.size() < entries_.capacity()) {
            entries_.push_back(entry);
        } else {
            ++missed_;
        }
    }
    const std::vector<Entry>& entries() const noexcept { return entries_; }
    std::uint64_t missed() const noexcept { return missed_; }

private:
    std::vector<Entry> entries_;
    std::uint64_t missed_ = 0;
};

// Records a load as it is submitted, so that fio can replay it. One for all lanes; it must outlive
// the drivers it listens to.
class Recording {
public:
    explicit Recording(drivers::Clock& clock)
        : clock_(clock) {}

    // Puts an ear before every driver of the lanes.
    void listen_to(std::span<Lane> lanes);

    // All drivers' submissions by time, the first at zero. Throws HostError when the file cannot be
    // written or the load was longer than the record had room for.
    void save(const std::string& path, const profiles::trace::IologTarget& target) const;

    std::vector<profiles::trace::Record> records() const;

private:
    drivers::Clock& clock_;
    std::vector<std::unique_ptr<SubmissionLog>> logs_;
};

} // namespace bench::load
