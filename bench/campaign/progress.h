// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <cstdint>
#include <optional>
#include <string>

namespace bench::campaign {

enum class ProgressMode : std::uint8_t { none, line, plain, json };

// "auto", "none", "plain" or "json"; auto is a line that renews itself on a terminal, and nothing
// elsewhere. Throws UsageError.
ProgressMode progress_mode(const std::string& name);

// Says on stderr how far a run is and how long it will still take, as long as somebody hears.
class Progress {
public:
    Progress(ProgressMode mode, drivers::Clock& clock);
    ~Progress(); // Leaves the line clean.
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // What is still to come, as planned.
    void expect(drivers::Duration total);

    // A step begins that should take so long.
    void begin(const std::string& what, drivers::Duration expected);
    void now(const std::string& detail); // Within the step; renews a line at most 5 times a second.
    void end();                          // The step is over, however long it took.
    void say(const std::string& text);   // A message that stays.
    void note(const std::string& text);  // The same, for who follows the steps.

    drivers::Duration left() const; // From what steps have really taken so far.

private:
    void show(const std::string& detail, bool must);
    void clear();
    void put(const std::string& text);

    ProgressMode mode_;
    drivers::Clock& clock_;
    drivers::Duration total_{0};
    drivers::Duration planned_done_{0};
    drivers::Duration really_taken_{0};
    drivers::Duration step_expected_{0};
    drivers::TimePoint step_began_{};
    drivers::TimePoint shown_at_{};
    std::string what_;
    std::size_t width_shown_ = 0;
};

} // namespace bench::campaign
