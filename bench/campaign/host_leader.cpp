// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/host_leader.h"

#include "bench/campaign/interruption.h"
#include "bench/campaign/lab.h"
#include "bench/campaign/run_folder.h"
#include "drivers/api/errors.h"
#include "results/round_end.h"
#include "results/round_merge.h"
#include "results/whole_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace bench::campaign {

using namespace std::chrono_literals;
using hosts::LetterKind;

namespace {

constexpr std::uint64_t plan_file_bytes_max = 512ULL << 20U;
constexpr unsigned clock_questions = 8;
// From naming the instant to the instant: the letter's way and waking up.
constexpr drivers::Duration start_notice = 20ms;
// A follower that lives but does not get on; that it lives its link knows.
constexpr drivers::Duration meeting_patience = 5min;
constexpr drivers::Duration opening_patience = 3min;
constexpr drivers::Duration closing_patience = 2min;
constexpr drivers::Duration verify_patience = 24h; // The plan bounds it.

// With the key of the canaries, if this host plants them: else only its own part of what is written
// would be known again outside.
PlanFiles files_of(const RunFolder& folder, const Lab& lab) {
    PlanFiles out;
    const bool plants = std::any_of(lab.arrays().begin(), lab.arrays().end(), [](const auto& one) {
        return one.canary.has_value();
    });
    if (plants) {
        out[canary_key_file] = results::read_file_in(folder.path(), canary_key_file);
    }
    out["plan.json"] = results::read_file_in(folder.path(), "plan.json");
    for (const auto& entry : results::entries_of_folder_in(folder.path(), "inputs")) {
        const std::string name = "inputs/" + entry.name;
        out[name] = results::read_file_in(folder.path(), name, plan_file_bytes_max);
    }
    return out;
}

std::size_t place_of(const ArrayUnderTest& array, const Lab& lab) {
    return static_cast<std::size_t>(&array - lab.arrays().data());
}

bool is_of_this_host(const plan::Url& url) {
    return std::any_of(url.portals.begin(), url.portals.end(), [](const auto& portal) {
        return portal.host.starts_with("127.") || portal.host == "::1" ||
               portal.host == "localhost";
    });
}

// Of a host that was lost before it could hand anything in.
results::RoundRecord empty_round(const results::RoundRecord& like, const std::string& why) {
    results::RoundRecord out;
    out.started_utc_ns = like.started_utc_ns;
    out.done_ns = 0;
    out.ended = "interrupted: " + why;
    return out;
}

} // namespace

HostLeader::HostLeader(hosts::Fellowship& fellowship,
                       bool overwrite_data,
                       const drivers::Clock& clock)
    : fellowship_(fellowship)
    , overwrite_data_(overwrite_data)
    , clock_(clock) {}

std::map<std::string, std::string> HostLeader::meet(const RunFolder& folder, const Lab& lab) {
    lab_ = &lab;
    std::vector<MetArray> arrays;
    for (const ArrayUnderTest& array : lab.arrays()) {
        MetArray met;
        met.name = array.planned->name;
        for (const plan::Url& url : array.paths) {
            if (url.kind == plan::UrlKind::memory) {
                throw drivers::UsageError(
                    fmt::format("{}: {} is this process's own; several hosts cannot share it",
                                met.name,
                                url.text()));
            }
            if (is_of_this_host(url) && comes_from_elsewhere()) {
                throw drivers::UsageError(fmt::format(
                    "{}: {} is an address of this host alone, and the others are elsewhere: wanted "
                    "one that they reach, for an emulated array that of `arraybench array "
                    "--listen`",
                    met.name,
                    url.text()));
            }
            met.urls.push_back(url.text());
        }
        met.identity = array.report.identity;
        met.geometry = array.report.geometry;
        met.overwrite_data = overwrite_data_;
        met.lease_token = array.lease_token;
        arrays.push_back(std::move(met));
    }
    order(LetterKind::plan, plan_letter(files_of(folder, lab)));
    fellowship_.tell_all(LetterKind::arrays, ordered_letter(number_, arrays_letter(arrays)));
    std::map<std::string, std::string> out;
    for (std::size_t i = 0; i < fellowship_.links(); ++i) {
        hosts::Link& link = fellowship_.link(i);
        auto words = words_from(answer(link, LetterKind::ready, meeting_patience));
        const hosts::ClockOffset clock = link.measure_clock(clock_questions);
        out[fmt::format("host {}/{}", i + 2, fellowship_.size())] =
            fmt::format("{}, {}, {} processors, {}; clock known to within {} us",
                        words["name"],
                        words["kernel"],
                        words["processors"],
                        words["arrays"],
                        clock.error / 1us + 1);
    }
    out[fmt::format("host 1/{}", fellowship_.size())] = fellowship_.host() + ", leads";
    return out;
}

bool HostLeader::comes_from_elsewhere() const {
    for (std::size_t i = 0; i < fellowship_.links(); ++i) {
        if (!fellowship_.link(i).name().ends_with(" on " + fellowship_.host())) {
            return true;
        }
    }
    return false;
}

void HostLeader::order(LetterKind kind, const std::string& body) {
    ++number_;
    fellowship_.tell_all(kind, ordered_letter(number_, body));
}

void HostLeader::order_one(std::size_t link, LetterKind kind, const std::string& body) {
    ++number_;
    fellowship_.link(link).send(kind, ordered_letter(number_, body));
}

void HostLeader::cancel_pending() {
    if (is_pending_) {
        is_pending_ = false;
        fellowship_.tell_all(LetterKind::cancel, ordered_letter(number_, ""));
    }
}

// The body of the wanted answer to the last order; late answers to earlier ones are passed over.
std::string HostLeader::answer(hosts::Link& link, LetterKind wanted, drivers::Duration patience) {
    const drivers::TimePoint until = clock_.now() + patience;
    for (;;) {
        const auto letter = link.receive(std::max(until - clock_.now(), drivers::Duration(0)));
        if (!letter) {
            throw hosts::HostLost(
                fmt::format("{}: no answer within {} s", link.name(), patience / 1s));
        }
        Ordered ordered = ordered_from(letter->body);
        if (ordered.number != number_) {
            continue;
        }
        if (letter->kind == LetterKind::failed) {
            throw_failure(ordered.body, link.name());
        }
        if (letter->kind == wanted) {
            return std::move(ordered.body);
        }
    }
}

void HostLeader::announce(const ArrayUnderTest& array, const LoadOrder& load) {
    cancel_pending();
    wants_accesses_ = !load.phases.empty();
    order(LetterKind::load, load_letter({place_of(array, *lab_), load}));
    is_pending_ = true;
}

drivers::TimePoint HostLeader::start() {
    std::vector<drivers::Duration> offsets;
    for (std::size_t i = 0; i < fellowship_.links(); ++i) {
        (void)answer(fellowship_.link(i), LetterKind::ready, opening_patience);
    }
    for (std::size_t i = 0; i < fellowship_.links(); ++i) {
        offsets.push_back(fellowship_.link(i).measure_clock(clock_questions).offset);
    }
    const drivers::TimePoint begin = clock_.now() + start_notice;
    for (std::size_t i = 0; i < fellowship_.links(); ++i) {
        const std::int64_t theirs_ns = (begin + offsets[i]).time_since_epoch().count();
        fellowship_.link(i).send(LetterKind::start,
                                 ordered_letter(number_, std::to_string(theirs_ns)));
    }
    is_pending_ = false;
    return begin;
}

// When the follower began on the leader's clock: measured anew, since clocks drift.
void HostLeader::add_part(std::size_t place,
                          const RoundLetter& letter,
                          std::int64_t leader_utc_ns,
                          results::RoundRecord& round) {
    const hosts::ClockOffset clock = fellowship_.link(place).measure_clock(clock_questions);
    const drivers::TimePoint began =
        drivers::TimePoint(drivers::Duration(letter.started_ns)) - clock.offset;
    results::RoundRecord part = letter.round;
    part.started_utc_ns = leader_utc_ns + (began - started_).count();
    const std::string& name = fellowship_.link(place).name();
    results::name_part(part,
                       {static_cast<std::uint32_t>(place + 2),
                        fellowship_.size(),
                        name.substr(name.find(" on ") + 4),
                        clock.error.count()});
    results::merge_round(part, round);
}

void HostLeader::gather(results::RoundRecord& round, std::vector<WatchedAccess>& accesses) {
    const std::int64_t leader_utc_ns = round.started_utc_ns;
    results::name_part(round, {1, fellowship_.size(), fellowship_.host(), 0});
    const bool is_cut_short = Interruption::raised() || round.ended != results::complete_words;
    if (is_cut_short) { // What ended it here ends it everywhere, and at once.
        try {
            fellowship_.tell_all(LetterKind::stop);
        } catch (const hosts::HostLost&) { // Said below, of the one that is.
        }
    }
    for (std::size_t i = 0; i < fellowship_.links(); ++i) {
        hosts::Link& link = fellowship_.link(i);
        try {
            const auto letter = round_from(answer(link, LetterKind::done, closing_patience));
            if (wants_accesses_) {
                const auto more =
                    accesses_from(answer(link, LetterKind::accesses, closing_patience));
                accesses.insert(accesses.end(), more.begin(), more.end());
            }
            add_part(i, letter, leader_utc_ns, round);
            if (letter.round.ended == "interrupted" && !is_cut_short && !Interruption::raised()) {
                stopped_ = link.name() + ": interrupted by a signal";
                Interruption::raise();
            }
        } catch (const hosts::HostLost& error) {
            results::RoundRecord part = empty_round(round, error.what());
            results::name_part(part,
                               {static_cast<std::uint32_t>(i + 2), fellowship_.size(), "lost"});
            results::merge_round(part, round);
        }
    }
}

void HostLeader::announce_verify(const ArrayUnderTest& array,
                                 const plan::PlanPhase& phase,
                                 const results::RoundRecord& round) {
    VerifyLetter letter;
    letter.array = place_of(array, *lab_);
    letter.time_limit_ns = phase.duration.count();
    letter.cache_bytes = phase.cache_bytes;
    for (const results::DisturbanceRecord& one : round.disturbances) {
        letter.disturbances.push_back(one.name);
    }
    order(LetterKind::verify, verify_letter(letter));
}

void HostLeader::gather_verified(results::RoundRecord& round) {
    for (std::size_t i = 0; i < fellowship_.links(); ++i) {
        RoundLetter letter =
            round_from(answer(fellowship_.link(i), LetterKind::done, verify_patience));
        const std::string ended = round.ended == "complete" ? letter.round.ended : round.ended;
        results::merge_round(letter.round, round);
        round.ended = ended; // Not as the load did.
    }
}

void HostLeader::announce_precondition(const ArrayUnderTest& array) {
    cancel_pending();
    order(LetterKind::precondition, std::to_string(place_of(array, *lab_)));
}

std::uint64_t HostLeader::gather_preconditioned() {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < fellowship_.links(); ++i) {
        out += std::strtoull(
            answer(fellowship_.link(i), LetterKind::done, verify_patience).c_str(), nullptr, 10);
    }
    return out;
}

HostLeader::~HostLeader() {
    part();
}

void HostLeader::part() noexcept {
    if (std::exchange(has_parted_, true)) {
        return;
    }
    const bool was_pending = std::exchange(is_pending_, false);
    for (std::size_t i = 0; i < fellowship_.links(); ++i) {
        try { // Each by itself: one that is lost keeps nobody else.
            hosts::Link& link = fellowship_.link(i);
            link.send(LetterKind::stop);
            if (was_pending) { // Whoever waits to begin takes no other letter.
                link.send(LetterKind::cancel, ordered_letter(number_, ""));
            }
            link.send(LetterKind::leave);
            while (link.receive(10s)) { // Until it has gone: its ending must not outlast ours.
            }
        } catch (const std::exception&) { // Gone, in one way or another.
        }
    }
}

} // namespace bench::campaign
