// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/progress.h"
#include "drivers/api/errors.h"
#include "results/text/standard_streams.h"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <fmt/format.h>

namespace bench::campaign {

using namespace std::chrono_literals;

namespace {

constexpr drivers::Duration renew_every = 200ms;
constexpr double stretch_most = 1.5;

std::string time_text(drivers::Duration value) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(value + 500ms).count();
    constexpr std::int64_t per_minute = 60;
    constexpr std::int64_t per_hour = 3600;
    if (seconds >= per_hour) {
        return fmt::format("{} h {:02} min", seconds / per_hour, seconds % per_hour / per_minute);
    }
    return seconds >= per_minute
               ? fmt::format("{} min {:02} s", seconds / per_minute, seconds % per_minute)
               : fmt::format("{} s", seconds);
}

} // namespace

ProgressMode progress_mode(const std::string& name) {
    if (name == "auto") {
        return ::isatty(STDERR_FILENO) != 0 ? ProgressMode::line : ProgressMode::none;
    }
    if (name == "none") {
        return ProgressMode::none;
    }
    if (name == "plain") {
        return ProgressMode::plain;
    }
    if (name == "json") {
        return ProgressMode::json;
    }
    throw drivers::UsageError(fmt::format("--progress {}: wanted auto, none, plain or json", name));
}

Progress::Progress(ProgressMode mode, drivers::Clock& clock)
    : mode_(mode)
    , clock_(clock) {}

Progress::~Progress() {
    clear();
}

void Progress::expect(drivers::Duration total) {
    total_ = planned_done_ + total;
}

drivers::Duration Progress::left() const {
    // Steps take longer than planned by opening, draining and writing; what comes will too.
    const double seen = planned_done_ > 0ns ? static_cast<double>(really_taken_.count()) /
                                                  static_cast<double>(planned_done_.count())
                                            : 1.0;
    const double stretch = std::min(seen, stretch_most); // One long first step says nothing.
    const drivers::Duration in_step =
        what_.empty() ? 0ns : std::min(clock_.now() - step_began_, step_expected_);
    const auto planned = static_cast<double>((total_ - planned_done_ - in_step).count());
    return drivers::Duration(static_cast<std::int64_t>(std::max(0.0, planned) * stretch));
}

void Progress::begin(const std::string& what, drivers::Duration expected) {
    what_ = what;
    step_expected_ = expected;
    step_began_ = clock_.now();
    show("", true);
}

void Progress::now(const std::string& detail) {
    show(detail, false);
}

void Progress::end() {
    planned_done_ += step_expected_;
    really_taken_ += clock_.now() - step_began_;
    what_.clear();
    step_expected_ = 0ns;
}

void Progress::say(const std::string& text) {
    clear();
    put((mode_ == ProgressMode::json ? nlohmann::json{{"message", text}}.dump() : text) + "\n");
}

void Progress::note(const std::string& text) {
    if (mode_ != ProgressMode::none) {
        say(text);
    }
}

void Progress::show(const std::string& detail, bool must) {
    const drivers::TimePoint at = clock_.now();
    const bool steps_only = mode_ == ProgressMode::plain || mode_ == ProgressMode::json;
    if (mode_ == ProgressMode::none || (!must && (steps_only || at - shown_at_ < renew_every))) {
        return;
    }
    shown_at_ = at;
    if (mode_ == ProgressMode::json) {
        put(nlohmann::json{{"step", what_}, {"left_ns", left().count()}}.dump() + "\n");
        return;
    }
    std::string line = fmt::format(
        "{}{}{}  {} left", what_, detail.empty() ? "" : "  ", detail, time_text(left()));
    if (mode_ == ProgressMode::plain) {
        put(line + "\n");
        return;
    }
    constexpr std::size_t width_max = 100;
    line.resize(std::min(line.size(), width_max));
    const std::size_t width = line.size();
    put(fmt::format("\r{:<{}}", line, std::max(width, width_shown_)));
    width_shown_ = width;
}

void Progress::clear() {
    if (width_shown_ > 0) {
        put(fmt::format("\r{:<{}}\r", "", width_shown_));
        width_shown_ = 0;
    }
}

void Progress::put(const std::string& text) {
    if (!results::text::write_err(text)) {
        mode_ = ProgressMode::none; // Nobody hears; the run goes on.
    }
}

} // namespace bench::campaign
