// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/numbers/summary.h"
#include "results/run_record.h"

#include <type_traits>
#include <utility>

// The names under which a record's members stand in its JSON, once for reading and writing: a
// visitor is called with (name, member) for each. Names are only ever added.
namespace results {

// A 64-bit number that stands as text, since many JSON readers keep 53 bits.
template <typename Number>
struct AsText {
    Number& number;
};
template <typename Number>
AsText(Number&) -> AsText<Number>;

// What a member is, for the visitors.
template <typename T>
struct IsList : std::false_type {};
template <typename T>
struct IsList<std::vector<T>> : std::true_type {};
template <typename T>
struct IsMap : std::false_type {};
template <typename T>
struct IsMap<std::map<std::string, T>> : std::true_type {};
template <typename T>
struct IsMaybe : std::false_type {};
template <typename T>
struct IsMaybe<std::optional<T>> : std::true_type {};

inline const std::vector<std::pair<Outcome, const char*>>& names_of(Outcome /*kind*/) {
    static const std::vector<std::pair<Outcome, const char*>> names{
        {Outcome::pass, "pass"},
        {Outcome::fail, "fail"},
        {Outcome::inconclusive, "inconclusive"},
        {Outcome::not_measured, "not measured"}};
    return names;
}
inline const std::vector<std::pair<Word, const char*>>& names_of(Word /*kind*/) {
    static const std::vector<std::pair<Word, const char*>> names{
        {Word::better, "better"},
        {Word::worse, "worse"},
        {Word::equivalent, "equivalent"},
        {Word::inconclusive, "inconclusive"}};
    return names;
}

template <typename Visit>
void visit_fields(Visit& visit, StreamRecord& r) {
    visit("name", r.name);
    visit("operation", r.operation);
    visit("completed", r.completed);
    visit("bytes", r.bytes);
    visit("failed", r.failed);
    visit("timed_out", r.timed_out);
    visit("lost", r.lost);
    visit("unfinished", r.unfinished);
    visit("errors", r.errors);
    visit("response_ns", r.response_ns);
    visit("wait_ns", r.wait_ns);
    visit("service_ns", r.service_ns);
    visit("unanswered_ns", r.unanswered_ns);
}

template <typename Visit>
void visit_fields(Visit& visit, IntervalRecord& r) {
    visit("from_ns", r.from_ns);
    visit("length_ns", r.length_ns);
    visit("due", r.due);
    visit("submitted", r.submitted);
    visit("completed", r.completed);
    visit("errors", r.errors);
    visit("bytes_read", r.bytes_read);
    visit("bytes_written", r.bytes_written);
    visit("response_ns_p50", r.response_ns_p50);
    visit("response_ns_p99", r.response_ns_p99);
    visit("response_ns_max", r.response_ns_max);
    visit("outstanding_max", r.outstanding_max);
    visit("phase", r.phase);
    visit("ramp", r.ramp);
    visit("invalid", r.invalid);
    visit("response_ns", r.response_ns);
}

template <typename Visit>
void visit_fields(Visit& visit, AuditRecord& r) {
    visit("offered_per_s", r.offered_per_s);
    visit("achieved_per_s", r.achieved_per_s);
    visit("scheduled", r.scheduled);
    visit("submitted", r.submitted);
    visit("completed", r.completed);
    visit("lane_cpu_fraction", r.lane_cpu_fraction);
    visit("host_cpu_fraction", r.host_cpu_fraction);
    visit("cpu_s_per_million", r.cpu_s_per_million);
    visit("emulator_lateness_ns_p99", r.emulator_lateness_ns_p99);
    visit("emulator_service_ns_p50", r.emulator_service_ns_p50);
    visit("invalid", r.invalid);
    visit("slip_ns", r.slip_ns);
}

template <typename Visit>
void visit_fields(Visit& visit, HostRecord& r) {
    visit("part", r.part);
    visit("parts", r.parts);
    visit("host", r.host);
    visit("started_utc_ns", AsText{r.started_utc_ns});
    visit("done_utc_ns", AsText{r.done_utc_ns});
    visit("clock_error_ns", r.clock_error_ns);
    visit("offered_per_s", r.offered_per_s);
    visit("achieved_per_s", r.achieved_per_s);
    visit("scheduled", r.scheduled);
    visit("completed", r.completed);
    visit("slip_ns_p99", r.slip_ns_p99);
    visit("lane_cpu_fraction", r.lane_cpu_fraction);
    visit("host_cpu_fraction", r.host_cpu_fraction);
    visit("cpu_s_per_million", r.cpu_s_per_million);
    visit("ended", r.ended);
    visit("invalid", r.invalid);
}

template <typename Visit>
void visit_fields(Visit& visit, DisturbanceRecord& r) {
    visit("name", r.name);
    visit("at_ns", r.at_ns);
    visit("first_error_after_ns", r.first_error_after_ns);
    visit("stall_ns", r.stall_ns);
    visit("recovered_after_ns", r.recovered_after_ns);
    visit("late", r.late);
    visit("lost", r.lost);
    visit("note", r.note);
}

template <typename Visit>
void visit_fields(Visit& visit, FindingRecord& r) {
    visit("area", r.area);
    visit("kind", r.kind);
    visit("severity", r.severity);
    visit("array", r.array);
    visit("phase", r.phase);
    visit("summary", r.summary);
    visit("details", r.details);
    visit("cutout", r.cutout);
    visit("at_utc_ns", AsText{r.at_utc_ns});
}

template <typename Visit>
void visit_fields(Visit& visit, IntegrityRecord& r) {
    visit("array", r.array);
    visit("verify", r.verify);
    visit("units_written", r.units_written);
    visit("units_checked", r.units_checked);
    visit("units_undecidable", r.units_undecidable);
    visit("after", r.after);
    visit("note", r.note);
}

template <typename Visit>
void visit_fields(Visit& visit, TapRecord& r) {
    visit("interface", r.interface);
    visit("markers_from", r.markers_from);
    visit("markers_sent", r.markers_sent);
    visit("markers_lost", r.markers_lost);
    visit("loss_low", r.loss_low);
    visit("loss_high", r.loss_high);
    visit("dropped", r.dropped);
    visit("note", r.note);
}

template <typename Visit>
void visit_fields(Visit& visit, EgressRecord& r) {
    visit("array", r.array);
    visit("phase", r.phase);
    visit("captured_by", r.captured_by);
    visit("watched_ns", r.watched_ns);
    visit("frames", r.frames);
    visit("frames_lost", r.frames_lost);
    visit("captured_bytes", r.captured_bytes);
    visit("allowed_bytes", r.allowed_bytes);
    visit("unlisted_bytes", r.unlisted_bytes);
    visit("undecoded_bytes", r.undecoded_bytes);
    visit("unreadable_bytes", r.unreadable_bytes);
    visit("smallest_seen", r.smallest_seen);
    visit("not_measured", r.not_measured);
    visit("taps", r.taps);
}

template <typename Visit>
void visit_fields(Visit& visit, HeadlineRecord& r) {
    visit("name", r.name);
    visit("array", r.array);
    visit("value", r.value);
    visit("unit", r.unit);
    visit("low", r.low);
    visit("high", r.high);
    visit("confidence", r.confidence);
    visit("higher_is_better", r.higher_is_better);
    visit("note", r.note);
}

template <typename Visit>
void visit_fields(Visit& visit, LossRecord& r) {
    visit("kind", r.kind);
    visit("number", r.number);
    visit("units", r.units);
    visit("seconds", r.seconds);
}

// What a round says of itself in result.json too; its streams and series stand in its own file.
template <typename Visit>
void visit_head(Visit& visit, RoundRecord& r) {
    visit("index", r.index);
    visit("block", r.block);
    visit("array", r.array);
    visit("workload", r.workload);
    visit("point", r.point);
    visit("point_value", r.point_value);
    visit("seed", AsText{r.seed});
    visit("started_utc_ns", AsText{r.started_utc_ns});
    visit("ramp_ns", r.ramp_ns);
    visit("duration_ns", r.duration_ns);
    visit("ended", r.ended);
    visit("measures", r.measures);
    visit("path_completed", r.path_completed);
    visit("disturbances", r.disturbances);
    visit("verified_after", r.verified_after);
    visit("losses", r.losses);
    visit("done_ns", r.done_ns);
    visit("hosts", r.hosts);
}

template <typename Visit>
void visit_fields(Visit& visit, RoundRecord& r) {
    visit_head(visit, r);
    visit("audit", r.audit);
    visit("streams", r.streams);
    visit("histograms", r.histograms);
    visit("findings", r.findings);
    visit("intervals", r.intervals);
}

} // namespace results
