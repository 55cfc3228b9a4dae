// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/run_journal.h"

#include "drivers/api/errors.h"
#include "results/record_error.h"

#include <chrono>
#include <cstdlib>
#include <fmt/format.h>

namespace bench::campaign {

namespace {

constexpr std::int64_t step_ns = 50'000'000; // Slewing never moves a clock so far in a second.

// Whoever writes the journal drives the run's arrays: a second would write to the same LUNs.
results::JournalWriter own_writer(const std::string& path) {
    try {
        return results::JournalWriter(path);
    } catch (const results::BeingWrittenError&) {
        throw drivers::SafetyError(
            fmt::format("{}: this run is held by another process, which is writing it now", path));
    }
}

} // namespace

RunJournal::RunJournal(const std::string& path, drivers::Clock& clock)
    : clock_(clock)
    , writer_(own_writer(path))
    , last_offset_ns_(utc_minus_monotonic_ns())
    , ticker_([this] { tick(); }) {}

RunJournal::~RunJournal() {
    {
        const std::lock_guard hold(lock_);
        ending_ = true;
    }
    wake_.notify_all();
    ticker_.join();
}

results::JournalInstant RunJournal::now() const {
    const auto utc = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(utc).count(),
            clock_.now().time_since_epoch().count()};
}

std::int64_t RunJournal::utc_minus_monotonic_ns() const {
    const results::JournalInstant at = now();
    return at.realtime_ns - at.monotonic_ns;
}

void RunJournal::note(const std::string& kind, const std::map<std::string, std::string>& fields) {
    const std::lock_guard hold(lock_);
    if (!broken_.empty()) {
        throw results::WriteError(broken_);
    }
    writer_.append(kind, fields, now());
}

void RunJournal::tick() {
    std::unique_lock hold(lock_);
    while (!ending_) {
        try {
            const results::JournalInstant at = now();
            const std::int64_t offset_ns = at.realtime_ns - at.monotonic_ns;
            if (std::abs(offset_ns - last_offset_ns_) > step_ns) {
                writer_.append(
                    "clock step", {{"by_ns", std::to_string(offset_ns - last_offset_ns_)}}, at);
            }
            last_offset_ns_ = offset_ns;
            writer_.append("clock", {}, at);
        } catch (const results::WriteError& error) {
            broken_ = error.what(); // The next note tells it to whoever can act.
            return;
        }
        wake_.wait_for(hold, std::chrono::seconds(1), [this] { return ending_; });
    }
}

} // namespace bench::campaign
