// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/stream_tally.h"

#include "drivers/wire/end_words.h"

#include <fmt/format.h>

namespace bench::measure {

namespace {

const char* status_text(drivers::Status status) {
    switch (status) {
    case drivers::Status::good:
        return "good";
    case drivers::Status::failed:
        return "failed";
    case drivers::Status::busy:
        return "busy";
    case drivers::Status::timed_out:
        return "timed out";
    case drivers::Status::lost:
        return "lost";
    }
    return "";
}

} // namespace

void StreamTally::not_good(const AccessTimes& times,
                           const drivers::Completion& completion) noexcept {
    if (completion.status == drivers::Status::timed_out) {
        ++timed_out_;
        record(times);
        unanswered_ns_.record(nanoseconds_between(times.due, times.done));
    } else if (completion.status == drivers::Status::lost) {
        ++lost_;
        unanswered_ns_.record(nanoseconds_between(times.due, times.done));
    } else {
        ++failed_;
    }
    for (Error& error : errors_) {
        if (error.count == 0) {
            error.status = completion.status;
            error.sense = completion.sense;
        }
        const bool same = error.status == completion.status && error.sense == completion.sense;
        if (same || &error == &errors_.back()) {
            ++error.count;
            return;
        }
    }
}

void StreamTally::unfinished(const AccessTimes& times_until_now, Unfinished how) noexcept {
    ++unfinished_;
    unanswered_ns_.record(nanoseconds_between(times_until_now.due, times_until_now.done));
    if (how == Unfinished::waited_out) {
        record(times_until_now);
    } else if (how == Unfinished::no_service) {
        record_until_sent(times_until_now);
    }
}

void StreamTally::add_to(results::StreamRecord& record) const {
    record.response_ns.merge(response_ns_);
    record.wait_ns.merge(wait_ns_);
    record.service_ns.merge(service_ns_);
    if (unanswered_ns_.count() > 0) {
        if (!record.unanswered_ns) {
            record.unanswered_ns.emplace();
        }
        record.unanswered_ns->merge(unanswered_ns_);
    }
    record.completed += completed_;
    record.bytes += bytes_;
    record.failed += failed_;
    record.timed_out += timed_out_;
    record.lost += lost_;
    record.unfinished += unfinished_;
    for (const Error& error : errors_) {
        if (error.count > 0) {
            const std::string text = error.sense == 0
                                         ? status_text(error.status)
                                         : fmt::format("{}, {}",
                                                       status_text(error.status),
                                                       drivers::wire::sense_text(error.sense));
            record.errors[text] += error.count;
        }
    }
    if (unfinished_ > 0) {
        record.errors["unfinished"] += unfinished_;
    }
}

} // namespace bench::measure
