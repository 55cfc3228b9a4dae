// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "results/journal_file.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace bench::campaign {

// The run's journal from any thread. Notes the pair of both clocks every second, and a step of the
// calendar against the monotonic clock when it sees one.
class RunJournal {
public:
    // Throws SafetyError where another process goes on with this run, WriteError.
    RunJournal(const std::string& path, drivers::Clock& clock);
    ~RunJournal();
    RunJournal(const RunJournal&) = delete;
    RunJournal& operator=(const RunJournal&) = delete;

    // Throws WriteError; also when an earlier note of the clocks could not be written.
    void note(const std::string& kind, const std::map<std::string, std::string>& fields = {});

    const std::vector<results::JournalEntry>& found() const { return writer_.found(); }
    std::int64_t utc_minus_monotonic_ns() const;

private:
    results::JournalInstant now() const;
    void tick();

    drivers::Clock& clock_;
    mutable std::mutex lock_;
    std::condition_variable wake_;
    results::JournalWriter writer_;
    std::int64_t last_offset_ns_ = 0;
    std::string broken_;
    bool ending_ = false;
    std::thread ticker_;
};

} // namespace bench::campaign
